//! Sleeping until a record is posted or work is there, and waking the thread that sleeps. The submitter sleeps here on
//! its completion ring, workers and the monitor on words of their own. Steps in comments (W1 …) are those of
//! specs/ring.md.

pub(crate) mod event;
#[cfg(not(syslet_loom))]
pub(crate) mod eventfd;
#[cfg(not(syslet_loom))]
pub(crate) mod futex;
pub(crate) mod latch;
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

    /// Wakes one thread that sleeps on the word.
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

/// The two words between the threads that post and the one that waits: an event count, which costs a poster one fence and
/// one load as long as the waiter is awake.
#[derive(Debug)]
pub(crate) struct Wake<F> {
    /// Written by posters. Even; grows by 2.
    futex: F,
    /// Written by the waiter: 0 when awake, else the value of `futex` it sleeps on, with bit 0 set.
    armed: F,
}

impl<F: FutexWord> Wake<F> {
    pub(crate) fn new(futex: F, armed: F) -> Wake<F> {
        Wake { futex, armed }
    }

    /// Sleeps until `notify`, unless `is_ready` says before the sleep that there is something to do.
    pub(crate) fn sleep_unless(&self, is_ready: impl FnOnce() -> bool, timeout: Option<Duration>) -> Slept {
        // Relaxed: an older value only ends the sleep at once, because the kernel compares the word again.
        let value = self.futex.load(Ordering::Relaxed);
        // W1. Relaxed: the fence below orders it before the look.
        self.armed.store(value | 1, Ordering::Relaxed);
        // W2: pairs with the fence of `notify` (W5). Without it this thread could look (W3) before the poster sees
        // `armed`, and the poster load `armed` (W6) before its record is seen: both would miss, and the sleep would not
        // end.
        fence(Ordering::SeqCst);
        // W3
        let slept = if is_ready() { Slept::Woken } else { self.futex.sleep(value, timeout) };
        // W4. Relaxed: a poster that still sees the old value changes `futex` once and wakes a thread that is awake.
        self.armed.store(0, Ordering::Relaxed);
        slept
    }

    /// Arms as if the waiter were about to sleep.
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
        // W5: pairs with the fence of `sleep_unless` (W2), which names the loss that both prevent.
        fence(Ordering::SeqCst);
        // W6. Relaxed: the two fences order the load of `armed` (stored at W1), and the exchange carries no data. It
        // makes one arming cost one wake-up: of several posters one changes the value that the waiter has armed.
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
