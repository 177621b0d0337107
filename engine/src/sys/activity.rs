//! Whether a thread is inside a call, and whether it is still the same one: what the starter looks at.

use crate::sys::sync::{AtomicU64, Ordering};

/// One word, written by the thread that makes calls and marked by the starter: the number of the call, above two
/// bits.
#[derive(Debug)]
pub(crate) struct Activity(AtomicU64);

/// A call is being made.
const INSIDE: u64 = 1;
/// It counts as blocked.
const BLOCKED: u64 = 2;

/// What the starter saw at one look.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Glance(u64);

impl Activity {
    pub(crate) fn new() -> Activity {
        Activity(AtomicU64::new(0))
    }

    /// A call begins.
    #[inline]
    pub(crate) fn enter(&self) {
        let next = (self.0.load(Ordering::Relaxed) | INSIDE | BLOCKED) + 1;
        self.0.store(next | INSIDE, Ordering::Relaxed);
    }

    /// The call counts as blocked from now on; false when it did already.
    pub(crate) fn block(&self) -> bool {
        self.0.fetch_or(BLOCKED, Ordering::Relaxed) & BLOCKED == 0
    }

    /// The call is over. Says whether it counted as blocked.
    #[inline]
    pub(crate) fn leave(&self) -> bool {
        let old = self.0.load(Ordering::Relaxed);
        // An exchange, because the starter may mark the call just now; its result says who came first.
        let old = self.0.swap(old & !(INSIDE | BLOCKED), Ordering::Relaxed);
        old & BLOCKED != 0
    }

    /// As [`Watch::leave`] for a thread that is never marked.
    #[inline]
    pub(crate) fn leave_unmarked(&self) {
        let old = self.0.load(Ordering::Relaxed);
        self.0.store(old & !(INSIDE | BLOCKED), Ordering::Relaxed);
    }

    pub(crate) fn glance(&self) -> Glance {
        Glance(self.0.load(Ordering::Relaxed))
    }

    /// Marks the call seen at that glance as blocked, if it is still being made.
    pub(crate) fn mark(&self, glance: Glance) -> bool {
        let (old, new) = (glance.0, glance.0 | BLOCKED);
        self.0.compare_exchange(old, new, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

impl Glance {
    /// Whether a call was being made that did not count as blocked.
    pub(crate) fn is_running(self) -> bool {
        self.0 & (INSIDE | BLOCKED) == INSIDE
    }

    /// Whether a call was being made.
    pub(crate) fn is_inside(self) -> bool {
        self.0 & INSIDE != 0
    }
}

#[cfg(test)]
#[cfg(not(syslet_loom))]
mod tests {
    use super::*;

    /// POOL-15: two looks tell the same call from another one, and a mark goes to the call that was looked at.
    #[test]
    fn a_mark_meets_the_call_that_was_seen() {
        let watch = Activity::new();
        assert!(!watch.glance().is_inside());
        watch.enter();
        let first = watch.glance();
        assert!(first.is_running() && watch.glance() == first);
        assert!(!watch.leave());
        assert!(!watch.mark(first), "it is over");
        watch.enter();
        assert_ne!(watch.glance(), first);
        assert!(!watch.mark(first), "another call");
        assert!(watch.mark(watch.glance()));
        assert!(watch.glance().is_inside() && !watch.glance().is_running());
        assert!(watch.leave(), "it was marked");
        watch.enter();
        assert!(watch.block() && !watch.block(), "it counts once");
        assert!(watch.glance().is_inside() && !watch.glance().is_running() && watch.leave());
    }
}
