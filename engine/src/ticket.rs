//! The name of a call for the application: `Ring::push` returns it, cancellation takes it.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::slots;

/// Names a call in flight, or one that was, of one ring: among the calls of another ring it names none, and a finished
/// call's ticket names no later one (ENGINE-13).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Ticket {
    name: Name,
    ring: RingNumber,
}

/// The name of a call within its ring. A call of the private lane keeps its number when it gets a slot.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Name {
    /// Its slot, and which use of that.
    Slot(slots::Ticket),
    /// The number that it had in the private lane.
    Lane(u64),
}

/// The number of a ring; no other ring of this process ever has it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct RingNumber(u64);

/// The number of the next ring.
static NEXT: AtomicU64 = AtomicU64::new(0);

impl RingNumber {
    pub(crate) fn next() -> RingNumber {
        RingNumber(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// The application's name of one of this ring's calls.
    #[inline]
    pub(crate) fn names(self, name: Name) -> Ticket {
        Ticket { name, ring: self }
    }
}

impl Ticket {
    /// The name within its ring, if that is this one.
    pub(crate) fn within(self, ring: RingNumber) -> Option<Name> {
        (self.ring == ring).then_some(self.name)
    }
}
