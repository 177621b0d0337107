//! Calls that are not to be taken in the order pushed, on their way from the door to the shelf.

use syslet_abi::{AttributeId, Call, USER_DATA_OFFSET};
use syslet_attrs::{LaneAsk, LaneValue, Needs};

use crate::admission::Admission;
use crate::pair::Ring;
use crate::port::Port;
use crate::ring::batch::Marks;
use crate::shelf::Key;
use crate::slot::Ticket;

/// One of them.
#[derive(Debug)]
pub(crate) struct Aside {
    /// As it would stand in the ring.
    record: Vec<u64>,
    key: Key,
    queued_ns: u64,
    /// Only workers may run it.
    is_pooled: bool,
    lane: Option<LaneAsk>,
}

/// Those that were pushed and are not published.
#[derive(Debug, Default)]
pub(crate) struct Staged {
    calls: Vec<Aside>,
    /// Used records, kept for the next.
    spare: Vec<Vec<u64>>,
}

impl Staged {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Appends a call, with its ticket in the place of user_data, and its marks.
    pub(crate) fn push(&mut self, call: &Call<'_>, ticket: Ticket, admission: &Admission) {
        let mut record = self.spare.pop().unwrap_or_default();
        record.clear();
        let words = call.bytes().chunks_exact(8);
        record.extend(words.map(|word| u64::from_ne_bytes(word.try_into().unwrap_or_default())));
        record[0] = admission.marks.on_first(record[0]);
        record[USER_DATA_OFFSET / 8] = ticket.pack();
        let asked = call.asks().find(|ask| ask.id == AttributeId::LANE);
        let lane = asked.filter(|_| admission.needs.contains(Needs::LANE));
        self.calls.push(Aside {
            record,
            key: Key::new(admission.queued_ns, admission.priority),
            queued_ns: admission.queued_ns,
            is_pooled: admission.marks.contains(Marks::WORKER),
            lane: lane.and_then(|ask| LaneAsk::parse(ask.payload)),
        });
    }
}

impl Aside {
    pub(crate) fn ticket(&self) -> Ticket {
        ticket(&self.record)
    }

    pub(crate) fn key(&self) -> Key {
        self.key
    }

    pub(crate) fn queued_ns(&self) -> u64 {
        self.queued_ns
    }

    /// Whether nobody has ended it.
    pub(crate) fn is_queued(&self, port: &Port) -> bool {
        is_queued(port, &self.record)
    }

    /// Writes the value of its LANE over what that was asked with.
    pub(crate) fn note(&mut self, value: LaneValue) {
        let asked = Call::admitted(bytemuck::cast_slice(&self.record)).asks();
        if let Some(at) = { asked }.find(|ask| ask.id == AttributeId::LANE).map(|ask| ask.payload_offset) {
            let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut self.record);
            bytes[at..at + LaneValue::BYTES].copy_from_slice(&value.bytes());
        }
    }

    /// Puts it on its ring's shelf. Gives memory for the next one.
    pub(crate) fn stand(self, port: &Port) -> Vec<u64> {
        port.shelf.push(self.key, self.record, self.is_pooled, |record| is_queued(port, record))
    }
}

impl Ring {
    /// Publishes what stands aside; gives its bytes.
    pub(crate) fn publish_aside(&mut self) -> u64 {
        let Staged { calls, spare } = &mut self.aside;
        let mut bytes = 0;
        for call in calls.drain(..) {
            bytes += 8 * call.record.len() as u64;
            match (&call.lane, &self.port.lanes) {
                (Some(lane), Some(lanes)) => {
                    let lane = *lane;
                    lanes.enter(&self.port, call, lane);
                }
                _ => spare.push(call.stand(&self.port)),
            }
        }
        bytes
    }

    /// Takes back what stands aside and is not published, to run it in the order pushed, or to end it.
    pub(crate) fn withdraw_aside(&mut self) {
        for call in self.aside.calls.drain(..) {
            self.own.take_over(&call.record);
            self.aside.spare.push(call.record);
        }
    }
}

fn ticket(record: &[u64]) -> Ticket {
    Ticket::unpack(record[USER_DATA_OFFSET / 8])
}

fn is_queued(port: &Port, record: &[u64]) -> bool {
    let ticket = ticket(record);
    port.slots.get(ticket).phase().is_queued(ticket.generation())
}
