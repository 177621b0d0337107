//! Tell who polls a descriptor that completions are there. Steps in comments (E1 …) are those of specs/ring.md.

#[cfg(test)]
#[cfg(syslet_loom)]
mod loom_tests;

use std::sync::OnceLock;

use crate::sys::sync::{AtomicU32, AtomicU64, Ordering, fence};

/// What an eventfd does.
pub(crate) trait Counter {
    /// Adds one: whoever polls is told.
    fn add_one(&self);

    /// Gives what was added since the last time, and makes it zero. Never waits.
    fn take(&self) -> u64;
}

/// The poller's side of a completion ring. Does nothing until a descriptor is asked for.
#[derive(Debug)]
pub(crate) struct Event<C> {
    counter: OnceLock<C>,
    /// 1 when the next post is to be told.
    armed: AtomicU32,
    /// Additions that were or will be made, and have not been taken yet; used by the consumer only. What the
    /// application takes by reading the descriptor itself stays owed for ever: a few reads for nothing.
    owed: AtomicU64,
}

impl<C: Counter> Event<C> {
    pub(crate) fn new() -> Event<C> {
        Event { counter: OnceLock::new(), armed: AtomicU32::new(0), owed: AtomicU64::new(0) }
    }

    /// The counter, made by `make` when there is none yet. That must give one to which one has been added, as if a
    /// post had been told: something may have been posted already.
    pub(crate) fn get_or_create<E>(&self, make: impl FnOnce() -> Result<C, E>) -> Result<&C, E> {
        if let Some(counter) = self.counter.get() {
            return Ok(counter);
        }
        let counter = make()?;
        Ok(self.counter.get_or_init(|| counter))
    }

    /// Tells who polls, if nobody has since it last looked. Called after posting and after a sequentially consistent
    /// fence (E5), which is the one of `Wake::notify`: sleeping and polling share it. One relaxed load when nobody is
    /// to be told.
    #[inline]
    pub(crate) fn raise(&self) {
        // E6: relaxed, the fences order it; most posts end here.
        if self.armed.load(Ordering::Relaxed) == 0 {
            return;
        }
        // The exchange makes one arming cost one addition. Acquire pairs with E2: the counter is seen as well.
        if self.armed.swap(0, Ordering::Acquire) == 1
            && let Some(counter) = self.counter.get()
        {
            counter.add_one();
        }
    }

    /// Makes the descriptor unreadable until the next post. Called by the consumer, and before it looks for
    /// completions: what is posted after that look is told.
    pub(crate) fn rearm(&self) {
        let Some(counter) = self.counter.get() else { return };
        let owed = self.owed.load(Ordering::Relaxed);
        // E1: before E2. Taken after it, an addition could be one that nobody is told of a second time.
        if owed > 0 || self.armed.load(Ordering::Relaxed) == 0 {
            let taken = counter.take();
            // E2: release pairs with E6.
            let was_raised = self.armed.swap(1, Ordering::Release) == 0;
            self.owed.store((owed + u64::from(was_raised)).saturating_sub(taken), Ordering::Relaxed);
        }
        // E3: pairs with E5. Without it E4 could look before E2 is seen, and E6 before C3: both would miss.
        fence(Ordering::SeqCst);
    }
}
