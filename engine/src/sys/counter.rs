//! A count for statistics that one thread writes and others read, without a locked instruction.

use crate::sys::sync::{AtomicU64, Ordering};

/// Counts up.
#[derive(Debug)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn new() -> Counter {
        Counter(AtomicU64::new(0))
    }

    /// Adds. At most one thread at a time may call it.
    #[inline]
    pub(crate) fn add(&self, count: u64) {
        // Relaxed, as everywhere here: a count says nothing about other memory.
        self.0.store(self.0.load(Ordering::Relaxed) + count, Ordering::Relaxed);
    }

    /// Adds, while other threads may do the same. A counter that uses this does not use [`Counter::add`].
    pub(crate) fn add_beside_others(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
