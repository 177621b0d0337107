//! Calls that send SIGPIPE and have no flag that keeps it away: it is blocked for as long as they run, and what they
//! have sent is taken back. A helper is a thread of the application.
#![allow(unsafe_code, reason = "makes system calls that the application did not ask for")]

use syslet_syscalls::Invoked;

use crate::nonblocking::ask::{address, address_mut, ask};
use crate::nonblocking::is_errno;

/// The set with nothing but SIGPIPE.
static SET: u64 = 1 << (libc::SIGPIPE - 1);
/// Bytes of a signal set.
const SET_BYTES: u64 = size_of::<u64>() as u64;

/// Makes a call that may send SIGPIPE, and leaves pending and blocked what was so before.
pub(crate) fn pipe_signal(call: impl FnOnce() -> Invoked) -> Invoked {
    let mut before = 0u64;
    let block = libc::SIG_BLOCK.cast_unsigned().into();
    // SAFETY: reads one set and writes another, both our own; the mask is restored below.
    let blocked = unsafe {
        ask(libc::SYS_rt_sigprocmask, &[block, address(&SET), address_mut(&mut before), SET_BYTES, 0, 0])
    };
    let was_blocked = blocked != 0 || before & SET != 0;
    let was_pending = was_blocked && is_pending();
    let invoked = call();
    if matches!(invoked, Invoked::Result(result) if is_errno(result, libc::EPIPE)) && !was_pending {
        take();
    }
    if !was_blocked {
        let set = libc::SIG_SETMASK.cast_unsigned().into();
        // SAFETY: the mask is the one read above.
        let _restored =
            unsafe { ask(libc::SYS_rt_sigprocmask, &[set, address(&before), 0, SET_BYTES, 0, 0]) };
    }
    invoked
}

pub(crate) fn is_pending() -> bool {
    let mut pending = 0u64;
    // SAFETY: writes one set, our own.
    let asked = unsafe { ask(libc::SYS_rt_sigpending, &[address_mut(&mut pending), SET_BYTES, 0, 0, 0, 0]) };
    asked == 0 && pending & SET != 0
}

/// Takes a pending SIGPIPE. The thread's own comes first, and that is the call's.
pub(crate) fn take() {
    let now = [0u64; 2];
    let args = [address(&SET), 0, address(&now), SET_BYTES, 0, 0];
    // SAFETY: reads a set and a time, both our own, and writes nothing.
    while is_errno(unsafe { ask(libc::SYS_rt_sigtimedwait, &args) }, libc::EINTR) {}
}
