//! The signals that the C library and the engine keep for themselves, and calls that would take or block them. Alone in its
//! process: it changes ids, though to what they are.
#![allow(
    unsafe_code,
    reason = "makes a signalfd that the C library would not make, and sends signals to threads"
)]

use std::fs;
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::unistd::{getpid, gettid, getuid, setuid};
use syslet::attrs::{RetryAsk, RetryOn, RunBy, WorkerValue};
use syslet::program::{Call, Number, Program};
use syslet::{
    AttributeFlags, AttributeId, CallFlags, Config, DoneFlags, Engine, Params, Ring, Submission,
    SubmissionBuilder, Which,
};
use syslet_tests::look;

use syslet_tests::look::{alone, status, until};
use syslet_tests::rig::{Seen, drain, pipe, push, push_program};

/// Signals 32 and 33, and the two that these engines use: the second is the highest below SIGRTMAX.
const ENGINES: i32 = 40;
const KICKS: i32 = 63;
const INTERNAL: u64 = 0b11 << 31 | 1 << (ENGINES - 1) | 1 << (KICKS - 1);
const ALL: [u8; 8] = [0xff; 8];
static ALL_WORDS: [u64; 3] = [u64::MAX; 3];
const EINTR: i64 = -(libc::EINTR as i64);

fn ring() -> Ring {
    let config = Config::default().cancel_signal(ENGINES);
    Engine::start(config).expect("an engine").ring(&Params::default()).expect("a ring")
}

/// The C library's setuid, which waits until every thread has taken its signal.
fn setuid_returns() {
    let (tell, told) = channel();
    let setter = thread::spawn(move || {
        for _ in 0..5 {
            setuid(getuid()).expect("it is what it was");
        }
        tell.send(()).expect("it is awaited");
    });
    // While setuid waits no thread can begin or end, so a failure cannot unwind.
    if told.recv_timeout(Duration::from_secs(60)).is_err() {
        eprintln!("in vain: setuid returns");
        std::process::abort();
    }
    setter.join().expect("it succeeded");
}

/// Waits for every signal there is, until one comes.
fn waits() -> SubmissionBuilder {
    Submission::call(libc::SYS_rt_sigtimedwait).input(&ALL).output(128).value(0).value(8)
}

/// The same, by addresses.
fn waits_by_address() -> SubmissionBuilder {
    let set = ALL_WORDS.as_ptr().expose_provenance() as u64;
    Submission::call(libc::SYS_rt_sigtimedwait).value(set).value(0).value(0).value(8)
}

/// The one completion.
fn end(ring: &mut Ring) -> Seen {
    ring.wait(1, None).expect("waited");
    let mut seen = drain(ring);
    assert_eq!(seen.len(), 1);
    seen.remove(0)
}

/// ENGINE-33: whichever way a call goes that waits for every signal, setuid returns, and so does a cancel; neither signal is
/// what the call was waiting for.
#[test]
fn nobody_waits_for_them() {
    let _alone = alone();
    let retry = RetryAsk { on: RetryOn::INTERRUPTED, attempts: 1, ..RetryAsk::default() }.payload();
    let ways = [
        waits(),
        waits().flags(CallFlags::ASYNC),
        waits().flags(CallFlags::PRIVATE),
        waits().attribute(AttributeId::RETRY, AttributeFlags::REQUIRED, &retry),
        waits_by_address(),
        waits_by_address().flags(CallFlags::ASYNC),
    ];
    let mut ring = ring();
    for way in ways {
        push(&mut ring, &way.clone().build()).expect("accepted");
        ring.wait(1, Some(Duration::ZERO)).expect("waited");
        ring.submit();
        until("it waits", is_waiting);
        setuid_returns();
        // Setuid's signal has ended the wait, but for that of a thread which the C library does not know of.
        let _found = ring.cancel(Which::All);
        assert_eq!(end(&mut ring).result, EINTR);

        push(&mut ring, &way.build()).expect("accepted");
        ring.wait(1, Some(Duration::ZERO)).expect("waited");
        ring.submit();
        until("it waits", is_waiting);
        assert_eq!(ring.cancel(Which::All).signalled, 1);
        let done = end(&mut ring);
        assert_eq!((done.result, done.flags), (EINTR, DoneFlags::CANCELLED));
    }
    assert_eq!(ALL_WORDS, [u64::MAX; 3], "the application's own is as it was");
}

fn is_waiting() -> bool {
    look::engine_threads().iter().any(|tid| look::is_asleep_in(*tid, libc::SYS_rt_sigtimedwait))
}

/// ENGINE-33: the same in a program.
#[test]
fn no_program_waits_for_them() {
    let _alone = alone();
    let program = Program::build(|p| {
        let (set, info) = (p.bytes(&ALL), p.scratch(128));
        let call = Call::<Number>::new(libc::SYS_rt_sigtimedwait).arg(set).arg(info).arg(0).arg(8);
        p.call(call);
    })
    .expect("a program");
    let mut ring = ring();
    push_program(&mut ring, &program).expect("accepted");
    ring.wait(1, Some(Duration::ZERO)).expect("waited");
    until("it waits", is_waiting);
    setuid_returns();
    assert_eq!(end(&mut ring).result, EINTR);
}

/// ENGINE-33: a submitter that makes the call itself does not take them either, nor block them meanwhile.
#[test]
fn nor_does_a_submitter() {
    let _alone = alone();
    let own = gettid().as_raw();
    let usr1 = SigSet::from_iter([Signal::SIGUSR1]);
    let before = usr1.thread_swap_mask(SigmaskHow::SIG_BLOCK).expect("blocked");
    let mut ring = ring();
    push(&mut ring, &waits().flags(CallFlags::SYNC).build()).expect("accepted");
    let waker = thread::spawn(move || {
        until("it waits", || look::is_asleep_in(own, libc::SYS_rt_sigtimedwait));
        // SAFETY: that thread waits for the signal, and blocks it.
        assert_eq!(unsafe { libc::syscall(libc::SYS_tgkill, getpid().as_raw(), own, libc::SIGUSR1) }, 0);
    });
    assert_eq!(end(&mut ring).result, i64::from(libc::SIGUSR1));
    waker.join().expect("it was there");

    let (reader, mut writer) = pipe();
    let polled = [reader.as_raw_fd().to_ne_bytes(), i32::from(libc::POLLIN).to_ne_bytes()].concat();
    let poll = Submission::call(libc::SYS_ppoll).inout(&polled).value(1).value(0).input(&ALL).value(8);
    push(&mut ring, &poll.flags(CallFlags::SYNC).build()).expect("accepted");
    let setter = thread::spawn(move || {
        until("it waits", || look::is_asleep_in(own, libc::SYS_ppoll));
        let blocked = status(own, "SigBlk").expect("it lives");
        let blocked = u64::from_str_radix(&blocked, 16).expect("a mask");
        writer.write_all(b"x").expect("room");
        blocked
    });
    assert_eq!(end(&mut ring).result, 1);
    let unblockable = 1 << (libc::SIGKILL - 1) | 1 << (libc::SIGSTOP - 1);
    assert_eq!(setter.join().expect("it was there"), !(INTERNAL | unblockable));
    before.thread_set_mask().expect("as before");
}

/// The set of a signalfd.
fn set_of(fd: i32) -> u64 {
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).expect("it is open");
    let set = info.lines().find_map(|line| line.strip_prefix("sigmask:")).expect("it is a signalfd");
    u64::from_str_radix(set.trim(), 16).expect("a set")
}

/// ENGINE-33: a signalfd that the engine makes has none of them, made by whom it may be, for the first time or again.
#[test]
fn no_signalfd_has_them() {
    let _alone = alone();
    let mut ring = ring();
    let all = Submission::call(libc::SYS_signalfd4).int(-1).input(&ALL).value(8).value(0);
    for flags in [CallFlags::NONE, CallFlags::ASYNC, CallFlags::SYNC, CallFlags::PRIVATE] {
        push(&mut ring, &all.clone().flags(flags).build()).expect("accepted");
        let fd = i32::try_from(end(&mut ring).result).expect("a descriptor");
        // SAFETY: the call has just made it.
        let owned = unsafe { OwnedFd::from_raw_fd(fd) };
        assert_eq!(set_of(fd) & INTERNAL, 0, "{flags:?}");
        assert_ne!(set_of(fd) & 1 << (libc::SIGUSR1 - 1), 0);
        let again = Submission::call(libc::SYS_signalfd4).int(fd.into()).input(&ALL).value(8).value(0);
        push(&mut ring, &again.flags(flags).build()).expect("accepted");
        assert_eq!(end(&mut ring).result, i64::from(fd));
        assert_eq!(set_of(fd) & INTERNAL, 0, "{flags:?}");
        drop(owned);
    }
}

/// A signalfd for every signal, which the C library would not make.
fn of_all_signals(flags: i32) -> OwnedFd {
    // SAFETY: the kernel reads 8 bytes.
    let fd = unsafe { libc::syscall(libc::SYS_signalfd4, -1, ALL_WORDS.as_ptr(), 8, flags) };
    let fd = i32::try_from(Errno::result(fd).expect("a signalfd")).expect("a descriptor");
    // SAFETY: it was made just now.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// ENGINE-33: setuid returns while workers read a signalfd that has them, however often; the read goes on, gives the signal
/// that it waits for, and is cancelled.
#[test]
fn nobody_reads_them() {
    let _alone = look::alone_with_threads();
    let mut ring = ring();
    let signals = Arc::new(of_all_signals(libc::SFD_CLOEXEC));
    assert_eq!(set_of(signals.as_raw_fd()) & INTERNAL, INTERNAL);
    let descriptors = look::descriptors();
    let read = |nr: i64| Submission::call(nr).lend(&signals);
    let one = || read(libc::SYS_read).output(128).value(128);
    for (nr, call) in [
        (libc::SYS_read, one()),
        (libc::SYS_read, one().flags(CallFlags::ASYNC)),
        (libc::SYS_read, one().flags(CallFlags::PRIVATE)),
    ] {
        ring.push_safe(&call.clone().build()).expect("accepted");
        ring.wait(1, Some(Duration::ZERO)).expect("waited");
        ring.submit();
        let reader = || look::engine_threads().into_iter().find(|tid| look::is_asleep_in(*tid, nr));
        until("it sleeps", || reader().is_some());
        setuid_returns();
        until("it sleeps", || reader().is_some());
        let tid = reader().expect("it sleeps");
        // SAFETY: a worker blocks the signal.
        assert_eq!(unsafe { libc::syscall(libc::SYS_tgkill, getpid().as_raw(), tid, libc::SIGUSR1) }, 0);
        let done = end(&mut ring);
        assert_eq!(done.result, 128);
        assert_eq!(done.data()[..4], libc::SIGUSR1.to_ne_bytes());

        ring.push_safe(&call.build()).expect("accepted");
        ring.wait(1, Some(Duration::ZERO)).expect("waited");
        ring.submit();
        until("it sleeps", || reader().is_some());
        assert_eq!(ring.cancel(Which::All).signalled, 1);
        let done = end(&mut ring);
        assert_eq!((done.result, done.flags), (EINTR, DoneFlags::CANCELLED));
    }
    assert_eq!(look::descriptors(), descriptors, "what took its place is closed");
    // One that does not wait says so, and a waiting submitter does not try.
    let hasty = Arc::new(of_all_signals(libc::SFD_CLOEXEC | libc::SFD_NONBLOCK));
    for flags in [CallFlags::NONE, CallFlags::ASYNC] {
        let read = Submission::call(libc::SYS_read).lend(&hasty).output(256).value(256).flags(flags);
        let read = read.attribute(AttributeId::WORKER, AttributeFlags::REQUIRED, &[]);
        ring.push_safe(&read.build()).expect("accepted");
        let done = end(&mut ring);
        let (_, worker) = done.answer(AttributeId::WORKER).expect("asked for");
        let worker = WorkerValue::parse(worker).expect("a value");
        assert_eq!((done.result, worker.run_by), (-i64::from(libc::EAGAIN), RunBy::POOLED), "{flags:?}");
    }
}
