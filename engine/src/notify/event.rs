//! Makes a descriptor readable when completions are there, for an application that polls. Threads that post raise it, the
//! consumer of the ring arms it again. Steps in comments (E1 …) are those of specs/ring.md.

#[cfg(test)]
#[cfg(syslet_loom)]
mod loom_tests;

use std::sync::OnceLock;

use crate::sys::sync::{AtomicU32, AtomicU64, Ordering, fence};

/// The count of an eventfd.
pub(crate) trait EventCounter {
    /// Adds one: a poll of the descriptor ends.
    fn add_one(&self);

    /// Gives the sum that was added since the last time, and makes it zero. Never waits.
    fn take(&self) -> u64;
}

/// The poller's side of a completion ring. Does nothing until a descriptor is asked for.
#[derive(Debug)]
pub(crate) struct Event<C> {
    counter: OnceLock<C>,
    /// 1 when the next post is to add one.
    armed: AtomicU32,
    /// Additions that were or will be made, and have not been taken yet; used by the consumer only. Additions that the
    /// application takes by reading the descriptor itself stay owed for ever: a few reads for nothing.
    owed: AtomicU64,
}

impl<C: EventCounter> Event<C> {
    pub(crate) fn new() -> Event<C> {
        Event { counter: OnceLock::new(), armed: AtomicU32::new(0), owed: AtomicU64::new(0) }
    }

    /// The counter, made by `make` when there is none yet. It must begin at 1, as if a post had added that: records may
    /// be posted already.
    pub(crate) fn get_or_create<E>(&self, make: impl FnOnce() -> Result<C, E>) -> Result<&C, E> {
        if let Some(counter) = self.counter.get() {
            return Ok(counter);
        }
        let counter = make()?;
        Ok(self.counter.get_or_init(|| counter))
    }

    /// Whether [`Event::raise`] would have to make the descriptor readable; called where that is, by a thread that does not.
    pub(crate) fn is_armed(&self) -> bool {
        // E6. Relaxed, as in `raise`.
        self.armed.load(Ordering::Relaxed) != 0
    }

    /// Makes the descriptor readable, if that has not been done since the consumer last looked. Called after posting
    /// and after a sequentially consistent fence (E5), which is the one of `Wake::notify`: sleeping and polling share
    /// it. One relaxed load where nothing is armed.
    #[inline]
    pub(crate) fn raise(&self) {
        // E6. Relaxed: the fences E3 and E5 order it after E2. Most posts end here.
        if self.armed.load(Ordering::Relaxed) == 0 {
            return;
        }
        // The exchange makes one arming cost one addition. Acquire: pairs with the exchange of `rearm` (E2, release): the
        // read of E1 comes before this addition, which therefore stays.
        if self.armed.swap(0, Ordering::Acquire) == 1
            && let Some(counter) = self.counter.get()
        {
            counter.add_one();
        }
    }

    /// Makes the descriptor unreadable until the next post. Called by the consumer, and before it looks for
    /// completions: a record that is posted after that look makes it readable.
    pub(crate) fn rearm(&self) {
        let Some(counter) = self.counter.get() else { return };
        let owed = self.owed.load(Ordering::Relaxed);
        // E1: before E2. Taken after it, an addition could be that of a post which the next look does not find, and the
        // descriptor would stay unreadable.
        if owed > 0 || self.armed.load(Ordering::Relaxed) == 0 {
            let taken = counter.take();
            // E2. Release: pairs with the exchange of `raise` (E6, acquire).
            let was_raised = self.armed.swap(1, Ordering::Release) == 0;
            self.owed.store((owed + u64::from(was_raised)).saturating_sub(taken), Ordering::Relaxed);
        }
        // E3: pairs with the fence before `raise` (E5). Without it the consumer could look (E4) before the poster sees
        // `armed`, and the poster load `armed` (E6) before its record is seen (C3): both would miss.
        fence(Ordering::SeqCst);
    }
}
