//! Room in the completion ring, held from acceptance until the completion is consumed (RING-11).

use crate::sync::{Arc, AtomicU64, Ordering};

/// What other threads give back. The submitter collects it when its own part runs short.
#[derive(Debug)]
pub(crate) struct Returned {
    bytes: AtomicU64,
}

/// The submitter's side of the credit.
#[derive(Debug)]
pub(crate) struct Credit {
    available: u64,
    /// Never given out: the room of the whole ring, less the longest PAD.
    usable: u64,
    returned: Arc<Returned>,
}

impl Returned {
    pub(crate) fn new() -> Returned {
        Returned { bytes: AtomicU64::new(0) }
    }

    /// Gives back room that a completion posted elsewhere did not use.
    pub(crate) fn give_back(&self, bytes: u64) {
        if bytes > 0 {
            // Relaxed: a count and nothing else. This room was never written, and what was zeroed, the submitter
            // zeroed itself (RING-13).
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
    }
}

impl Credit {
    /// All of a ring's usable bytes. No claim is longer than `claim_max`.
    pub(crate) fn new(ring_bytes: u64, claim_max: u64, returned: Arc<Returned>) -> Credit {
        let usable = ring_bytes - (claim_max - 8);
        Credit { available: usable, usable, returned }
    }

    /// Holds `bytes` for one completion, if there is as much.
    #[must_use]
    pub(crate) fn take(&mut self, bytes: u64) -> bool {
        if self.available < bytes {
            self.available += self.returned.bytes.swap(0, Ordering::Relaxed);
        }
        debug_assert!(self.available <= self.usable, "more came back than was taken");
        let Some(left) = self.available.checked_sub(bytes) else { return false };
        self.available = left;
        true
    }

    /// Gives back room that the submitter's own thread no longer needs.
    pub(crate) fn give_back(&mut self, bytes: u64) {
        self.available += bytes;
        debug_assert!(self.available <= self.usable, "more came back than was taken");
    }
}
