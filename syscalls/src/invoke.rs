//! The raw invocation: the one instruction that enters the kernel. The runner calls it for every attempt at a call.
//!
//! The stub is entered and left by jumps, its return address in a register: a `ret` right after `syscall` is
//! mispredicted (48 ns on the machine the design was measured on), and a `call` without one would unbalance the
//! return predictor for the callers. Its program-counter range is known, so that a signal handler can tell whether
//! a call has begun: before `syslet_stub_syscall` it has not, at `syslet_stub_end` it is over. Up to the instruction the
//! address of the cancel word stays in its register (r12; x10 on aarch64), where that handler finds it.
#![allow(unsafe_code, reason = "this file makes the system call")]

use core::sync::atomic::AtomicU32;

use crate::narrowed::RawArgs;

#[cfg(target_arch = "x86_64")]
core::arch::global_asm!(
    ".pushsection .text.syslet_stub,\"ax\",@progbits",
    ".balign 64",
    ".globl syslet_stub_start, syslet_stub_syscall, syslet_stub_end, syslet_stub_cancelled",
    ".hidden syslet_stub_start, syslet_stub_syscall, syslet_stub_end, syslet_stub_cancelled",
    "syslet_stub_start:",
    "    cmp dword ptr [r12], 0",
    "    jne 2f",
    "syslet_stub_syscall:",
    "    syscall",
    "syslet_stub_end:",
    "    jmp r13",
    "syslet_stub_cancelled:",
    "2:  mov rcx, r13",
    "    xor r13d, r13d",
    "    jmp rcx",
    ".popsection",
);

#[cfg(target_arch = "aarch64")]
core::arch::global_asm!(
    ".pushsection .text.syslet_stub,\"ax\",@progbits",
    ".balign 64",
    ".globl syslet_stub_start, syslet_stub_syscall, syslet_stub_end, syslet_stub_cancelled",
    ".hidden syslet_stub_start, syslet_stub_syscall, syslet_stub_end, syslet_stub_cancelled",
    "syslet_stub_start:",
    "    ldr w9, [x10]",
    "    cbnz w9, 2f",
    "syslet_stub_syscall:",
    "    svc #0",
    "syslet_stub_end:",
    "    br x11",
    "syslet_stub_cancelled:",
    "2:  mov x9, x11",
    "    mov x11, #0",
    "    br x9",
    ".popsection",
);

unsafe extern "C" {
    fn syslet_stub_start();
    fn syslet_stub_syscall();
    fn syslet_stub_end();
    fn syslet_stub_cancelled();
}

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
    // SAFETY: the stub is the code above. It reads the cancel word, changes rax, rcx, r11 and r13 and nothing on
    // the stack, and comes back through r13. The caller promises, by the
    // function's `# Safety`, that the kernel may make this call with these arguments.
    unsafe {
        core::arch::asm!(
            "lea r13, [rip + 2f]",
            "jmp {stub}",
            "2:",
            stub = sym syslet_stub_start,
            inlateout("rax") i64::from(nr) => result,
            in("rdi") args[0],
            in("rsi") args[1],
            in("rdx") args[2],
            in("r10") args[3],
            in("r8") args[4],
            in("r9") args[5],
            in("r12") cancel.as_ptr(),
            out("r13") began,
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
    // SAFETY: the stub is the code above. It reads the cancel word, changes x0, x9 and x11 and nothing on the
    // stack, and comes back through x11. The caller promises, by the
    // function's `# Safety`, that the kernel may make this call with these arguments.
    unsafe {
        core::arch::asm!(
            "adr x11, 2f",
            "b {stub}",
            "2:",
            stub = sym syslet_stub_start,
            inlateout("x0") args[0].cast_signed() => result,
            in("x1") args[1],
            in("x2") args[2],
            in("x3") args[3],
            in("x4") args[4],
            in("x5") args[5],
            in("x8") u64::from(nr),
            in("x10") cancel.as_ptr(),
            out("x11") began,
            out("x9") _,
            options(nostack),
        );
    }
    if began == 0 { Invoked::NeverBegan } else { Invoked::Result(result) }
}

/// The stub's program counters: its start, its system call instruction, the instruction behind that, and the exit of a call
/// that never began.
#[must_use]
pub fn stub_range() -> [usize; 4] {
    [
        syslet_stub_start as *const () as usize,
        syslet_stub_syscall as *const () as usize,
        syslet_stub_end as *const () as usize,
        syslet_stub_cancelled as *const () as usize,
    ]
}
