//! The name of a call in flight inside the engine: its slot, and which use of that. The public one adds the ring
//! (`crate::ticket`).

use syslet_abi::Params;

/// Names a call in flight of one ring, or one that was: a finished call's ticket never names a later call (ENGINE-13).
///
/// One word, the way a queued record carries it: the slot in the low 24 bits, its generation in the high 40. They are
/// used up when one slot has been used 2^40 times: a day and more at ten million calls a second.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Ticket(u64);

/// Bits of the slot.
const SLOT_BITS: u32 = 24;

const _: () = assert!(Params::SLOTS_MAX == 1 << SLOT_BITS, "every slot fits");

impl Ticket {
    /// The ticket of a call that has no slot.
    pub(crate) const NONE: Ticket = Ticket(u64::MAX);

    pub(crate) fn new(slot: u32, generation: u64) -> Ticket {
        Ticket(u64::from(slot) | generation << SLOT_BITS)
    }

    pub(crate) fn pack(self) -> u64 {
        self.0
    }

    pub(crate) fn unpack(word: u64) -> Ticket {
        Ticket(word)
    }

    #[allow(clippy::cast_possible_truncation, reason = "masked to the bits of the slot")]
    pub(crate) fn slot(self) -> u32 {
        self.0 as u32 & ((1 << SLOT_BITS) - 1)
    }

    /// The use of the slot.
    pub(crate) fn generation(self) -> u64 {
        self.0 >> SLOT_BITS
    }
}
