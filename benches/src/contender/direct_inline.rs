//! The bare instruction: what the kernel itself costs.
#![allow(unsafe_code, reason = "makes system calls")]

use std::arch::asm;
use std::hint::black_box;

use super::sink::Sink;
use super::windows::Windows;
use crate::call::RawCall;

/// The system call instruction in the loop itself.
#[derive(Clone, Copy, Debug)]
pub struct DirectInline;

impl Windows for DirectInline {
    fn depth(&self) -> usize {
        usize::MAX
    }

    fn window<S: Sink>(&mut self, calls: &[RawCall<'_>], sink: &mut S) -> Result<(), String> {
        (0..calls.len()).for_each(|place| sink.submitted(place));
        for (place, call) in calls.iter().enumerate() {
            // SAFETY: the INVARIANT of `RawCall::args`; the borrow lasts until this returns, and so does the call.
            let value = black_box(unsafe { enter(call.nr(), call.all_args()) });
            sink.done(place, call.seen(value));
        }
        Ok(())
    }
}

/// # Safety
/// Every address among `args` is valid for what `nr` does with it.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn enter(nr: u32, args: &[u64; 6]) -> i64 {
    let result: i64;
    // SAFETY: the caller answers for the call; the kernel changes rax, rcx and r11 and leaves the stack alone.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") i64::from(nr) => result,
            in("rdi") args[0],
            in("rsi") args[1],
            in("rdx") args[2],
            in("r10") args[3],
            in("r8") args[4],
            in("r9") args[5],
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result
}

/// # Safety
/// Every address among `args` is valid for what `nr` does with it.
#[cfg(target_arch = "aarch64")]
#[inline(always)]
unsafe fn enter(nr: u32, args: &[u64; 6]) -> i64 {
    let result: i64;
    // SAFETY: the caller answers for the call; the kernel changes x0 and leaves the stack alone.
    unsafe {
        asm!(
            "svc #0",
            inlateout("x0") args[0].cast_signed() => result,
            in("x1") args[1],
            in("x2") args[2],
            in("x3") args[3],
            in("x4") args[4],
            in("x5") args[5],
            in("x8") u64::from(nr),
            options(nostack),
        );
    }
    result
}
