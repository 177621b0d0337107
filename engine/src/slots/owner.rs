//! The submitter's end of the slots, which a ring has: only it takes and frees them.

use std::cell::Cell;

use syslet_abi::{Call, DONE_BYTES_MIN, DoneFlags};

use crate::slots::abandon::BACK_BYTES;
use crate::slots::admission::{Admission, Placement, Verdict};
use crate::slots::dispatch::DispatchFlags;
use crate::slots::lent::{LentSet, give_back};
use crate::slots::state::State;
use crate::slots::{Slots, Ticket};
use crate::sys::sync::{Arc, Ordering};

/// The submitter's end of a table of slots.
#[derive(Debug)]
pub(crate) struct SlotOwner {
    table: Arc<Slots>,
    /// Calls that have a slot, and calls of the private lane that have none yet: each of those finds one when it needs it.
    in_use: usize,
    /// Of these, the slots of abandoned calls: their completions are consumed, and their workers are not back.
    owed: usize,
    /// Whether other threads may stop the ring's calls.
    is_watched: Cell<bool>,
    /// Descriptors lent to calls in flight, by slot, as far as any was lent.
    lent: Vec<LentSet>,
}

impl SlotOwner {
    /// `lent` has room for the descriptors of as many calls as there are slots, and is empty.
    pub(crate) fn new(table: Arc<Slots>, lent: Vec<LentSet>) -> SlotOwner {
        SlotOwner { table, in_use: 0, owed: 0, is_watched: Cell::new(false), lent }
    }

    /// Calls in flight: accepted, and their completion not consumed.
    pub(crate) fn in_use(&self) -> usize {
        self.in_use - self.owed
    }

    /// Whether a slot is free that no call of the private lane may need.
    #[inline(always)]
    pub(crate) fn has_free(&self) -> bool {
        self.in_use < self.table.slots.len()
    }

    /// Counts a call of the private lane: a slot will be free when it needs one.
    #[inline(always)]
    pub(crate) fn count_private(&mut self) {
        self.in_use += 1;
    }

    /// So many calls of the private lane are over, and never had a slot.
    #[inline(always)]
    pub(crate) fn discount_private(&mut self, calls: usize) {
        self.in_use -= calls;
    }

    /// Takes a slot for a call, if one is free.
    #[inline]
    pub(crate) fn take(&mut self, call: &Call<'_>, admission: &Admission<'_>) -> Option<Ticket> {
        self.take_in(call, admission, self.first_state(admission.verdict))
    }

    /// The same, in that state.
    #[inline]
    pub(crate) fn take_in(
        &mut self,
        call: &Call<'_>,
        admission: &Admission<'_>,
        state: State,
    ) -> Option<Ticket> {
        if !self.has_free() {
            return None;
        }
        self.in_use += 1;
        self.table.take(call, admission, state, None)
    }

    /// A call that only its submitter can begin or stop is QUEUED_PRIVATE, and begins without an exchange. A staged
    /// call is QUEUED: it may wait for long, and others are to stop it meanwhile.
    #[inline(always)]
    pub(crate) fn first_state(&self, verdict: &Verdict) -> State {
        let dispatch = verdict.dispatch;
        if dispatch.contains(DispatchFlags::INSTANT) {
            State::INSTANT
        } else if dispatch.intersects(DispatchFlags::WORKER.with(DispatchFlags::TIMED))
            || verdict.placement == Placement::StagedCall
            || self.is_watched()
        {
            State::QUEUED
        } else {
            State::QUEUED_PRIVATE
        }
    }

    /// Whether other threads may stop the ring's calls.
    #[inline(always)]
    pub(crate) fn is_watched(&self) -> bool {
        self.is_watched.get()
    }

    /// Other threads may stop the ring's calls from now on, queued ones among them.
    #[cold]
    pub(crate) fn open_to_others(&self) {
        self.is_watched.set(true);
        for ticket in self.table.occupied() {
            self.table.get(ticket).phase.open(ticket.generation());
        }
    }

    /// Takes a slot for an answer that is no call: it is over, and its completion has the shortest length.
    pub(crate) fn take_answer(&mut self, user_data: u64) -> Option<Ticket> {
        if !self.has_free() {
            return None;
        }
        self.in_use += 1;
        self.table.take_free(None, State::DONE, |slot, _| slot.answer(user_data))
    }

    /// Keeps descriptors open until the call is over.
    pub(crate) fn lend(&mut self, ticket: Ticket, lent: LentSet) {
        let index = ticket.slot() as usize;
        if self.lent.len() <= index {
            self.lent.resize_with(index + 1, LentSet::default);
        }
        self.lent[index] = lent;
    }

    /// The descriptors lent to calls in flight, by slot. They are kept for as long as the calls' ring state.
    pub(crate) fn take_lent(&mut self) -> Vec<(u32, LentSet)> {
        let lent = (0..).zip(std::mem::take(&mut self.lent));
        lent.filter(|(_, lent)| lent.iter().any(Option::is_some)).collect()
    }

    /// Ends a call: its ticket is stale before its slot can be taken again. Gives the user's word, and the room that was
    /// held, in bytes.
    #[inline(always)]
    pub(crate) fn settle(&mut self, ticket: Ticket) -> (u64, u64) {
        let slot = self.table.get(ticket);
        debug_assert_eq!(slot.phase.generation(), ticket.generation(), "a call ends once");
        let known = (slot.user_data(), slot.room());
        self.free(ticket);
        known
    }

    /// The same for a record of an abandoned call: the slot is free when its worker is back and its last record is
    /// consumed.
    #[cold]
    pub(crate) fn settle_abandoned(&mut self, ticket: Ticket, flags: DoneFlags) -> (u64, u64) {
        let slot = self.table.get(ticket);
        debug_assert_eq!(slot.phase.generation(), ticket.generation(), "a call ends once");
        let user_data = slot.user_data();
        let room = if flags.contains(DoneFlags::RELEASED) {
            let is_reported = slot.is_reported();
            self.owed -= usize::from(!is_reported);
            self.free(ticket);
            if is_reported { DONE_BYTES_MIN as u64 } else { BACK_BYTES }
        } else if slot.is_reported() {
            slot.credit()
        } else if slot.phase.consume_abandoned(ticket.generation()) {
            let room = slot.credit();
            self.free(ticket);
            room
        } else {
            self.owed += 1;
            slot.credit() - BACK_BYTES
        };
        (user_data, room)
    }

    #[inline(always)]
    fn free(&mut self, ticket: Ticket) {
        let slot = self.table.get(ticket);
        slot.phase.release(ticket.generation() + 1);
        slot.next.store(self.table.free.load(Ordering::Relaxed), Ordering::Relaxed);
        self.table.free.store(ticket.slot(), Ordering::Relaxed);
        self.in_use -= 1;
        if let Some(lent) = self.lent.get_mut(ticket.slot() as usize) {
            give_back(std::mem::take(lent));
        }
    }
}
