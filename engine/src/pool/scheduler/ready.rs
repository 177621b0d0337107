//! The ready list: rings that have work.

use crate::pool::scheduler::{Scheduler, Sleeper, Work};
use crate::sys::sync::{Arc, Ordering, fence, lock};

impl<P: Work, S: Sleeper> Scheduler<P, S> {
    /// Makes published work known. Says whether somebody has to be roused for it.
    pub(crate) fn announce(&self, ring: &Arc<P>) -> bool {
        // B1: pairs with B4 and with the fences in `keep` and `close`.
        fence(Ordering::SeqCst);
        if !ring.listed().load(Ordering::Relaxed) {
            self.list(ring);
        }
        // B3
        self.searching.load(Ordering::Relaxed) == 0
    }

    /// B2
    fn list(&self, ring: &Arc<P>) {
        let mut roster = lock(&self.roster);
        if !ring.listed().load(Ordering::Relaxed) && !self.is_closed() {
            ring.listed().store(true, Ordering::Relaxed);
            roster.ready.push_back(Arc::clone(ring));
            self.listed.fetch_add(1, Ordering::Relaxed);
            self.news.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The next ring with work, in turn: not the one that the caller has served `last`, if there is another.
    pub(crate) fn next(&self, last: Option<&P>) -> Option<Arc<P>> {
        if self.listed.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let mut roster = lock(&self.roster);
        let front = roster.ready.front();
        if front.is_some_and(|front| last.is_some_and(|last| std::ptr::eq(&raw const **front, last))) {
            // It went to the back when it was chosen; the others came later.
            roster.ready.rotate_left(1);
        }
        for _ in 0..roster.ready.len() {
            let ring = roster.ready.pop_front()?;
            if self.keep(&ring) {
                roster.ready.push_back(Arc::clone(&ring));
                return Some(ring);
            }
        }
        None
    }

    /// Whether a listed ring still has work. If not, it is off the list.
    pub(crate) fn keep(&self, ring: &P) -> bool {
        if ring.has_work() {
            return true;
        }
        ring.listed().store(false, Ordering::Relaxed);
        // Pairs with B1: who published before it is seen now; who publishes after it sees that the ring is off the list.
        fence(Ordering::SeqCst);
        if ring.has_work() {
            ring.listed().store(true, Ordering::Relaxed);
            return true;
        }
        self.listed.fetch_sub(1, Ordering::Relaxed);
        false
    }

    /// Takes a ring off the list for good.
    pub(crate) fn forget(&self, ring: &P) {
        let mut roster = lock(&self.roster);
        if ring.listed().swap(false, Ordering::Relaxed) {
            roster.ready.retain(|other| !std::ptr::eq(&raw const **other, ring));
            self.listed.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Rings on the list.
    pub(crate) fn listed(&self) -> u32 {
        self.listed.load(Ordering::Relaxed)
    }

    /// Changes whenever a ring is listed.
    pub(crate) fn news(&self) -> u32 {
        self.news.load(Ordering::Relaxed)
    }
}
