//! Counts the room in the completion ring that `Ring` holds for a call until its completion is consumed (RING-11).

/// The credit of one ring. The submitter alone has it: a call's room comes back when its completion is consumed.
#[derive(Debug)]
pub(crate) struct Credit {
    available: u64,
    /// Never given out: the room of the whole ring, less the longest PAD.
    usable: u64,
}

impl Credit {
    /// All of a ring's usable bytes. No claim is longer than `claim_max`.
    pub(crate) fn new(ring_bytes: u64, claim_max: u64) -> Credit {
        let usable = ring_bytes - (claim_max - 8);
        Credit { available: usable, usable }
    }

    /// Whether as many bytes are available.
    pub(crate) fn has(&self, bytes: u64) -> bool {
        self.available >= bytes
    }

    /// Holds `bytes` for one completion, if as many are available.
    #[must_use]
    pub(crate) fn take(&mut self, bytes: u64) -> bool {
        let Some(left) = self.available.checked_sub(bytes) else { return false };
        self.available = left;
        true
    }

    /// Gives back room.
    pub(crate) fn give_back(&mut self, bytes: u64) {
        self.available += bytes;
        debug_assert!(self.available <= self.usable, "more came back than was taken");
    }
}
