//! The sites where the kernel is entered for a call, instruction by instruction.
#![allow(unsafe_code, reason = "handles a trap behind each instruction")]

use std::ffi::{c_int, c_void};
use std::io::{PipeReader, Read, Write};
use std::os::fd::AsRawFd;
use std::process::Command;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::thread;

use syslet::attrs::{Action, Attribute, CallFacts, Needs, Observed, Plan, Token};
use syslet::syscalls::{Site, sites};
use syslet::{
    AttributeFlags, AttributeId, CallFlags, Config, DoneFlags, Engine, Params, Status, Submission, Which,
};

use crate::rig::{Seen, drain, pipe, push};

/// Set in the process whose threads are single-stepped.
const STEPPED: &str = "SYSLET_TEST_STEPPED";
/// The processor traps behind each instruction.
const TRAP: i64 = 1 << 8;

/// At which instruction of a site the cancel comes, from 0; none when negative.
static AT: AtomicI64 = AtomicI64::new(-1);
/// Instructions of sites that the worker has come to.
static SEEN: AtomicI64 = AtomicI64::new(0);
/// Instructions behind the site.
static BEHIND: AtomicI64 = AtomicI64::new(0);
const BEHIND_MAX: i64 = 3;
/// Where the cancel came: 1 before the call, 2 behind it; 0 when none came.
static SIDE: AtomicU32 = AtomicU32::new(0);
const BEFORE_CALL: u32 = 1;
const BEHIND_CALL: u32 = 2;
/// 0: nothing; 1: the worker stands still for the cancel; 2: it has come.
static HANDS: AtomicU32 = AtomicU32::new(0);

/// The side of the call that a thread with this counter is on, if it is in a site.
fn side(sites: &[Site], counter: usize) -> Option<u32> {
    let at = sites.partition_point(|site| site.end() < counter);
    let site = sites.get(at).filter(|site| site.start <= counter)?;
    Some(if counter == site.end() { BEHIND_CALL } else { BEFORE_CALL })
}

/// Behind each instruction of the worker: in a site it stands still where it is told to, behind it the stepping ends.
extern "C" fn stepped(_signal: c_int, _info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel gives it to a handler with SA_SIGINFO.
    let context = unsafe { &mut *context.cast::<libc::ucontext_t>() };
    let register = |at: c_int| usize::try_from(at).unwrap_or_default();
    let counter = usize::try_from(context.uc_mcontext.gregs[register(libc::REG_RIP)]).unwrap_or_default();
    let side = side(sites(), counter);
    // The first instruction behind the system call is not trapped, so a few more are looked at.
    let is_behind = side.is_none() && SEEN.load(Ordering::Relaxed) > 0;
    if (side.is_some() || is_behind) && SEEN.fetch_add(1, Ordering::Relaxed) == AT.load(Ordering::Relaxed) {
        SIDE.store(side.unwrap_or(BEHIND_CALL), Ordering::Relaxed);
        HANDS.store(1, Ordering::Release);
        while HANDS.load(Ordering::Acquire) != 2 {
            std::hint::spin_loop();
        }
    }
    if is_behind && BEHIND.fetch_add(1, Ordering::Relaxed) == BEHIND_MAX {
        context.uc_mcontext.gregs[register(libc::REG_EFL)] &= !TRAP;
    }
}

/// An attribute that has the thread trapped from just before the call; or, where it acts, from just before the first call
/// that changes the thread.
#[derive(Debug)]
struct Stepping {
    acts: bool,
}

fn trap() {
    // SAFETY: sets one flag of the processor; the handler is installed.
    unsafe {
        std::arch::asm!("pushfq", "or qword ptr [rsp], 0x100", "popfq");
    }
}

impl Attribute for Stepping {
    fn id(&self) -> AttributeId {
        AttributeId::APPLICATION
    }

    fn name(&self) -> &'static str {
        "stepping"
    }

    fn check(&self, _payload: &[u8], _call: &CallFacts) -> Result<Plan, Status> {
        let needs = if self.acts { Needs::OWN_THREAD } else { Needs::NONE };
        Ok(Plan { return_bytes_max: 0, may_run_inline: false, needs })
    }

    fn action(&self, _payload: &[u8]) -> Option<Action> {
        if self.acts {
            trap();
        }
        self.acts.then_some(Action::SetTimerSlack(50_000))
    }

    fn before(&self, _payload: &[u8], _call: &CallFacts) -> Token {
        if !self.acts {
            trap();
        }
        Token::default()
    }

    fn after(&self, _payload: &[u8], _token: Token, _seen: &Observed, _value: &mut [u8]) -> (Status, usize) {
        (Status::HANDLED, 0)
    }
}

/// CANCEL-4, CANCEL-10: at each instruction of a site a cancel either comes before the call, which is not made then, or
/// behind it, and its result stands.
#[test]
fn cancel_before_during_after() {
    in_a_child("step::cancel_before_during_after", || step_through(false));
}

/// CANCEL-20: at each instruction of a site a cancel meets a call that changes the thread for another one: that other call
/// never begins, and nothing else comes of it.
#[test]
fn cancel_in_what_changes_the_thread() {
    in_a_child("step::cancel_in_what_changes_the_thread", || step_through(true));
}

fn in_a_child(name: &str, body: impl FnOnce()) {
    if std::env::var_os(STEPPED).is_some() {
        return body();
    }
    let mut command = Command::new(std::env::current_exe().expect("this test has a file"));
    command.args(["--exact", name, "--test-threads=1"]).env(STEPPED, "1");
    let output = command.output().expect("started");
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", output.status);
}

fn step_through(acts: bool) {
    let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) = stepped;
    // SAFETY: zeroes are a valid action.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as *const () as libc::sighandler_t;
    action.sa_flags = libc::SA_SIGINFO;
    // The cancel's signal comes behind the handler, not on top of it.
    // SAFETY: fills a set.
    assert_eq!(unsafe { libc::sigfillset(&raw mut action.sa_mask) }, 0);
    // SAFETY: the handler does what a handler may do.
    assert_eq!(unsafe { libc::sigaction(libc::SIGTRAP, &raw const action, ptr::null_mut()) }, 0);
    assert!(!sites().is_empty(), "the handler finds the list made");
    let (mut before, mut after) = (0, 0);
    for at in 0..100 {
        let (seen, wrote) = cancelled_at(at, acts);
        let side = SIDE.load(Ordering::Relaxed);
        if side == 0 {
            assert_eq!((seen.result, wrote), (1, true), "{at}: nobody cancelled");
            assert!(before >= 3 && (acts || after >= 1), "{before} before the call, {after} behind it");
            return;
        }
        if acts || side == BEFORE_CALL {
            let gone = DoneFlags::CANCELLED.with(DoneFlags::NOT_RUN).with(DoneFlags::ENGINE_RESULT);
            assert_eq!((seen.result, seen.flags, wrote), (-i64::from(libc::ECANCELED), gone, false), "{at}");
            before += 1;
        } else {
            assert_eq!((seen.result, seen.flags, wrote), (1, DoneFlags::NONE, true), "{at}");
            after += 1;
        }
    }
    panic!("the site has no end");
}

/// Makes a call that writes one byte, cancelled at that instruction of its site. Gives what came of it, and whether the
/// byte was written.
fn cancelled_at(at: i64, acts: bool) -> (Seen, bool) {
    AT.store(at, Ordering::Relaxed);
    SEEN.store(0, Ordering::Relaxed);
    BEHIND.store(0, Ordering::Relaxed);
    SIDE.store(0, Ordering::Relaxed);
    HANDS.store(0, Ordering::Relaxed);
    let config = Config::default().workers_max(1).attribute(Arc::new(Stepping { acts }));
    let mut ring = Engine::start(config).expect("an engine").ring(&Params::default()).expect("a ring");
    let (mut reader, writer) = pipe();
    let write = Submission::call(libc::SYS_write).int(writer.as_raw_fd().into()).input(b"x").value(1);
    let write = write.attribute(AttributeId::APPLICATION, AttributeFlags::NONE, &[]).flags(CallFlags::ASYNC);
    push(&mut ring, &write.build()).expect("accepted");
    let canceller = ring.canceller().expect("at home");
    let other = thread::spawn(move || {
        let is_over = || SEEN.load(Ordering::Relaxed) < 0;
        while HANDS.load(Ordering::Acquire) != 1 && !is_over() {
            thread::yield_now();
        }
        if !is_over() {
            assert_eq!(canceller.cancel(Which::All).signalled, 1);
            HANDS.store(2, Ordering::Release);
        }
    });
    ring.submit_and_wait(1).expect("waited");
    SEEN.store(i64::MIN, Ordering::Relaxed);
    other.join().expect("it has not panicked");
    drop(writer);
    (drain(&mut ring).remove(0), has_a_byte(&mut reader))
}

fn has_a_byte(reader: &mut PipeReader) -> bool {
    reader.read(&mut [0; 2]).expect("a pipe") == 1
}

/// The test itself does not write to where it reads.
#[test]
fn a_pipe_tells() {
    let (mut reader, mut writer) = pipe();
    writer.write_all(b"x").expect("room");
    drop(writer);
    assert!(has_a_byte(&mut reader) && !has_a_byte(&mut reader));
}
