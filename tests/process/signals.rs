//! Signals that come to the process while workers are about. Alone in its process, because of the handler.
#![allow(unsafe_code, reason = "installs a signal handler")]

use std::io::Write;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, kill, sigaction};
use nix::unistd::getpid;
use syslet::{CallFlags, Config, Engine, Params, Submission};

use syslet_tests::look::{until, workers_in};
use syslet_tests::rig::{pipe, push};

static HANDLED: AtomicU32 = AtomicU32::new(0);
static HANDLED_BY_WORKERS: AtomicU32 = AtomicU32::new(0);

extern "C" fn count(_: libc::c_int) {
    HANDLED.fetch_add(1, Ordering::Relaxed);
    let name = nix::sys::prctl::get_name();
    if name.is_ok_and(|name| name.to_bytes().starts_with(b"syslet-")) {
        HANDLED_BY_WORKERS.fetch_add(1, Ordering::Relaxed);
    }
}

/// POOL-18: signals that come to the process while workers sleep in calls are handled by the application's threads.
#[test]
fn workers_handle_no_signals() {
    let engine = Engine::start(Config::default()).unwrap();
    let mut ring = engine.ring(&Params::default()).unwrap();
    let (reader, mut writer) = pipe();
    let read = Submission::call(libc::SYS_read).int(reader.as_raw_fd().into()).output(8).value(8);
    for _ in 0..4 {
        push(&mut ring, &read.clone().flags(CallFlags::ASYNC).build()).unwrap();
    }
    ring.submit();
    until("workers sleep", || workers_in(libc::SYS_read).len() == 4);
    let action = SigAction::new(SigHandler::Handler(count), SaFlags::SA_RESTART, SigSet::empty());
    // SAFETY: the handler counts, and nothing else here uses this signal.
    unsafe { sigaction(Signal::SIGUSR1, &action) }.unwrap();
    for sent in 1..=200 {
        kill(getpid(), Signal::SIGUSR1).unwrap();
        until("it is handled", || HANDLED.load(Ordering::Relaxed) >= sent);
    }
    assert_eq!(HANDLED_BY_WORKERS.load(Ordering::Relaxed), 0);
    assert_eq!(workers_in(libc::SYS_read).len(), 4, "none was interrupted");
    writer.write_all(&[0; 32]).unwrap();
    assert_eq!(ring.wait(4, None), Ok(4));
}
