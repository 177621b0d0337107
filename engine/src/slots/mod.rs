//! The fixed table of calls in flight. A call in flight is its slot, never a stack frame: the submitter fills it, and
//! workers, cancellers and the monitor find everything about the call there.

pub(crate) mod abandon;
pub(crate) mod admission;
pub(crate) mod dispatch;
#[cfg(not(syslet_loom))]
pub(crate) mod kept;
pub(crate) mod lent;
pub(crate) mod maker;
mod owner;
pub(crate) mod phase;
pub(crate) mod state;
mod ticket;

use std::collections::TryReserveError;

use syslet_abi::{AttributeId, Call, DONE_BYTES_MIN};
use syslet_attrs::Needs;

use crate::slots::admission::{AbandonPolicy, Admission, Answers, AskedIds};
use crate::slots::maker::Maker;
pub(crate) use crate::slots::owner::SlotOwner;
use crate::slots::phase::Phase;
use crate::slots::state::State;
pub(crate) use crate::slots::ticket::Ticket;
use crate::sys::sync::{AtomicU32, AtomicU64, Ordering};

/// End of a list of slots.
const NIL: u32 = u32::MAX;

/// One slot. The submitter writes its fields but `phase`, `maker` and, while the call runs, `next`. They are atomics
/// because workers and cancellers read them while the call runs. All accesses are relaxed: the submitter's stores are
/// released by the phase (`Phase::admit`, read by cancellers with acquire) and by the tail of the submission ring (S3,
/// read by workers at S4); `maker` and `next` by the store of RUNNING (`Phase::begin_working`).
#[derive(Debug)]
#[repr(C, align(128))]
pub(crate) struct Slot {
    /// The use of the slot, the state of its call, and whether that is to stop.
    phase: Phase,
    user_data: AtomicU64,
    nr: AtomicU32,
    fd: AtomicU32,
    credit: AtomicU32,
    /// The needs of the call's attributes, and the three bits below.
    needs: AtomicU32,
    queued_ns: AtomicU64,
    /// The thread that makes the call, while a worker makes it.
    maker: AtomicU32,
    /// While the slot is free, the next one in the list of free slots. While a worker makes the call, the timer of that
    /// thread.
    next: AtomicU32,
    /// Meaningful when the call has attributes.
    answers: [AtomicU64; Answers::WORDS],
    /// Meaningful when the call has attributes.
    asked: [AtomicU64; AskedIds::WORDS],
}

/// Two cache lines: the fields that every call uses in the first, those that only attributes use in the second.
#[cfg(not(syslet_loom))]
const _: () = assert!(size_of::<Slot>() == 128);

/// The call has an out area, or asks for DATA.
const RETURNS_DATA: u32 = 1 << 31;
/// It is not abandoned while it runs.
const IS_KEPT: u32 = 1 << 30;
/// When it was abandoned, a second record follows.
const IS_REPORTED: u32 = 1 << 29;
const BITS: u32 = RETURNS_DATA | IS_KEPT | IS_REPORTED;

impl Slot {
    /// A slot of no table: the decisions about a call that has none there, for the thread that runs it.
    pub(crate) fn alone() -> Slot {
        Slot::new(NIL)
    }

    fn new(next: u32) -> Slot {
        Slot {
            phase: Phase::new(),
            user_data: AtomicU64::new(0),
            nr: AtomicU32::new(0),
            fd: AtomicU32::new(0),
            credit: AtomicU32::new(0),
            needs: AtomicU32::new(0),
            queued_ns: AtomicU64::new(0),
            answers: std::array::from_fn(|_| AtomicU64::new(0)),
            asked: std::array::from_fn(|_| AtomicU64::new(0)),
            maker: AtomicU32::new(0),
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
        Needs(self.needs.load(Ordering::Relaxed) & !BITS)
    }

    /// Whether the call may be abandoned while it runs.
    pub(crate) fn may_be_abandoned(&self) -> bool {
        self.needs.load(Ordering::Relaxed) & IS_KEPT == 0
    }

    /// Whether a second record follows when the call was abandoned.
    pub(crate) fn is_reported(&self) -> bool {
        self.needs.load(Ordering::Relaxed) & IS_REPORTED != 0
    }

    /// Room held for all records that are posted of the call, in bytes.
    fn room(&self) -> u64 {
        self.credit() + if self.is_reported() { DONE_BYTES_MIN as u64 } else { 0 }
    }

    pub(crate) fn queued_ns(&self) -> u64 {
        self.queued_ns.load(Ordering::Relaxed)
    }

    /// Takes the call's fields, and the decisions of admission about it.
    #[inline]
    pub(crate) fn admit(&self, call: &Call<'_>, admission: &Admission<'_>) {
        let verdict = admission.verdict;
        self.user_data.store(call.user_data(), Ordering::Relaxed);
        self.nr.store(call.nr(), Ordering::Relaxed);
        self.fd.store(admission.fd.cast_unsigned(), Ordering::Relaxed);
        self.credit.store(verdict.credit, Ordering::Relaxed);
        let data = if verdict.answering && verdict.returns_data { RETURNS_DATA } else { 0 };
        let abandon_policy = match verdict.abandon_policy {
            AbandonPolicy::Borne => 0,
            AbandonPolicy::Reported => IS_REPORTED,
            AbandonPolicy::Refused => IS_KEPT,
        };
        self.needs.store(verdict.needs.0 | data | abandon_policy, Ordering::Relaxed);
        if verdict.answering {
            self.queued_ns.store(admission.queued_ns, Ordering::Relaxed);
            for (to, word) in self.answers.iter().zip(verdict.answers.pack()) {
                to.store(word, Ordering::Relaxed);
            }
            for (to, word) in self.asked.iter().zip(verdict.asked.pack()) {
                to.store(word, Ordering::Relaxed);
            }
        }
    }

    /// Takes the decisions about a call that has attributes or an out area, in the words that they were kept in.
    #[inline]
    pub(crate) fn restore(
        &self,
        (credit, needs): (u32, Needs),
        returns_data: bool,
        queued_ns: u64,
        (answers, asked): (&[u64], &[u64]),
    ) {
        self.credit.store(credit, Ordering::Relaxed);
        self.needs.store(needs.0 | if returns_data { RETURNS_DATA } else { 0 }, Ordering::Relaxed);
        self.queued_ns.store(queued_ns, Ordering::Relaxed);
        for (to, word) in self.answers.iter().zip(answers) {
            to.store(*word, Ordering::Relaxed);
        }
        for (to, word) in self.asked.iter().zip(asked) {
            to.store(*word, Ordering::Relaxed);
        }
    }

    /// Takes the fields of an answer that is no call: no number, no descriptor, room for the shortest completion.
    #[allow(clippy::cast_possible_truncation, reason = "24")]
    fn answer(&self, user_data: u64) {
        self.user_data.store(user_data, Ordering::Relaxed);
        self.nr.store(u32::MAX, Ordering::Relaxed);
        self.fd.store(u32::MAX, Ordering::Relaxed);
        self.credit.store(DONE_BYTES_MIN as u32, Ordering::Relaxed);
        self.needs.store(0, Ordering::Relaxed);
    }

    /// The ids of the call's attributes, if it has attributes or an out area.
    pub(crate) fn asked(&self) -> Option<AskedIds> {
        let word = |index: usize| self.asked[index].load(Ordering::Relaxed);
        (self.credit() > DONE_BYTES_MIN as u64).then(|| AskedIds::unpack(std::array::from_fn(word)))
    }

    /// Whether the call, which has attributes, has this one only, and it is honoured.
    #[inline(always)]
    pub(crate) fn asks_only(&self, id: AttributeId) -> bool {
        let word = |words: &[AtomicU64]| words[0].load(Ordering::Relaxed);
        word(&self.asked) == AskedIds::only(id) && Answers::honours_all(word(&self.answers))
    }

    /// The decisions of admission about the call's attributes.
    pub(crate) fn answers(&self) -> Answers {
        Answers::unpack(std::array::from_fn(|index| self.answers[index].load(Ordering::Relaxed)))
    }

    /// Whether the completion begins with a DATA return.
    pub(crate) fn returns_data(&self) -> bool {
        self.needs.load(Ordering::Relaxed) & RETURNS_DATA != 0
    }

    /// The word that an invocation tests.
    pub(crate) fn cancel(&self) -> &AtomicU32 {
        self.phase.cancel()
    }

    /// The state of the call, and the steps that change it.
    #[inline(always)]
    pub(crate) fn phase(&self) -> &Phase {
        &self.phase
    }

    /// The first descriptor among the arguments, or −1.
    pub(crate) fn fd(&self) -> i32 {
        self.fd.load(Ordering::Relaxed).cast_signed()
    }

    /// Notes the thread that is about to make the call.
    #[inline(always)]
    pub(crate) fn made_by(&self, maker: Maker) {
        self.maker.store(maker.tid, Ordering::Relaxed);
        self.next.store(maker.timer_word(), Ordering::Relaxed);
    }

    /// The thread that makes the call.
    pub(crate) fn maker(&self) -> Maker {
        Maker::with(self.maker.load(Ordering::Relaxed), self.next.load(Ordering::Relaxed))
    }
}

/// All slots of a ring.
#[derive(Debug)]
pub(crate) struct Slots {
    slots: Box<[Slot]>,
    /// The trace ids of calls that have one, by slot: they do not fit into the slots' two lines.
    traces: Box<[AtomicU64]>,
    /// The numbers that calls had in the private lane, by slot, and one more: 0 for a call that was never there.
    lane_numbers: Box<[AtomicU64]>,
    /// The first slot of the list of free ones. The submitter alone uses it, or the monitor while it has the submitter's
    /// private lane. All accesses are relaxed: the lane's lock orders those of the two threads.
    free: AtomicU32,
}

impl Slots {
    /// A table of free slots.
    ///
    /// # Errors
    /// When there is no memory.
    pub(crate) fn new(count: u32) -> Result<Slots, TryReserveError> {
        let next = |slot: u32| if slot + 1 == count { NIL } else { slot + 1 };
        let (mut slots, mut traces, mut lane_numbers) = (Vec::new(), Vec::new(), Vec::new());
        slots.try_reserve_exact(count as usize)?;
        traces.try_reserve_exact(count as usize)?;
        lane_numbers.try_reserve_exact(count as usize)?;
        slots.extend((0..count).map(|slot| Slot::new(next(slot))));
        traces.extend((0..count).map(|_| AtomicU64::new(0)));
        lane_numbers.extend((0..count).map(|_| AtomicU64::new(0)));
        Ok(Slots {
            slots: slots.into(),
            traces: traces.into(),
            lane_numbers: lane_numbers.into(),
            free: AtomicU32::new(0),
        })
    }

    /// Takes a slot for a call, if one is free. `lane_number` is the call's number in the private lane, if it comes from there.
    /// The submitter calls it, or the monitor while it has the lane.
    #[inline]
    pub(crate) fn take(
        &self,
        call: &Call<'_>,
        admission: &Admission<'_>,
        state: State,
        lane_number: Option<u64>,
    ) -> Option<Ticket> {
        self.take_free(lane_number, state, |slot, ticket| {
            slot.admit(call, admission);
            if let (true, Some(id)) = (admission.verdict.answering, admission.verdict.trace) {
                self.traces[ticket.slot() as usize].store(id, Ordering::Relaxed);
            }
        })
    }

    /// Takes the first free slot; `fill` writes its fields.
    #[inline(always)]
    fn take_free(
        &self,
        lane_number: Option<u64>,
        state: State,
        fill: impl FnOnce(&Slot, Ticket),
    ) -> Option<Ticket> {
        let free = self.free.load(Ordering::Relaxed);
        let slot = self.slots.get(free as usize)?;
        let ticket = Ticket::new(free, slot.phase.generation());
        self.free.store(slot.next.load(Ordering::Relaxed), Ordering::Relaxed);
        self.lane_numbers[free as usize].store(lane_number.map_or(0, |number| number + 1), Ordering::Relaxed);
        fill(slot, ticket);
        slot.phase.admit(ticket.generation(), state);
        Some(ticket)
    }

    /// The call that had this number in the private lane, if it has a slot and is not over.
    pub(crate) fn of_lane(&self, number: u64) -> Option<Ticket> {
        let has_it =
            |ticket: &Ticket| self.lane_numbers[ticket.slot() as usize].load(Ordering::Relaxed) == number + 1;
        self.occupied().find(has_it)
    }

    /// Bytes of a table of that many slots.
    pub(crate) fn bytes(count: u32) -> u64 {
        u64::from(count) * (size_of::<Slot>() + 2 * size_of::<AtomicU64>()) as u64
    }

    /// The slot a ticket names, if it is of this table.
    pub(crate) fn find(&self, ticket: Ticket) -> Option<&Slot> {
        self.slots.get(ticket.slot() as usize)
    }

    /// The trace id of a call, if it has one.
    pub(crate) fn trace(&self, ticket: Ticket) -> Option<u64> {
        let is_traced =
            self.get(ticket).asked().is_some_and(|asked| asked.iter().any(|id| id == AttributeId::TRACE));
        is_traced.then(|| self.traces[ticket.slot() as usize].load(Ordering::Relaxed))
    }

    /// Tickets of the calls that have slots now.
    pub(crate) fn occupied(&self) -> impl Iterator<Item = Ticket> {
        let numbered = (0_u32..).zip(&self.slots);
        numbered.filter_map(|(at, slot)| Some(Ticket::new(at, slot.phase.occupant()?)))
    }

    /// Whether a call that is not claimed never will be made: it was removed, and its slot may be another call's by
    /// now. For the submitter, which alone gives slots to calls.
    pub(crate) fn is_dead(&self, ticket: Ticket) -> bool {
        self.find(ticket)
            .is_none_or(|slot| slot.phase.generation() != ticket.generation() || slot.phase.is_over())
    }

    /// Whether a thread may be in the call that has the slot, or may yet begin it.
    pub(crate) fn is_in_use(&self, slot: u32) -> bool {
        self.slots.get(slot as usize).is_some_and(|slot| slot.phase.is_in_use())
    }

    /// The slot a ticket names.
    ///
    /// # Panics
    /// When the ticket is of another table.
    pub(crate) fn get(&self, ticket: Ticket) -> &Slot {
        &self.slots[ticket.slot() as usize]
    }
}

#[cfg(test)]
#[cfg(not(syslet_loom))]
mod tests;
