//! The raw invocation: the one instruction that enters the kernel. The runner calls it for every attempt at a call.
//!
//! The instruction stands inline where the call is made: a `ret` right behind `syscall` is mispredicted (48 ns on the machine the
//! design was measured on), and an indirect jump costs 4 ns there. The program counters of each such place are in a list
//! (`sites`), so that a signal handler can tell whether a call has begun: at the instruction it has not, behind it it is over. Up to
//! the instruction the address of the cancel word stays in its register (r12; x10 on aarch64), where that handler finds it.
#![allow(unsafe_code, reason = "this file makes the system call")]

use core::sync::atomic::AtomicU32;

use crate::narrowed::RawArgs;
use crate::sites::entry;

/// The outcome of an invocation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Invoked {
    /// The kernel was entered; its raw result.
    Result(i64),
    /// The cancel word was set before the instruction: the call never began.
    NeverBegan,
}

/// Makes one system call, unless `cancel` is not zero. Nothing is retried and no errno is written.
///
/// # Safety
/// The kernel makes call `nr` with `args`: every address among them must be valid for that call, for as long as the
/// call may use it, and the call must not break the assumptions of other code in the process.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub unsafe fn invoke(cancel: &AtomicU32, nr: u32, args: &RawArgs) -> Invoked {
    let args = args.words();
    let result: i64;
    let began: u64;
    // SAFETY: the code reads the cancel word, changes rax, rcx, r11, r12 and the flags, and nothing on the stack. The kernel keeps r12,
    // which holds an address, and so is not zero, unless the call never began. The caller promises, by the function's `# Safety`,
    // that the kernel may make this call with these arguments.
    unsafe {
        core::arch::asm!(
            "2:  cmp dword ptr [r12], 0",
            "    jne 5f",
            "3:  syscall",
            "4:",
            ".subsection 1",
            "5:  xor r12d, r12d",
            "    jmp 4b",
            ".previous",
            entry!(),
            inlateout("rax") i64::from(nr) => result,
            in("rdi") args[0],
            in("rsi") args[1],
            in("rdx") args[2],
            in("r10") args[3],
            in("r8") args[4],
            in("r9") args[5],
            inlateout("r12") cancel.as_ptr() => began,
            out("rcx") _,
            out("r11") _,
            options(nostack),
        );
    }
    if began == 0 { Invoked::NeverBegan } else { Invoked::Result(result) }
}

/// Makes one system call, unless `cancel` is not zero. Nothing is retried and no errno is written.
///
/// # Safety
/// The kernel makes call `nr` with `args`: every address among them must be valid for that call, for as long as the
/// call may use it, and the call must not break the assumptions of other code in the process.
#[cfg(target_arch = "aarch64")]
#[inline(always)]
pub unsafe fn invoke(cancel: &AtomicU32, nr: u32, args: &RawArgs) -> Invoked {
    let args = args.words();
    let result: i64;
    let began: u64;
    // SAFETY: the code reads the cancel word, changes x0, x9 and x10, and nothing on the stack. The kernel keeps x10, which
    // holds an address, and so is not zero, unless the call never began. The caller promises, by the function's `# Safety`, that
    // the kernel may make this call with these arguments.
    unsafe {
        core::arch::asm!(
            "2:  ldr w9, [x10]",
            "    cbnz w9, 5f",
            "3:  svc #0",
            "4:",
            ".subsection 1",
            "5:  mov x10, #0",
            "    b 4b",
            ".previous",
            entry!(),
            inlateout("x0") args[0].cast_signed() => result,
            in("x1") args[1],
            in("x2") args[2],
            in("x3") args[3],
            in("x4") args[4],
            in("x5") args[5],
            in("x8") u64::from(nr),
            inlateout("x10") cancel.as_ptr() => began,
            out("x9") _,
            options(nostack),
        );
    }
    if began == 0 { Invoked::NeverBegan } else { Invoked::Result(result) }
}
