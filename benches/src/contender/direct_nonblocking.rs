//! The plain non-blocking attempt, for the contenders that make one.
#![allow(unsafe_code, reason = "makes system calls")]

use std::hint::black_box;
use std::ptr::with_exposed_provenance_mut;

use nix::errno::Errno;

use super::sink::Sink;
use super::windows::Windows;
use crate::call::RawCall;

/// `preadv2` with RWF_NOWAIT in place of a `pread64`, and the call itself where there is no such attempt or it is refused.
#[derive(Clone, Copy, Debug)]
pub struct DirectNonBlocking;

impl Windows for DirectNonBlocking {
    fn depth(&self) -> usize {
        usize::MAX
    }

    fn window<S: Sink>(&mut self, calls: &[RawCall<'_>], sink: &mut S) -> Result<(), String> {
        (0..calls.len()).for_each(|place| sink.submitted(place));
        for (place, call) in calls.iter().enumerate() {
            sink.done(place, call.seen(black_box(attempt(call))));
        }
        Ok(())
    }

    fn settings(&self) -> String {
        "preadv2 with RWF_NOWAIT for pread64".to_owned()
    }
}

#[inline(always)]
fn attempt(call: &RawCall<'_>) -> i64 {
    let plain = || {
        // SAFETY: the INVARIANT of `RawCall::args`; the borrow lasts until this returns, and so does the call.
        unsafe { make(call.nr(), *call.all_args()) }
    };
    if libc::c_long::from(call.nr()) != libc::SYS_pread64 {
        return plain();
    }
    let [file, buffer, length, offset, ..] = *call.all_args();
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let buffer = with_exposed_provenance_mut(usize::try_from(buffer).unwrap_or(usize::MAX));
    let into = libc::iovec { iov_base: buffer, iov_len: length };
    let into = (&raw const into).expose_provenance() as u64;
    let nr = u32::try_from(libc::SYS_preadv2).expect("call numbers are small");
    let no_wait = u64::from(libc::RWF_NOWAIT.cast_unsigned());
    // SAFETY: as above, for the same file and buffer; the vector lives until this returns.
    match unsafe { make(nr, [file, into, 1, offset, 0, no_wait]) } {
        refused if refused == -i64::from(libc::EAGAIN) => plain(),
        result => result,
    }
}

/// # Safety
/// Every address among the arguments is valid for what `nr` does with it.
#[inline(always)]
unsafe fn make(nr: u32, [a, b, c, d, e, f]: [u64; 6]) -> i64 {
    // SAFETY: the caller answers for the call.
    let value = unsafe { libc::syscall(libc::c_long::from(nr), a, b, c, d, e, f) };
    if value == -1 { -i64::from(Errno::last_raw()) } else { value }
}
