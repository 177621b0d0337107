//! The name of a call in flight.

/// Names a call in flight, or one that was: a finished call's ticket never names a later call (ENGINE-13).
///
/// One word, the way a queued record carries it: the slot in the low half, its generation in the high one.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Ticket(u64);

impl Ticket {
    pub(super) fn new(slot: u32, generation: u32) -> Ticket {
        Ticket(u64::from(slot) | u64::from(generation) << 32)
    }

    pub(crate) fn pack(self) -> u64 {
        self.0
    }

    pub(crate) fn unpack(word: u64) -> Ticket {
        Ticket(word)
    }

    #[allow(clippy::cast_possible_truncation, reason = "the low half is the slot")]
    pub(super) fn slot(self) -> u32 {
        self.0 as u32
    }

    #[allow(clippy::cast_possible_truncation, reason = "shifted to the low half")]
    pub(super) fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }
}
