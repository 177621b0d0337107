//! The plain call as a C library makes it.
#![allow(unsafe_code, reason = "makes system calls")]

use std::hint::black_box;

use nix::errno::Errno;

use super::sink::Sink;
use super::windows::Windows;
use crate::call::RawCall;

/// `libc::syscall`, one call after the other.
#[derive(Clone, Copy, Debug)]
pub struct Direct;

impl Windows for Direct {
    fn depth(&self) -> usize {
        usize::MAX
    }

    fn window<S: Sink>(&mut self, calls: &[RawCall<'_>], sink: &mut S) -> Result<(), String> {
        (0..calls.len()).for_each(|place| sink.submitted(place));
        for (place, call) in calls.iter().enumerate() {
            let [a, b, c, d, e, f] = *call.all_args();
            // SAFETY: the INVARIANT of `RawCall::args`; the borrow lasts until this returns, and so does the call.
            let value = unsafe { libc::syscall(libc::c_long::from(call.nr()), a, b, c, d, e, f) };
            let value = if value == -1 { -i64::from(Errno::last_raw()) } else { black_box(value) };
            sink.done(place, call.seen(value));
        }
        Ok(())
    }
}
