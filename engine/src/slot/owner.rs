//! The submitter's side of the slots: it alone takes them.

use syslet_abi::Call;

use super::{NIL, Slots, Ticket};
use crate::admission::Admission;
use crate::lent::{LentSet, give_back};
use crate::sync::{Arc, Ordering};

/// The submitter's end of a table of slots.
#[derive(Debug)]
pub(crate) struct SlotOwner {
    table: Arc<Slots>,
    free: u32,
    in_use: usize,
    /// Descriptors lent to calls in flight, by slot; empty until the first is lent.
    lent: Vec<LentSet>,
}

impl SlotOwner {
    pub(crate) fn new(table: Arc<Slots>) -> SlotOwner {
        SlotOwner { table, free: 0, in_use: 0, lent: Vec::new() }
    }

    /// Calls in flight, once what others have freed is collected.
    pub(crate) fn in_use(&mut self) -> usize {
        if self.in_use > 0 {
            self.collect();
        }
        self.in_use
    }

    /// Whether others have freed slots that are not collected yet.
    pub(crate) fn is_returned(&self) -> bool {
        self.table.returned.load(Ordering::Relaxed) != NIL
    }

    /// Whether a slot is free.
    pub(crate) fn has_free(&mut self) -> bool {
        if self.free == NIL {
            self.collect();
        }
        self.free != NIL
    }

    /// Takes a slot for a call, if one is free.
    #[inline]
    pub(crate) fn take(&mut self, call: &Call<'_>, admission: &Admission) -> Option<Ticket> {
        if !self.has_free() {
            return None;
        }
        let slot = &self.table.slots[self.free as usize];
        let ticket = Ticket::new(self.free, slot.generation.load(Ordering::Relaxed));
        self.free = slot.next.load(Ordering::Relaxed);
        self.in_use += 1;
        slot.admit(call, admission);
        Some(ticket)
    }

    /// Keeps descriptors open until the call is over.
    pub(crate) fn lend(&mut self, ticket: Ticket, lent: LentSet) {
        if self.lent.is_empty() {
            self.lent.resize_with(self.table.slots.len(), LentSet::default);
        }
        self.lent[ticket.slot() as usize] = lent;
    }

    /// The descriptors lent to calls in flight: whoever keeps the calls' ring alive keeps them.
    pub(crate) fn take_lent(&mut self) -> Vec<LentSet> {
        self.in_use();
        std::mem::take(&mut self.lent)
    }

    /// Ends a call in the submitter's own thread.
    pub(crate) fn free(&mut self, ticket: Ticket) {
        self.table.retire(ticket);
        self.chain(ticket.slot());
    }

    /// Collects what other threads have freed.
    fn collect(&mut self) {
        // Look first: mostly there is nothing, and an exchange would take the line from who frees.
        if !self.is_returned() {
            return;
        }
        // Acquire: pairs with the release in `free_elsewhere`.
        let mut slot = self.table.returned.swap(NIL, Ordering::Acquire);
        while slot != NIL {
            let next = self.table.slots[slot as usize].next.load(Ordering::Relaxed);
            self.chain(slot);
            slot = next;
        }
    }

    fn chain(&mut self, slot: u32) {
        self.table.slots[slot as usize].next.store(self.free, Ordering::Relaxed);
        self.free = slot;
        self.in_use -= 1;
        if let Some(lent) = self.lent.get_mut(slot as usize) {
            give_back(std::mem::take(lent));
        }
    }
}
