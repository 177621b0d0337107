//! The engine in a shared library, of which `tests/process/copies.rs` loads several copies.
#![allow(unsafe_code, reason = "exports functions by name, and writes to where the test says")]

use syslet::syscalls::sites;
use syslet::{CallFlags, Config, DoneFlags, Engine, Params, Submission, Which};

use syslet_tests::look;
use syslet_tests::rig::{drain, push};

/// Starts an engine, interrupts a call that sleeps, and ends the engine: 1 when the call says so.
#[unsafe(no_mangle)]
pub extern "C" fn copy_interrupts() -> i32 {
    let engine = Engine::start(Config::default().workers_max(1)).expect("an engine");
    let mut ring = engine.ring(&Params::default()).expect("a ring");
    let nap = [100_u64, 0].map(u64::to_ne_bytes).concat();
    // On this clock a worker sleeps (TWIN-30).
    let call = Submission::call(libc::SYS_clock_nanosleep).int(libc::CLOCK_BOOTTIME.into()).value(0);
    let call = call.input(&nap).value(0).flags(CallFlags::ASYNC);
    push(&mut ring, &call.build()).expect("accepted");
    ring.submit();
    look::until("a worker sleeps", || !look::workers_in(libc::SYS_clock_nanosleep).is_empty());
    assert_eq!(ring.cancel(Which::All).signalled, 1);
    ring.submit_and_wait(1).expect("waited");
    i32::from(drain(&mut ring)[0].end() == (-i64::from(libc::EINTR), DoneFlags::CANCELLED))
}

/// The number of sites of this copy; the start, the instruction and the exit of at most `max` of them are written to `to`.
///
/// # Safety
/// `to` has room for `max`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn copy_sites(to: *mut [usize; 3], max: usize) -> usize {
    let sites: Vec<_> = sites().iter().map(|site| [site.start, site.instruction, site.never]).collect();
    // SAFETY: the caller's promise.
    unsafe { to.copy_from_nonoverlapping(sites.as_ptr(), sites.len().min(max)) };
    sites.len()
}
