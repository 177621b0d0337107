#![allow(unsafe_code, reason = "forks a process that takes a signal")]

use std::os::fd::{AsFd, OwnedFd};
use std::sync::mpsc;

use nix::errno::Errno;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::uio::pwrite;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork, pipe, write};

use crate::exec::signals::{after, clear, take_pending};
use crate::pool::look;
use crate::sys::thread::{own_tid, spawn};

const SIGPIPE: u64 = 1 << (libc::SIGPIPE - 1);
const SIGXFSZ: u64 = 1 << (libc::SIGXFSZ - 1);

/// The signals pending on the calling thread.
fn pending() -> u64 {
    u64::from_str_radix(&look::status(own_tid(), "SigPnd").unwrap(), 16).unwrap()
}

/// The signals pending on the process.
fn pending_on_process() -> u64 {
    u64::from_str_radix(&look::status(own_tid(), "ShdPnd").unwrap(), 16).unwrap()
}

/// Runs `body` in a worker's thread.
fn in_worker(body: impl FnOnce() + Send + 'static) {
    let (give, over) = mpsc::channel();
    let guarded = move || {
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body));
        give.send(ended).unwrap();
    };
    spawn("syslet-test", Box::new(guarded)).unwrap().join();
    over.recv().unwrap().unwrap();
}

/// A pipe's writing end without a reading end.
fn broken_pipe() -> OwnedFd {
    pipe().unwrap().1
}

#[test]
fn the_signal_of_a_broken_pipe_is_taken() {
    let _forks = look::FORKS.lock().unwrap();
    in_worker(|| {
        assert_eq!(write(broken_pipe(), b"x"), Err(Errno::EPIPE));
        assert_eq!(pending(), SIGPIPE, "the call leaves it");
        after(0);
        after(-i64::from(libc::EBADF));
        assert_eq!(pending(), SIGPIPE, "other results leave it");
        after(-i64::from(libc::EPIPE));
        assert_eq!(pending(), 0);
        after(-i64::from(libc::EPIPE));
    });
}

#[test]
fn the_signal_of_a_file_too_big_is_taken() {
    in_worker(|| {
        const LIMIT: u64 = 1 << 40;
        let (_, hard) = getrlimit(Resource::RLIMIT_FSIZE).unwrap();
        // Of the whole process; no other test has files of a tebibyte.
        setrlimit(Resource::RLIMIT_FSIZE, LIMIT.min(hard), hard).unwrap();
        let file = memfd_create(c"big", MFdFlags::empty()).unwrap();
        assert_eq!(pwrite(file.as_fd(), b"x", LIMIT.cast_signed()), Err(Errno::EFBIG));
        assert_eq!(pending(), SIGXFSZ, "the call leaves it");
        after(-i64::from(libc::EFBIG));
        assert_eq!(pending(), 0);
    });
}

/// A pipe that breaks in the middle of a write gives a count and a signal.
#[test]
fn the_signal_of_a_short_write_is_cleared() {
    let _forks = look::FORKS.lock().unwrap();
    let (read_end, write_end) = pipe().unwrap();
    let (give, tid) = mpsc::channel();
    let closer = std::thread::spawn(move || {
        look::until_asleep_in(tid.recv().unwrap(), libc::SYS_write);
        drop(read_end);
    });
    in_worker(move || {
        give.send(own_tid()).unwrap();
        let wrote = write(&write_end, &vec![0; 1 << 20]).unwrap();
        assert!((1..1 << 20).contains(&wrote), "{wrote}");
        assert_eq!(pending(), SIGPIPE);
        clear();
        assert_eq!(pending(), 0);
    });
    closer.join().unwrap();
}

/// The findings of the child; its exit code is the number of the first thing that is not as it should be.
fn child(told: OwnedFd, parent_sends: OwnedFd) -> i32 {
    let mut blocked = SigSet::empty();
    blocked.add(Signal::SIGPIPE);
    if blocked.thread_block().is_err() || write(&told, b"x").is_err() {
        return 1;
    }
    if nix::unistd::read(&parent_sends, &mut [0]) != Ok(1) {
        return 2;
    }
    if pending_on_process() != SIGPIPE {
        return 3;
    }
    take_pending(Signal::SIGPIPE);
    if pending_on_process() == SIGPIPE { 0 } else { 4 }
}

/// A signal that another process sent to this one is not lost.
#[test]
fn a_signal_for_the_process_is_given_back() {
    let _forks = look::FORKS.lock().unwrap();
    let ((told, tell), (parent_sent, parent_sends)) = (pipe().unwrap(), pipe().unwrap());
    // SAFETY: the child makes system calls and exits.
    match unsafe { fork() }.unwrap() {
        ForkResult::Child => {
            let code = child(tell, parent_sent);
            // SAFETY: leaves without running the parent's exit handlers.
            unsafe { libc::_exit(code) };
        }
        ForkResult::Parent { child } => {
            drop(tell);
            assert_eq!(nix::unistd::read(&told, &mut [0]), Ok(1));
            kill(child, Signal::SIGPIPE).unwrap();
            write(&parent_sends, b"x").unwrap();
            assert_eq!(waitpid(child, None), Ok(WaitStatus::Exited(child, 0)));
        }
    }
}
