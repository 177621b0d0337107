//! A count that one thread writes and others read: no locked instruction.

use crate::sync::{AtomicU64, Ordering};

/// Counts up.
#[derive(Debug)]
pub(crate) struct Tally(AtomicU64);

impl Tally {
    pub(crate) fn new() -> Tally {
        Tally(AtomicU64::new(0))
    }

    /// Adds; only ever one thread at a time does.
    #[inline]
    pub(crate) fn add(&self, count: u64) {
        self.0.store(self.0.load(Ordering::Relaxed) + count, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
