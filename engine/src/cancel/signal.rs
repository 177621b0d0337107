//! The one signal that interrupts workers, and its one handler, shared by all engines of the process (CANCEL-9). An
//! engine claims it when it starts; cancellers and the monitor send it.
#![allow(unsafe_code, reason = "installs a signal handler, and is one")]

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use nix::errno::Errno;
use nix::unistd::{getpid, getuid};
use syslet_syscalls::{site_before_call, sites};

use crate::cancel::timer;
use crate::slots::maker::Maker;
use crate::sys::interrupt;

#[cfg(test)]
mod tests;

/// Held while the signal is chosen: two engines that start at once choose one.
pub(super) static CHOOSING: Mutex<()> = Mutex::new(());

/// The reason why an engine cannot use a signal to interrupt its workers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SignalError {
    /// It is no real-time signal that an application may use.
    NotRealTime(i32),
    /// The application handles it, or ignores it.
    InUse(i32),
    /// Another engine of this process has chosen that one.
    Chosen(i32),
    /// The application uses all of them.
    NoneLeft,
    /// The system refuses a handler for it: a filter is in front of rt_sigaction. The error number.
    Refused(i32),
}

/// Chooses the signal, and installs the handler, unless that was done before.
pub(crate) fn claim(wanted: Option<c_int>) -> Result<(), SignalError> {
    let _choosing = CHOOSING.lock().unwrap_or_else(PoisonError::into_inner);
    let all = libc::SIGRTMIN()..=libc::SIGRTMAX();
    if let Some(signal) = wanted.filter(|signal| !all.contains(signal)) {
        return Err(SignalError::NotRealTime(signal));
    }
    if let Some(chosen) = interrupt::INTERRUPT.get() {
        return if wanted.is_none_or(|wanted| wanted == chosen) {
            Ok(())
        } else {
            Err(SignalError::Chosen(chosen))
        };
    }
    let chosen = match wanted {
        Some(signal) if is_free(signal) => signal,
        Some(signal) => return Err(SignalError::InUse(signal)),
        None => all.rev().skip(1).find(|signal| is_free(*signal)).ok_or(SignalError::NoneLeft)?,
    };
    install(chosen, handle, 0)?;
    interrupt::INTERRUPT.set(chosen);
    Ok(())
}

/// Whether the signal has its default action: the application neither handles nor ignores it.
pub(super) fn is_free(signal: c_int) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: asks only, and writes one action to where it is told.
    let asked = unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) };
    // SAFETY: zeroes are a valid action, and the call writes over them.
    asked == 0 && unsafe { action.assume_init() }.sa_sigaction == libc::SIG_DFL
}

/// A handler that looks at the registers of the thread that it interrupts.
pub(super) type Handler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

/// Installs a handler, with these flags more. It stays for as long as the process lives, and is async-signal-safe.
pub(super) fn install(signal: c_int, handler: Handler, flags: c_int) -> Result<(), SignalError> {
    // Sorted before the first signal comes: the handler allocates nothing (CANCEL-23).
    sites();
    // SAFETY: zeroes are a valid action: no flags, an empty mask.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    action.sa_sigaction = handler as *const () as libc::sighandler_t;
    // For workers without SA_RESTART: a call that sleeps ends with EINTR.
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | flags;
    // SAFETY: the handler stays for as long as the process lives, and is async-signal-safe: each of the two searches a list that
    // stands, and touches registers and one atomic.
    let installed = unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) };
    // Sent without a handler, it would end the process.
    Errno::result(installed).map(drop).map_err(|errno| SignalError::Refused(errno as i32))
}

/// CANCEL-10. The sender does not matter: the cancel word of the call that the thread is about to make says whether
/// that call is to stop.
extern "C" fn handle(_signal: c_int, _info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel gives a context to a handler with SA_SIGINFO, and no other reference to it exists.
    let context = unsafe { &mut *context.cast::<libc::ucontext_t>() };
    let Some(site) = site_before_call(place(*counter_of(context))) else { return };
    let word: *const AtomicU32 = ptr::with_exposed_provenance(place(word_of(context)));
    // SAFETY: a thread that has not begun its call has the address of its cancel word there, and the word outlives the
    // invocation.
    let word = unsafe { &*word };
    // Acquire: pairs with the release store of the cancel word by the canceller, before it sends the signal. Without it
    // the call could begin although it is to stop, and sleep with no signal left to come.
    if word.load(Ordering::Acquire) != 0 {
        *counter_of(context) = register(site.never);
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) type Register = libc::greg_t;
#[cfg(target_arch = "aarch64")]
pub(super) type Register = u64;

/// The program counter, where the thread goes on behind the handler.
#[cfg(target_arch = "x86_64")]
pub(super) fn counter_of(context: &mut libc::ucontext_t) -> &mut Register {
    &mut context.uc_mcontext.gregs[libc::REG_RIP.cast_unsigned() as usize]
}

#[cfg(target_arch = "aarch64")]
pub(super) fn counter_of(context: &mut libc::ucontext_t) -> &mut Register {
    &mut context.uc_mcontext.pc
}

/// At a site, the address of the cancel word (`syslet_syscalls::invoke`).
#[cfg(target_arch = "x86_64")]
pub(super) fn word_of(context: &libc::ucontext_t) -> Register {
    context.uc_mcontext.gregs[libc::REG_R12.cast_unsigned() as usize]
}

#[cfg(target_arch = "aarch64")]
pub(super) fn word_of(context: &libc::ucontext_t) -> Register {
    context.uc_mcontext.regs[10]
}

/// Where a call's result is, behind its instruction.
#[cfg(target_arch = "x86_64")]
pub(super) fn result_of(context: &libc::ucontext_t) -> i64 {
    context.uc_mcontext.gregs[libc::REG_RAX.cast_unsigned() as usize]
}

#[cfg(target_arch = "aarch64")]
pub(super) fn result_of(context: &libc::ucontext_t) -> i64 {
    context.uc_mcontext.regs[0].cast_signed()
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an address")]
pub(super) fn place(register: Register) -> usize {
    register as usize
}

#[allow(clippy::cast_possible_wrap, reason = "an address")]
pub(super) fn register(place: usize) -> Register {
    place as Register
}

/// The siginfo_t that the kernel takes for a queued signal. The C library has no way to build one.
#[repr(C)]
struct Queued {
    signal: c_int,
    errno: c_int,
    code: c_int,
    padding: c_int,
    pid: libc::pid_t,
    uid: libc::uid_t,
    value: *mut c_void,
    rest: [u64; 12],
}

const _: () = assert!(size_of::<Queued>() == size_of::<libc::siginfo_t>());

/// Sends the signal to a thread of this process, in whichever way there is (CANCEL-22); says whether it is pending
/// there, or the thread has ended.
pub(crate) fn send(maker: Maker) -> bool {
    let Some(signal) = interrupt::INTERRUPT.get() else { return false };
    let by_timer = || maker.timer().ok_or(Errno::EAGAIN).and_then(timer::fire);
    let sent = queue(maker.tid, signal).or_else(|errno| match errno {
        Errno::ESRCH => Err(errno),
        // The queue is full. A signal that is sent directly needs a place in it too.
        Errno::EAGAIN => by_timer(),
        // A filter refuses the call.
        _ => direct(maker.tid, signal)
            .or_else(|errno| if errno == Errno::ESRCH { Err(errno) } else { by_timer() }),
    });
    matches!(sent, Ok(()) | Err(Errno::ESRCH))
}

/// Sends it directly.
pub(super) fn direct(tid: u32, signal: c_int) -> Result<(), Errno> {
    // SAFETY: numbers only.
    let sent = unsafe { libc::syscall(libc::SYS_tgkill, getpid().as_raw(), tid.cast_signed(), signal) };
    Errno::result(sent).map(drop)
}

/// Sends it as a signal that is queued.
pub(super) fn queue(tid: u32, signal: c_int) -> Result<(), Errno> {
    let (pid, uid) = (getpid().as_raw(), getuid().as_raw());
    let info = Queued {
        signal,
        errno: 0,
        code: libc::SI_QUEUE,
        padding: 0,
        pid,
        uid,
        value: ptr::null_mut(),
        rest: [0; 12],
    };
    // SAFETY: the kernel reads one siginfo.
    let sent = unsafe {
        libc::syscall(libc::SYS_rt_tgsigqueueinfo, pid, tid.cast_signed(), signal, &raw const info)
    };
    Errno::result(sent).map(drop)
}

impl std::fmt::Display for SignalError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            SignalError::NotRealTime(signal) => {
                let (first, last) = (libc::SIGRTMIN(), libc::SIGRTMAX());
                write!(f, "signal {signal} is no real-time signal from {first} to {last}")
            }
            SignalError::InUse(signal) => {
                write!(f, "signal {signal} is handled or ignored by the application")
            }
            SignalError::Chosen(signal) => {
                write!(f, "the engines of this process use signal {signal} already")
            }
            SignalError::Refused(errno) => {
                write!(f, "the system refuses a handler: {}", Errno::from_raw(*errno))
            }
            SignalError::NoneLeft => f.write_str("the application handles every real-time signal"),
        }
    }
}

impl std::error::Error for SignalError {}
