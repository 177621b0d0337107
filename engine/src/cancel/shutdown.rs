//! Shutting a socket down, for a call that sleeps in it. The monitor does so in a thread of its own (CANCEL-15).
#![allow(unsafe_code, reason = "the standard library shuts down sockets that it owns, and no others")]

use std::ffi::c_int;
use std::mem::MaybeUninit;

/// Whether the descriptor names a socket now.
pub(crate) fn is_socket(fd: i32) -> bool {
    let mut status = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: writes one status to where it is told, which lives until the call returns.
    let asked = unsafe { libc::fstat(fd, status.as_mut_ptr()) };
    // SAFETY: the call succeeded, so it has written.
    asked == 0 && unsafe { status.assume_init() }.st_mode & libc::S_IFMT == libc::S_IFSOCK
}

/// Ends both directions. It may sleep, where another thread is in the same socket. A descriptor that is no socket any
/// more stays as it is.
pub(crate) fn both_ways(fd: i32) {
    const BOTH: c_int = libc::SHUT_RDWR;
    // SAFETY: touches no memory of this process. The canceller that asked for it answers for the socket.
    unsafe { libc::shutdown(fd, BOTH) };
}
