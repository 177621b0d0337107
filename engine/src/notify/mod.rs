//! Sleep until a completion is posted, and wake who sleeps. Steps in comments (W1 …) are those of specs/ring.md.

pub(crate) mod event;
#[cfg(not(syslet_loom))]
pub(crate) mod eventfd;
#[cfg(not(syslet_loom))]
pub(crate) mod futex;
pub(crate) mod gather;
#[cfg(test)]
#[cfg(syslet_loom)]
pub(crate) mod loom_tests;

use std::ops::Deref;
use std::time::Duration;

use crate::sys::sync::{AtomicU32, Ordering, fence};

/// A word on which a thread can sleep as long as it has a certain value.
pub(crate) trait FutexWord: Deref<Target = AtomicU32> {
    /// Sleeps unless the word is not `expected`; may end for no reason.
    fn sleep(&self, expected: u32, timeout: Option<Duration>) -> Slept;

    /// Wakes one who sleeps.
    fn wake_one(&self);
}

/// Why a sleep ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Slept {
    /// Woken, or there was no need to sleep.
    Woken,
    /// A signal came.
    Interrupted,
    /// The time was up.
    TimedOut,
}

/// The two words between who posts completions and who waits for them.
#[derive(Debug)]
pub(crate) struct Wake<F> {
    /// Written by who posts. Even; grows by 2.
    futex: F,
    /// Written by who waits: 0 when awake, else the value of `futex` it sleeps on, with bit 0 set.
    armed: F,
}

impl<F: FutexWord> Wake<F> {
    pub(crate) fn new(futex: F, armed: F) -> Wake<F> {
        Wake { futex, armed }
    }

    /// Sleeps until `notify`, unless something is ready by then.
    pub(crate) fn sleep_unless(&self, is_ready: impl FnOnce() -> bool, timeout: Option<Duration>) -> Slept {
        let value = self.futex.load(Ordering::Relaxed);
        // W1
        self.armed.store(value | 1, Ordering::Relaxed);
        // W2: pairs with W5. Without it W3 could look before W1 is seen, and W6 before C3: both would miss.
        fence(Ordering::SeqCst);
        // W3
        let slept = if is_ready() { Slept::Woken } else { self.futex.sleep(value, timeout) };
        // W4
        self.armed.store(0, Ordering::Relaxed);
        slept
    }

    /// As if the waiter were about to sleep.
    #[cfg(test)]
    #[cfg(not(syslet_loom))]
    pub(crate) fn arm(&self) {
        self.armed.store(self.futex.load(Ordering::Relaxed) | 1, Ordering::Relaxed);
    }

    /// How often a sleeper was to be woken.
    #[cfg(test)]
    #[cfg(not(syslet_loom))]
    pub(crate) fn moves(&self) -> u32 {
        self.futex.load(Ordering::Relaxed) / 2
    }

    /// Wakes the waiter if it sleeps, or is about to. Call it after posting.
    pub(crate) fn notify(&self) {
        // W5: pairs with W2.
        fence(Ordering::SeqCst);
        // W6: relaxed, the fences order it; the exchange makes one arming cost one wake-up.
        let armed = self.armed.load(Ordering::Relaxed);
        if armed == 0 {
            return;
        }
        let value = armed & !1;
        let next = value.wrapping_add(2);
        if self.futex.compare_exchange(value, next, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.futex.wake_one();
        }
    }
}
