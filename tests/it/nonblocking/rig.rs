//! A ring with one worker, which is held: a call that is over meanwhile was made by its submitter.
#![allow(unsafe_code, reason = "makes plain calls, with addresses that live as long as the call")]

use std::io::{PipeReader, PipeWriter, Write};

use syslet::attrs::{RunBy, WorkerValue};
use syslet::{Config, Engine, Ring, Submission, SubmissionBuilder};

use crate::rig::{Seen, drain, pipe, push};
use syslet_tests::pool::{PATIENCE, ask_worker, start, until, with_busy_worker, worker};

/// The word of the holding call.
const HOLD: u64 = 100;

/// An engine with one worker, which is held.
#[derive(Debug)]
pub(super) struct Bench {
    engine: Engine,
    pub(super) ring: Ring,
    release: PipeWriter,
    is_released: bool,
    /// Open for as long as the worker waits for it.
    _held: PipeReader,
}

impl Bench {
    pub(super) fn new() -> Bench {
        let (held, release) = pipe();
        let (engine, ring) = with_busy_worker(Config::default(), &held, HOLD);
        Bench { engine, ring, release, is_released: false, _held: held }
    }

    /// The completion of a call that the submitter finishes.
    #[track_caller]
    pub(super) fn here(&mut self, call: SubmissionBuilder) -> (Seen, RunBy) {
        push(&mut self.ring, &ask_worker(call).build()).expect("accepted");
        assert_eq!(self.ring.wait(1, Some(PATIENCE)), Ok(1), "it is left to the worker, which is held");
        let done = drain(&mut self.ring).remove(0);
        let by = worker(&done);
        assert_eq!(by.attempts, 1);
        (done, by.run_by)
    }

    /// The same, for a call with a non-blocking attempt that is enough.
    #[track_caller]
    pub(super) fn ready(&mut self, call: SubmissionBuilder) -> Seen {
        let (done, by) = self.here(call);
        assert_eq!(by, RunBy::NONBLOCKING, "{done:?}");
        done
    }

    /// Pushes a call that the submitter cannot finish.
    #[track_caller]
    pub(super) fn begin(&mut self, call: SubmissionBuilder) {
        push(&mut self.ring, &ask_worker(call).build()).expect("accepted");
        assert_eq!(
            self.ring.wait(1, Some(std::time::Duration::from_millis(1))),
            Ok(0),
            "it is over too soon"
        );
    }

    /// Lets the worker go on with the calls that were left to it.
    pub(super) fn let_go(&mut self) {
        self.release.write_all(b"x").expect("room");
    }

    /// The same, and waits until it sleeps in that. Gives its thread.
    #[track_caller]
    pub(super) fn release(&mut self) -> u32 {
        self.let_go();
        assert_eq!(self.ring.wait(1, Some(PATIENCE)), Ok(1));
        let held = drain(&mut self.ring).remove(0);
        assert_eq!(held.user_data, HOLD, "{held:?}");
        until("the worker sleeps again", || self.engine.stats().blocked == 1);
        self.is_released = true;
        worker(&held).tid
    }

    /// The call that the worker has finished.
    #[track_caller]
    pub(super) fn end(&mut self) -> (Seen, WorkerValue) {
        let count = if self.is_released { 1 } else { 2 };
        assert_eq!(self.ring.wait(count, Some(PATIENCE)), Ok(count), "it hangs");
        let done =
            drain(&mut self.ring).into_iter().find(|done| done.user_data != HOLD).expect("one of both");
        let by = worker(&done);
        assert_eq!(by.run_by, RunBy::POOLED);
        (done, by)
    }
}

/// The completion of a call that would block: the non-blocking attempt is made, a worker sleeps in the plain call, and `then` ends that.
#[track_caller]
pub(super) fn blocked(call: SubmissionBuilder, then: impl FnOnce()) -> Seen {
    let mut bench = Bench::new();
    bench.begin(call);
    bench.release();
    then();
    let (done, by) = bench.end();
    assert_eq!(by.attempts, 2, "once without blocking, once plainly");
    done
}

/// Arguments that make a call fail: through a ring and plainly it says the same.
#[track_caller]
pub(super) fn same(nr: i64, args: &[u64]) -> i64 {
    let (_engine, mut ring) = start(Config::default());
    let argc = syslet::syscalls::row(u32::try_from(nr).expect("small")).map_or(6, |row| row.args.len());
    let call = args.iter().take(argc).fold(Submission::call(nr), |call, arg| call.value(*arg));
    push(&mut ring, &call.build()).expect("accepted");
    assert_eq!(ring.wait(1, Some(PATIENCE)), Ok(1), "it hangs");
    let result = drain(&mut ring).remove(0).result;
    assert_eq!(result, plain(nr, args), "call {nr} with {args:x?}");
    result
}

/// The plain call.
pub(super) fn plain(nr: i64, args: &[u64]) -> i64 {
    let arg = |at: usize| args.get(at).copied().unwrap_or(0);
    // SAFETY: addresses are those of buffers that the tests hold, or bad on purpose.
    let result = unsafe { libc::syscall(nr, arg(0), arg(1), arg(2), arg(3), arg(4), arg(5)) };
    if result == -1 { -i64::from(nix::errno::Errno::last_raw()) } else { result }
}

/// Where something is.
pub(super) fn at<T: ?Sized>(of: &T) -> u64 {
    (&raw const *of).cast::<u8>().expose_provenance() as u64
}

/// Where something is that a call writes.
pub(super) fn at_mut<T: ?Sized>(of: &mut T) -> u64 {
    (&raw mut *of).cast::<u8>().expose_provenance() as u64
}

/// The value that stands there now.
pub(super) fn look<T: Copy>(at: u64) -> T {
    let from: *const T = std::ptr::with_exposed_provenance(usize::try_from(at).expect("an address"));
    // SAFETY: the address of something that the test holds.
    unsafe { from.read_volatile() }
}

pub(super) fn fd(file: &impl std::os::fd::AsRawFd) -> u64 {
    u64::from(file.as_raw_fd().cast_unsigned())
}

/// The descriptor that a plain call has just made.
pub(super) fn owned(result: i64) -> std::os::fd::OwnedFd {
    let fd = i32::try_from(result).ok().filter(|fd| *fd >= 0).expect("a descriptor");
    // SAFETY: the call has just made it, so this is its only owner.
    unsafe { std::os::fd::FromRawFd::from_raw_fd(fd) }
}

pub(super) fn error(errno: i32) -> i64 {
    -i64::from(errno)
}
