//! What the tests of the pool look at, and how long they do before they call it hanging.
#![allow(unsafe_code, reason = "asks a pipe how much it holds")]

use std::os::fd::{AsFd, AsRawFd};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use syslet::attrs::{TimingValue, WorkerValue};
use syslet::{
    AttributeFlags, AttributeId, CallFlags, Config, Engine, Params, Ring, Submission, SubmissionBuilder,
};

use crate::rig::Seen;

/// Only against hanging: nothing that works takes anywhere near as long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// An engine and a ring of it.
pub(crate) fn start(config: Config) -> (Engine, Ring) {
    let engine = Engine::start(config).expect("an engine");
    let ring = engine.ring(&Params::default()).expect("a ring");
    (engine, ring)
}

/// Returns when it is so.
#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "not so: {what}");
        thread::yield_now();
    }
}

/// Runs what could hang in a thread of its own, and gives it up if it does.
#[track_caller]
pub(crate) fn within<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    let (send, receive) = channel();
    let runner = thread::spawn(move || send.send(body()));
    let result = receive.recv_timeout(PATIENCE);
    if result.is_err() {
        assert!(runner.is_finished(), "it hangs");
        let panic = runner.join().expect_err("it sent nothing");
        std::panic::resume_unwind(panic);
    }
    result.expect("it is there")
}

/// Whether it can be read, or can be within this time.
pub(crate) fn is_readable(file: &impl AsFd, within: Duration) -> bool {
    let timeout = PollTimeout::try_from(within).expect("it fits");
    poll(&mut [PollFd::new(file.as_fd(), PollFlags::POLLIN)], timeout).expect("polled") == 1
}

/// Whether a thread of this process sleeps in the system call `nr`.
pub(crate) fn is_in_call(tid: i32, nr: libc::c_long) -> bool {
    let text = std::fs::read_to_string(format!("/proc/self/task/{tid}/syscall")).unwrap_or_default();
    text.starts_with(&format!("{nr} "))
}

/// Bytes that a pipe holds.
pub(crate) fn unread(reader: &impl AsRawFd) -> usize {
    let mut bytes: libc::c_int = 0;
    // SAFETY: writes one number to where the argument points.
    let asked = unsafe { libc::ioctl(reader.as_raw_fd(), libc::FIONREAD, &raw mut bytes) };
    assert_eq!(asked, 0, "a pipe knows");
    usize::try_from(bytes).expect("a count")
}

/// The submission, which also asks who runs it.
pub(crate) fn ask_worker(submission: SubmissionBuilder) -> SubmissionBuilder {
    submission.attribute(AttributeId::WORKER, AttributeFlags::NONE, &[])
}

/// Who ran a call that asked.
#[track_caller]
pub(crate) fn worker(done: &Seen) -> WorkerValue {
    WorkerValue::parse(done.answer(AttributeId::WORKER).expect("it was asked").1).expect("a worker")
}

/// When a call ran that asked.
#[track_caller]
pub(crate) fn timing(done: &Seen) -> TimingValue {
    TimingValue::parse(done.answer(AttributeId::TIMING).expect("it was asked").1).expect("times")
}

/// The calling thread's number.
pub(crate) fn own_tid() -> u32 {
    nix::unistd::gettid().as_raw().cast_unsigned()
}

/// A timespec.
pub(crate) fn timespec(length: Duration) -> Vec<u8> {
    let seconds = i64::try_from(length.as_secs()).expect("not for ever");
    [seconds.to_ne_bytes(), i64::from(length.subsec_nanos()).to_ne_bytes()].concat()
}

/// A pollfd that waits for reading.
pub(crate) fn pollfd(fd: &impl AsRawFd) -> Vec<u8> {
    [fd.as_raw_fd().to_ne_bytes().as_slice(), &libc::POLLIN.to_ne_bytes(), &[0, 0]].concat()
}

/// A call for a worker that sleeps until the pipe can be read, and is known to sleep from the start.
pub(crate) fn hold(reader: &impl AsRawFd) -> SubmissionBuilder {
    let call = Submission::call(libc::SYS_ppoll).inout(&pollfd(reader)).value(1).value(0).value(0).value(8);
    call.flags(CallFlags::ASYNC)
}
