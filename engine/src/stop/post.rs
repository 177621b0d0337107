//! The completion of a call that never began, made of what its slot knows: its record is somewhere in the ring, and
//! whoever claims it passes over it.

use syslet_abi::{AttributeId, DoneFlags, DoneWriter, Errno, RawResult, Status};

use crate::claim::reason;
use crate::outcome::Outcome;
use crate::port::Port;
use crate::slot::{Slot, Ticket};

/// Posts it.
pub(super) fn removed(port: &Port, slot: &Slot, ticket: Ticket, why: u32) {
    let outcome = Outcome::cancelled();
    let is_late = why == reason::LATE;
    let result = if is_late { RawResult::error(Errno(libc::ETIME)) } else { outcome.result };
    let done = completion(slot, ticket, result, outcome.flags);
    // First: a call whose completion is seen must not count as in flight.
    port.refused.add_beside_others(1);
    port.post(&done);
}

fn completion(slot: &Slot, ticket: Ticket, result: RawResult, flags: DoneFlags) -> Vec<u64> {
    let mut done = vec![0_u64; crate::ring::track::words(slot.credit())];
    let mut writer = DoneWriter::new(bytemuck::cast_slice_mut(&mut done));
    if slot.returns_data() {
        writer.data(Status::INAPPLICABLE, 0);
    }
    if let Some(asked) = slot.asked() {
        let answers = slot.answers();
        for (index, id) in asked.iter().enumerate().filter(|(_, id)| *id != AttributeId::DATA) {
            let status = answers.verdict(index).unwrap_or(Status::INAPPLICABLE);
            writer.attribute(id, 0, |_| (status, 0));
        }
    }
    let bytes = writer.finish(ticket.pack(), result, flags);
    done.truncate(bytes / 8);
    done
}
