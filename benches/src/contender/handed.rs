//! A call handed to another thread: its numbers, without the borrow that keeps them valid.
#![allow(unsafe_code, reason = "makes system calls")]

use nix::errno::Errno;

use crate::call::RawCall;

/// A call whose borrow somebody else answers for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Handed {
    nr: u32,
    args: [u64; 6],
}

impl Handed {
    pub(super) fn new(call: &RawCall<'_>) -> Handed {
        Handed { nr: call.nr(), args: *call.all_args() }
    }

    /// Makes the call and gives its raw result.
    ///
    /// # Safety
    /// The borrow of the `RawCall` that this comes from lasts until this returns.
    pub(super) unsafe fn make(self) -> i64 {
        let [a, b, c, d, e, f] = self.args;
        // SAFETY: the INVARIANT of `RawCall::args`, whose borrow lasts, as the caller promises.
        let value = unsafe { libc::syscall(libc::c_long::from(self.nr), a, b, c, d, e, f) };
        if value == -1 { -i64::from(Errno::last_raw()) } else { value }
    }
}
