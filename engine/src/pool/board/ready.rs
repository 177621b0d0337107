//! The ready list: rings that have work.

use super::{Board, Sleeper, Work};
use crate::sync::{Arc, Ordering, fence, lock};

impl<P: Work, S: Sleeper> Board<P, S> {
    /// Makes published work known. Says whether somebody has to be roused for it.
    pub(crate) fn announce(&self, port: &Arc<P>) -> bool {
        // B1: pairs with B4 and with the fences in `keep` and `close`.
        fence(Ordering::SeqCst);
        if !port.listed().load(Ordering::Relaxed) {
            self.list(port);
        }
        // B3
        self.searching.load(Ordering::Relaxed) == 0
    }

    /// B2
    fn list(&self, port: &Arc<P>) {
        let mut roster = lock(&self.roster);
        if !port.listed().load(Ordering::Relaxed) && !self.is_closed() {
            port.listed().store(true, Ordering::Relaxed);
            roster.ready.push_back(Arc::clone(port));
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
            let port = roster.ready.pop_front()?;
            if self.keep(&port) {
                roster.ready.push_back(Arc::clone(&port));
                return Some(port);
            }
        }
        None
    }

    /// Whether a listed ring still has work. If not, it is off the list.
    pub(super) fn keep(&self, port: &P) -> bool {
        if port.has_work() {
            return true;
        }
        port.listed().store(false, Ordering::Relaxed);
        // Pairs with B1: who published before it is seen now; who publishes after it sees that the ring is off the list.
        fence(Ordering::SeqCst);
        if port.has_work() {
            port.listed().store(true, Ordering::Relaxed);
            return true;
        }
        self.listed.fetch_sub(1, Ordering::Relaxed);
        false
    }

    /// Takes a ring off the list for good.
    pub(crate) fn forget(&self, port: &P) {
        let mut roster = lock(&self.roster);
        if port.listed().swap(false, Ordering::Relaxed) {
            roster.ready.retain(|other| !std::ptr::eq(&raw const **other, port));
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
