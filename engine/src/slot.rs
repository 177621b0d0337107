//! The fixed table of calls in flight. A call in flight is its slot, never a stack frame, so that whoever cancels,
//! waits or takes over finds everything here.

mod owner;
mod ticket;

use syslet_abi::Call;
use syslet_attrs::Needs;

pub(crate) use self::owner::SlotOwner;
pub use self::ticket::Ticket;
use crate::admission::{Admission, Answers};
use crate::sync::{AtomicU32, AtomicU64, Ordering};

/// End of a list of slots.
const NIL: u32 = u32::MAX;

/// Where a call is on its way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct State(pub(crate) u32);

impl State {
    /// The slot is free.
    pub(crate) const FREE: State = State(0);
    /// Accepted; its record stands in the ring.
    pub(crate) const QUEUED: State = State(1);
    /// Its call is being made.
    pub(crate) const RUNNING: State = State(2);
}

/// One slot. Its fields are atomics because others will look at them while the call runs; they are published by
/// the submission ring's tail.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Slot {
    state: AtomicU32,
    generation: AtomicU64,
    user_data: AtomicU64,
    nr: AtomicU32,
    fd: AtomicU32,
    credit: AtomicU32,
    needs: AtomicU32,
    queued_ns: AtomicU64,
    /// Meaningful when the call has attributes.
    answers: [AtomicU64; Answers::WORDS],
    /// Not zero: the call shall not begin. The stub reads it just before the instruction.
    cancel: AtomicU32,
    /// The next slot of the list this one stands on.
    next: AtomicU32,
}

impl Slot {
    fn new(next: u32) -> Slot {
        Slot {
            state: AtomicU32::new(State::FREE.0),
            generation: AtomicU64::new(0),
            user_data: AtomicU64::new(0),
            nr: AtomicU32::new(0),
            fd: AtomicU32::new(0),
            credit: AtomicU32::new(0),
            needs: AtomicU32::new(0),
            queued_ns: AtomicU64::new(0),
            answers: std::array::from_fn(|_| AtomicU64::new(0)),
            cancel: AtomicU32::new(0),
            next: AtomicU32::new(next),
        }
    }

    pub(crate) fn user_data(&self) -> u64 {
        self.user_data.load(Ordering::Relaxed)
    }

    /// The number of the call.
    pub(crate) fn nr(&self) -> u32 {
        self.nr.load(Ordering::Relaxed)
    }

    /// Room held for the completion, in bytes.
    pub(crate) fn credit(&self) -> u64 {
        u64::from(self.credit.load(Ordering::Relaxed))
    }

    pub(crate) fn needs(&self) -> Needs {
        Needs(self.needs.load(Ordering::Relaxed))
    }

    pub(crate) fn queued_ns(&self) -> u64 {
        self.queued_ns.load(Ordering::Relaxed)
    }

    #[inline]
    fn admit(&self, call: &Call<'_>, admission: &Admission) {
        self.user_data.store(call.user_data(), Ordering::Relaxed);
        self.nr.store(call.nr(), Ordering::Relaxed);
        self.fd.store(admission.fd.cast_unsigned(), Ordering::Relaxed);
        self.credit.store(admission.credit, Ordering::Relaxed);
        self.needs.store(admission.needs.0, Ordering::Relaxed);
        self.cancel.store(0, Ordering::Relaxed);
        if admission.answering {
            self.queued_ns.store(admission.queued_ns, Ordering::Relaxed);
            for (to, word) in self.answers.iter().zip(admission.answers.pack()) {
                to.store(word, Ordering::Relaxed);
            }
        }
        self.enter(State::QUEUED);
    }

    /// What the door decided about the call's attributes.
    pub(crate) fn answers(&self) -> Answers {
        Answers::unpack(std::array::from_fn(|index| self.answers[index].load(Ordering::Relaxed)))
    }

    pub(crate) fn enter(&self, state: State) {
        self.state.store(state.0, Ordering::Relaxed);
    }

    /// The word the stub tests.
    pub(crate) fn cancel(&self) -> &AtomicU32 {
        &self.cancel
    }
}

/// All slots of a ring, and the list of those that other threads have freed.
#[derive(Debug)]
pub(crate) struct Slots {
    slots: Box<[Slot]>,
    /// First of the slots freed by other threads; the submitter takes the whole list at once.
    returned: AtomicU32,
}

impl Slots {
    pub(crate) fn new(count: u32) -> Slots {
        let next = |slot: u32| if slot + 1 == count { NIL } else { slot + 1 };
        Slots { slots: (0..count).map(|slot| Slot::new(next(slot))).collect(), returned: AtomicU32::new(NIL) }
    }

    /// The slot a ticket names.
    ///
    /// # Panics
    /// When the ticket is of another table.
    pub(crate) fn get(&self, ticket: Ticket) -> &Slot {
        &self.slots[ticket.slot() as usize]
    }

    /// Ends a call in a thread that is not the submitter: its slot joins the list that the submitter collects.
    pub(crate) fn free_elsewhere(&self, ticket: Ticket) {
        self.retire(ticket);
        let slot = self.get(ticket);
        let mut first = self.returned.load(Ordering::Relaxed);
        loop {
            slot.next.store(first, Ordering::Relaxed);
            // Release: the collector sees the link and the new generation. Nobody pops single slots, so the head
            // coming back with the same value does no harm.
            match self.returned.compare_exchange_weak(
                first,
                ticket.slot(),
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(moved) => first = moved,
            }
        }
    }

    /// Makes the ticket stale before the slot can be taken again.
    fn retire(&self, ticket: Ticket) {
        let slot = self.get(ticket);
        slot.enter(State::FREE);
        slot.generation.store(ticket.next_generation(), Ordering::Relaxed);
    }
}

#[cfg(test)]
#[cfg(syslet_loom)]
mod loom_tests;
#[cfg(test)]
#[cfg(not(syslet_loom))]
mod tests;
