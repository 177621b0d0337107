//! A count that mostly one thread writes and others read: no locked instruction.

use crate::sys::sync::{AtomicU64, Ordering};

/// Counts up.
#[derive(Debug)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn new() -> Counter {
        Counter(AtomicU64::new(0))
    }

    /// Adds. Only ever one thread at a time does.
    #[inline]
    pub(crate) fn add(&self, count: u64) {
        self.0.store(self.0.load(Ordering::Relaxed) + count, Ordering::Relaxed);
    }

    /// Adds, while others may do the same, and nobody uses [`Tally::add`].
    pub(crate) fn add_beside_others(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
