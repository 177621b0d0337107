//! Holds the calls with a priority or a lane from `Ring::push` on, until the ring publishes them to lane or priority queue.

use std::collections::VecDeque;

use syslet_abi::{AttributeId, Call, USER_DATA_OFFSET};
use syslet_attrs::{LaneAsk, LaneValue, Needs};

use crate::queues::priority::Key;
use crate::slots::Ticket;
use crate::slots::admission::Admission;
use crate::slots::dispatch::DispatchFlags;

/// A call with a priority or a lane, pushed and not published.
#[derive(Debug)]
pub(crate) struct StagedCall {
    /// The words of its record, as they stand in a ring.
    record: Vec<u64>,
    key: Key,
    queued_ns: u64,
    /// Only workers may run it.
    is_pooled: bool,
    lane: Option<LaneAsk>,
    /// The dispatch flags of a call that its submitter may run inline while it is in its lane.
    in_lane: Option<DispatchFlags>,
}

/// The staged calls of one ring.
#[derive(Debug, Default)]
pub(crate) struct Staged {
    calls: VecDeque<StagedCall>,
    /// How many of them have no lane.
    without_lane: usize,
    /// How many of them only workers may run, whether their lanes have room or not.
    for_workers: usize,
    /// Used records, kept for the next.
    spare: Vec<Vec<u64>>,
}

impl Staged {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Gives all calls to `to`, in the order pushed. It may return used memory, for records to come.
    pub(crate) fn give(&mut self, mut to: impl FnMut(StagedCall) -> Option<Vec<u64>>) {
        (self.without_lane, self.for_workers) = (0, 0);
        for call in self.calls.drain(..) {
            self.spare.extend(to(call));
        }
    }

    /// Gives the calls that have no lane to `to`, in the order pushed, and keeps the others.
    pub(crate) fn give_without_lane(&mut self, mut to: impl FnMut(StagedCall) -> Option<Vec<u64>>) {
        for _ in 0..if self.without_lane > 0 { self.calls.len() } else { 0 } {
            match self.calls.pop_front() {
                Some(call) if call.lane.is_some() => self.calls.push_back(call),
                call => self.spare.extend(call.and_then(&mut to)),
            }
        }
        self.without_lane = 0;
    }

    /// Whether the submitter may run every call that has a lane, as far as the lanes have room.
    pub(crate) fn may_stay(&self) -> bool {
        self.for_workers == 0
    }

    /// The number of the calls.
    pub(crate) fn len(&self) -> usize {
        self.calls.len()
    }

    /// The first call.
    pub(crate) fn first(&self) -> Option<&StagedCall> {
        self.calls.front()
    }

    /// Takes the first call. All of them have lanes.
    pub(crate) fn take_first(&mut self) -> Option<StagedCall> {
        self.calls.pop_front()
    }

    /// Takes back used memory, for records to come.
    pub(crate) fn reuse(&mut self, record: Vec<u64>) {
        self.spare.push(record);
    }

    /// Appends a call, with its ticket in the place of user_data, and its dispatch flags.
    pub(crate) fn push(&mut self, call: &Call<'_>, ticket: Ticket, admission: &Admission<'_>) {
        let verdict = admission.verdict;
        let mut record = self.spare.pop().unwrap_or_default();
        record.clear();
        let words = call.bytes().chunks_exact(8);
        record.extend(words.map(|word| u64::from_ne_bytes(word.try_into().unwrap_or_default())));
        record[0] = verdict.dispatch.on_first(record[0]);
        record[USER_DATA_OFFSET / 8] = ticket.pack();
        let asked = call.asks().find(|ask| ask.id == AttributeId::LANE);
        let lane = asked.filter(|_| verdict.needs.contains(Needs::LANE));
        self.without_lane += usize::from(lane.is_none());
        self.for_workers += usize::from(lane.is_some() && verdict.in_lane.is_none());
        self.calls.push_back(StagedCall {
            record,
            key: Key::new(admission.queued_ns, verdict.priority),
            queued_ns: admission.queued_ns,
            is_pooled: verdict.dispatch.contains(DispatchFlags::WORKER),
            lane: lane.and_then(|ask| LaneAsk::parse(ask.payload)),
            in_lane: verdict.in_lane,
        });
    }
}

impl StagedCall {
    pub(crate) fn ticket(&self) -> Ticket {
        ticket(&self.record)
    }

    pub(crate) fn key(&self) -> Key {
        self.key
    }

    pub(crate) fn queued_ns(&self) -> u64 {
        self.queued_ns
    }

    /// Writes the value of its LANE over the attribute's payload.
    pub(crate) fn note(&mut self, value: LaneValue) {
        let asked = Call::admitted(bytemuck::cast_slice(&self.record)).asks();
        if let Some(at) = { asked }.find(|ask| ask.id == AttributeId::LANE).map(|ask| ask.payload_offset) {
            let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut self.record);
            bytes[at..at + LaneValue::BYTES].copy_from_slice(&value.bytes());
        }
    }

    pub(crate) fn is_pooled(&self) -> bool {
        self.is_pooled
    }

    /// Its request of a lane, if it has to pass one.
    pub(crate) fn lane(&self) -> Option<LaneAsk> {
        self.lane
    }

    /// The dispatch flags of a call that its submitter may run inline while it is in its lane.
    pub(crate) fn in_lane(&self) -> Option<DispatchFlags> {
        self.in_lane
    }

    /// Marks the record of a call that is in its lane as one that its submitter runs.
    pub(crate) fn run_inline(&mut self, dispatch: DispatchFlags) {
        // Its slot has no state for a call that cannot sleep: any thread may remove it.
        self.record[0] = dispatch.without(DispatchFlags::INSTANT).instead_on(self.record[0]);
    }

    pub(crate) fn bytes(&self) -> u64 {
        8 * self.record.len() as u64
    }

    /// The words of its record, as they stand in a ring.
    pub(crate) fn into_record(self) -> Vec<u64> {
        self.record
    }

    /// The same, where they are.
    pub(crate) fn record(&self) -> &[u64] {
        &self.record
    }
}

/// The ticket of a record that stands, or is to stand, in a priority queue.
pub(crate) fn ticket(record: &[u64]) -> Ticket {
    Ticket::unpack(record[USER_DATA_OFFSET / 8])
}
