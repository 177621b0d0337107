//! The completion of a call that never began, made of what its slot knows: its record is somewhere in the ring, and
//! whoever claims it passes over it.

use syslet_abi::{AttributeId, DoneWriter, Status};
use syslet_attrs::DeadlineValue;

use crate::claim::Why;
use crate::outcome::Outcome;
use crate::port::Port;
use crate::slot::{Slot, Ticket};

/// Posts it.
pub(super) fn removed(port: &Port, slot: &Slot, ticket: Ticket, why: Why) {
    let done = completion(slot, ticket, why);
    // First: a call whose completion is seen must not count as in flight.
    port.refused.add_beside_others(1);
    port.post(&done);
}

fn completion(slot: &Slot, ticket: Ticket, why: Why) -> Vec<u64> {
    let outcome = match why {
        Why::Asked => Outcome::cancelled(),
        Why::Late(_) => Outcome::late(),
    };
    let mut done = vec![0_u64; crate::ring::track::words(slot.credit())];
    let mut writer = DoneWriter::new(bytemuck::cast_slice_mut(&mut done));
    if slot.returns_data() {
        writer.data(Status::INAPPLICABLE, 0);
    }
    if let Some(asked) = slot.asked() {
        let answers = slot.answers();
        for (index, id) in asked.iter().enumerate().filter(|(_, id)| *id != AttributeId::DATA) {
            let verdict = answers.verdict(index);
            match (why, verdict) {
                (Why::Late(deadline_ns), None) if id == AttributeId::DEADLINE => {
                    let value = DeadlineValue::of(deadline_ns, outcome.finished_ns, outcome.result);
                    writer.attribute(id, DeadlineValue::BYTES, |to| {
                        value.emit(to);
                        (Status::HANDLED, DeadlineValue::BYTES)
                    });
                }
                _ => writer.attribute(id, 0, |_| (verdict.unwrap_or(Status::INAPPLICABLE), 0)),
            }
        }
    }
    let bytes = writer.finish(ticket.pack(), outcome.result, outcome.flags);
    done.truncate(bytes / 8);
    done
}
