//! Takes away the signals that a call sends to the thread that made it: SIGPIPE and SIGXFSZ. A worker blocks them, so they stay
//! pending on it, where a later call with a mask of its own (ppoll, with an empty mask) would deliver them.
#![allow(unsafe_code, reason = "nix has no sigtimedwait")]

#[cfg(test)]
mod tests;

use std::mem::MaybeUninit;
use std::ptr;

use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::{Pid, getpid};

/// Takes away the signal that a call with this result has left pending on the calling worker. Two comparisons for other results.
///
/// Not all of it: a write to a pipe whose reader goes away halfway gives a short count *and* SIGPIPE. See [`clear`].
#[inline]
pub(crate) fn after(result: i64) {
    const BROKEN_PIPE: i64 = -(libc::EPIPE as i64);
    const TOO_BIG: i64 = -(libc::EFBIG as i64);
    match result {
        BROKEN_PIPE => take_pending(Signal::SIGPIPE),
        TOO_BIG => take_pending(Signal::SIGXFSZ),
        _ => {}
    }
}

/// Takes away all signals that calls may have left pending on the calling worker: to be called before a call that carries a
/// signal mask. Two system calls.
pub(crate) fn clear() {
    take_pending(Signal::SIGPIPE);
    take_pending(Signal::SIGXFSZ);
}

/// Takes one pending `signal` from the calling thread, which blocks it. None pending is no error.
///
/// A signal that is pending on the thread is taken before one that is pending on the process. If the one that is taken came from
/// another process, it was the application's: it is sent again, so it is not missed, but its sender is now this process.
pub(crate) fn take_pending(signal: Signal) {
    let mut set = SigSet::empty();
    set.add(signal);
    let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let info = loop {
        // SAFETY: set, info and timespec live until the call returns; it writes only the info.
        let taken =
            unsafe { libc::sigtimedwait(ptr::from_ref(set.as_ref()), info.as_mut_ptr(), &raw const now) };
        if taken != -1 {
            // SAFETY: zeroes are a valid siginfo, and the kernel has written over them.
            break unsafe { info.assume_init() };
        }
        if nix::errno::Errno::last() != nix::errno::Errno::EINTR {
            return;
        }
    };
    if is_from_outside(&info) {
        // It can be sent: a process may always signal itself.
        let _ = kill(getpid(), signal);
    }
}

/// Whether another process has sent the signal to this one. A call's own signal looks like one that this process sends
/// itself; a signal that was sent to a thread (`SI_TKILL`) was for the worker, where it has no meaning.
fn is_from_outside(info: &libc::siginfo_t) -> bool {
    if info.si_code == libc::SI_TKILL {
        return false;
    }
    // SAFETY: for SI_USER and SI_QUEUE the kernel fills the sender in; otherwise it is zero or some other number.
    let sender = unsafe { info.si_pid() };
    let is_own = sender == 0 || Pid::from_raw(sender) == getpid();
    !is_own
}
