//! The futex system call: on a word of the engine's own (`OwnWord`), and for a word that other processes may map
//! (`queues::memory::Word32`).
#![allow(unsafe_code, reason = "nix has no futex")]

use std::ops::Deref;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use crate::notify::{FutexWord, Slept};

/// The threads that may sleep on a word.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Scope {
    /// Those of this process: the kernel finds the word sooner.
    Process,
    /// Those of every process that maps it.
    Shared,
}

impl Scope {
    fn flag(self) -> libc::c_int {
        if self == Scope::Process { libc::FUTEX_PRIVATE_FLAG } else { 0 }
    }
}

/// A word that only threads of this process sleep on.
#[derive(Debug, Default)]
pub(crate) struct OwnWord(AtomicU32);

impl Deref for OwnWord {
    type Target = AtomicU32;

    fn deref(&self) -> &AtomicU32 {
        &self.0
    }
}

impl FutexWord for OwnWord {
    fn sleep(&self, expected: u32, timeout: Option<Duration>) -> Slept {
        wait(self, Scope::Process, expected, timeout)
    }

    fn wake_one(&self) {
        wake(self, Scope::Process);
    }
}

/// Sleeps unless the word is not `expected`; may end for no reason.
pub(crate) fn wait(word: &AtomicU32, scope: Scope, expected: u32, timeout: Option<Duration>) -> Slept {
    let operation = libc::FUTEX_WAIT | scope.flag();
    let timeout = timeout.map(|duration| libc::timespec {
        tv_sec: libc::time_t::try_from(duration.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: libc::c_long::from(duration.subsec_nanos().cast_signed()),
    });
    let timeout = timeout.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: the word is borrowed, and the timespec, if any, lives until the call returns.
    let result = unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), operation, expected, timeout) };
    if result == 0 {
        return Slept::Woken;
    }
    match std::io::Error::last_os_error().raw_os_error() {
        Some(libc::EINTR) => Slept::Interrupted,
        Some(libc::ETIMEDOUT) => Slept::TimedOut,
        _ => Slept::Woken,
    }
}

/// Wakes one thread that sleeps on the word.
pub(crate) fn wake(word: &AtomicU32, scope: Scope) {
    let operation = libc::FUTEX_WAKE | scope.flag();
    // SAFETY: the word is borrowed; waking touches no memory.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), operation, 1) };
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;
    use std::time::Duration;

    use nix::sys::pthread::{pthread_kill, pthread_self};
    use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

    use crate::notify::{Slept, Wake};
    use crate::queues::memory::{Region, Word32};
    use crate::sys::fork::ForkGuard;

    fn wake() -> Arc<Wake<Word32>> {
        let guard = Arc::new(ForkGuard::new().unwrap());
        let region = Arc::new(Region::new(NonZeroUsize::new(4096).unwrap(), guard).unwrap());
        Arc::new(Wake::new(region.word32(0), region.word32(128)))
    }

    /// RING-16: the kernel's futex wakes the sleeper, however the two threads meet.
    #[test]
    fn a_post_ends_the_sleep() {
        for _ in 0..200 {
            let (wake, posted) = (wake(), Arc::new(AtomicBool::new(false)));
            let waiter = {
                let (wake, posted) = (Arc::clone(&wake), Arc::clone(&posted));
                thread::spawn(move || {
                    while !posted.load(Ordering::Acquire) {
                        wake.sleep_unless(|| posted.load(Ordering::Acquire), None);
                    }
                })
            };
            posted.store(true, Ordering::Release);
            wake.notify();
            waiter.join().unwrap();
        }
    }

    #[test]
    fn a_sleep_ends_with_its_time() {
        assert_eq!(wake().sleep_unless(|| false, Some(Duration::from_millis(1))), Slept::TimedOut);
    }

    #[test]
    fn a_ready_waiter_does_not_sleep() {
        assert_eq!(wake().sleep_unless(|| true, None), Slept::Woken);
    }

    extern "C" fn nothing(_: libc::c_int) {}

    /// ENGINE-17: a signal ends the sleep, and is told from a wake-up.
    #[test]
    fn a_signal_interrupts_the_sleep() {
        let action = SigAction::new(SigHandler::Handler(nothing), SaFlags::empty(), SigSet::empty());
        // SAFETY: the handler does nothing, and nothing else here uses this signal.
        unsafe { sigaction(Signal::SIGUSR2, &action) }.unwrap();
        let sleeper = pthread_self();
        let over = Arc::new(AtomicBool::new(false));
        let sender = {
            let over = Arc::clone(&over);
            thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    pthread_kill(sleeper, Signal::SIGUSR2).unwrap();
                    thread::yield_now();
                }
            })
        };
        let slept = wake().sleep_unless(|| false, None);
        over.store(true, Ordering::Relaxed);
        sender.join().unwrap();
        assert_eq!(slept, Slept::Interrupted);
    }
}
