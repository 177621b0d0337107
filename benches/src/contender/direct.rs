//! The plain call as a C library makes it.
#![allow(unsafe_code, reason = "makes system calls")]

use std::hint::black_box;

use nix::errno::Errno;

use super::Contender;
use crate::call::RawCall;

/// `libc::syscall`, one call after the other.
#[derive(Clone, Copy, Debug)]
pub struct Direct;

impl Contender for Direct {
    fn run(&mut self, batch: &[RawCall<'_>], results: &mut [i64]) -> Result<(), String> {
        for (call, result) in batch.iter().zip(results) {
            let [a, b, c, d, e, f] = *call.all_args();
            // SAFETY: the INVARIANT of `RawCall::args`; the borrow lasts until this returns, and so does the call.
            let value = unsafe { libc::syscall(libc::c_long::from(call.nr()), a, b, c, d, e, f) };
            *result = if value == -1 { -i64::from(Errno::last_raw()) } else { black_box(value) };
        }
        Ok(())
    }
}
