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

/// One slot. Only the submitter writes it. Its fields are atomics because workers read some of them while the call
/// runs; they are published by the submission ring's tail.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Slot {
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
    }

    /// What the door decided about the call's attributes.
    pub(crate) fn answers(&self) -> Answers {
        Answers::unpack(std::array::from_fn(|index| self.answers[index].load(Ordering::Relaxed)))
    }

    /// The word the stub tests.
    pub(crate) fn cancel(&self) -> &AtomicU32 {
        &self.cancel
    }
}

/// All slots of a ring.
#[derive(Debug)]
pub(crate) struct Slots(Box<[Slot]>);

impl Slots {
    pub(crate) fn new(count: u32) -> Slots {
        let next = |slot: u32| if slot + 1 == count { NIL } else { slot + 1 };
        Slots((0..count).map(|slot| Slot::new(next(slot))).collect())
    }

    /// The slot a ticket names.
    ///
    /// # Panics
    /// When the ticket is of another table.
    pub(crate) fn get(&self, ticket: Ticket) -> &Slot {
        &self.0[ticket.slot() as usize]
    }
}

#[cfg(test)]
#[cfg(not(syslet_loom))]
mod tests;
