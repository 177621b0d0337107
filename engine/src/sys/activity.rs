//! The activity of a thread that makes calls: whether it is inside one, and whether that is still the same one. The
//! thread writes it, the monitor looks at it and marks calls as blocked.

use crate::sys::sync::{AtomicU64, Ordering};

/// One word, written by the thread that makes calls and marked by the monitor: the number of the call, above two bits.
/// Accesses are relaxed: the word alone is read, and the exchanges on it decide between the thread and the monitor. Only that a
/// call begins is released, and a glance acquires it, for the memory that a submitter leaves behind (`queues::private_lane`).
#[derive(Debug)]
pub(crate) struct Activity(AtomicU64);

/// A call is being made.
const INSIDE: u64 = 1;
/// It counts as blocked.
const BLOCKED: u64 = 2;

/// The activity at one look of the monitor.
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
        // Release: pairs with the load in `glance`. Without it the monitor could read a private lane as it was before the
        // submitter's last stores to it.
        self.0.store(next | INSIDE, Ordering::Release);
    }

    /// The call counts as blocked from now on; false when it did already.
    pub(crate) fn block(&self) -> bool {
        self.0.fetch_or(BLOCKED, Ordering::Relaxed) & BLOCKED == 0
    }

    /// The call is over. Says whether it counted as blocked.
    #[inline]
    pub(crate) fn leave(&self) -> bool {
        let old = self.0.load(Ordering::Relaxed);
        // An exchange, because the monitor may mark the call just now: its result says whether the mark came first.
        let old = self.0.swap(old & !(INSIDE | BLOCKED), Ordering::Relaxed);
        old & BLOCKED != 0
    }

    /// As [`Activity::leave`] for a thread that is never marked.
    #[inline]
    pub(crate) fn leave_unmarked(&self) {
        let old = self.0.load(Ordering::Relaxed);
        self.0.store(old & !(INSIDE | BLOCKED), Ordering::Relaxed);
    }

    pub(crate) fn glance(&self) -> Glance {
        // Acquire: pairs with the store in `enter`.
        Glance(self.0.load(Ordering::Acquire))
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

    /// The word: of two that differ the later one is of another call, or of none.
    pub(crate) fn word(self) -> u64 {
        self.0
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
        let activity = Activity::new();
        assert!(!activity.glance().is_inside());
        activity.enter();
        let first = activity.glance();
        assert!(first.is_running() && activity.glance() == first);
        assert!(!activity.leave());
        assert!(!activity.mark(first), "it is over");
        activity.enter();
        assert_ne!(activity.glance(), first);
        assert!(!activity.mark(first), "another call");
        assert!(activity.mark(activity.glance()));
        assert!(activity.glance().is_inside() && !activity.glance().is_running());
        assert!(activity.leave(), "it was marked");
        activity.enter();
        assert!(activity.block() && !activity.block(), "it counts once");
        assert!(activity.glance().is_inside() && !activity.glance().is_running() && activity.leave());
    }
}
