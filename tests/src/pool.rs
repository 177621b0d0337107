//! An engine with workers to test: calls that hold a worker, the worker and times of a call, and waits with a limit.
#![allow(unsafe_code, reason = "asks a pipe how much it holds")]

use std::os::fd::{AsFd, AsRawFd};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use syslet::attrs::{TimingValue, WorkerValue};
use syslet::{
    AttributeFlags, AttributeId, CallFlags, Config, Engine, Params, Ring, Submission, SubmissionBuilder,
};

pub use crate::look::{is_asleep_in, until};
use crate::rig::Seen;

/// Only against hanging: a test that works takes far less time.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// An engine and a ring of it.
pub fn start(config: Config) -> (Engine, Ring) {
    let engine = Engine::start(config).expect("an engine");
    let ring = engine.ring(&Params::default()).expect("a ring");
    (engine, ring)
}

/// Runs a test that could hang in a thread of its own, and abandons the thread if it does.
#[track_caller]
pub fn within<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
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
pub fn is_readable(file: &impl AsFd, within: Duration) -> bool {
    let timeout = PollTimeout::try_from(within).expect("it fits");
    poll(&mut [PollFd::new(file.as_fd(), PollFlags::POLLIN)], timeout).expect("polled") == 1
}

/// Bytes that a pipe holds.
pub fn unread(reader: &impl AsRawFd) -> usize {
    let mut bytes: libc::c_int = 0;
    // SAFETY: writes one number to where the argument points.
    let asked = unsafe { libc::ioctl(reader.as_raw_fd(), libc::FIONREAD, &raw mut bytes) };
    assert_eq!(asked, 0, "a pipe knows");
    usize::try_from(bytes).expect("a count")
}

/// The submission, which also asks for the thread that runs it.
pub fn ask_worker(submission: SubmissionBuilder) -> SubmissionBuilder {
    submission.attribute(AttributeId::WORKER, AttributeFlags::NONE, &[])
}

/// The thread that ran a call that asked.
#[track_caller]
pub fn worker(done: &Seen) -> WorkerValue {
    WorkerValue::parse(done.answer(AttributeId::WORKER).expect("it was asked").1).expect("a worker")
}

/// The times of a call that asked.
#[track_caller]
pub fn timing(done: &Seen) -> TimingValue {
    TimingValue::parse(done.answer(AttributeId::TIMING).expect("it was asked").1).expect("times")
}

/// The calling thread's number.
pub fn own_tid() -> u32 {
    nix::unistd::gettid().as_raw().cast_unsigned()
}

/// A timespec.
pub fn timespec(length: Duration) -> Vec<u8> {
    let seconds = i64::try_from(length.as_secs()).expect("not for ever");
    [seconds.to_ne_bytes(), i64::from(length.subsec_nanos()).to_ne_bytes()].concat()
}

/// A pollfd that waits for reading.
pub fn pollfd(fd: &impl AsRawFd) -> Vec<u8> {
    [fd.as_raw_fd().to_ne_bytes().as_slice(), &libc::POLLIN.to_ne_bytes(), &[0, 0]].concat()
}

/// An engine with one worker that is held in a call until a byte comes, and does not count as blocked; and the ring of that call, which has
/// this word. So what is queued stays queued: no thread is there for it, the reserve neither.
pub fn with_busy_worker(config: Config, reader: &impl AsRawFd, user_data: u64) -> (Engine, Ring) {
    let (engine, mut ring) = start(config.workers_max(1).stall(Duration::from_secs(10)));
    occupy(&mut ring, reader, user_data);
    (engine, ring)
}

/// Has a worker sleep in a read, which is not known to sleep.
pub fn occupy(ring: &mut Ring, reader: &impl AsRawFd, user_data: u64) {
    let before = readers(reader);
    let read = Submission::call(libc::SYS_read).int(reader.as_raw_fd().into()).output(1).value(1);
    crate::rig::push(ring, &ask_worker(read.flags(CallFlags::ASYNC)).user_data(user_data).build())
        .expect("accepted");
    ring.submit();
    until("a worker sleeps", || readers(reader) > before);
}

/// How many threads of this process sleep in a read of that descriptor.
pub fn readers(reader: &impl AsRawFd) -> usize {
    let call = format!("{} {:#x} ", libc::SYS_read, reader.as_raw_fd());
    let threads = std::fs::read_dir("/proc/self/task").expect("this process");
    let asleep =
        threads.filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("syscall")).ok());
    asleep.filter(|said| said.starts_with(&call)).count()
}

/// A call for a worker that sleeps until the pipe can be read, and is known to sleep from the start.
pub fn hold(reader: &impl AsRawFd) -> SubmissionBuilder {
    let call = Submission::call(libc::SYS_ppoll).inout(&pollfd(reader)).value(1).value(0).value(0).value(8);
    call.flags(CallFlags::ASYNC)
}
