//! Completions made from the slot of a call alone: of a call that never began, whose record is still in the ring, where the thread that
//! claims it passes over it; and of a call that was abandoned, whose record its worker has. Cancels, deadlines and the monitor post them.

use syslet_abi::{
    ATTRIBUTES_MAX, AttributeId, DONE_BYTES_MIN, DoneFlags, DoneWriter, Errno, RawResult, Status,
};
use syslet_attrs::DeadlineValue;

use crate::exec::claim::{Why, reason};
use crate::exec::outcome::Outcome;
use crate::queues::ring_state::RingState;
use crate::slots::{Slot, Ticket};
use crate::sys::sync::Ordering;

/// Posts the completion of a call that was removed.
pub(crate) fn post_removed(ring: &RingState, slot: &Slot, ticket: Ticket, why: Why) {
    let outcome = match why {
        Why::Asked => Outcome::cancelled(),
        Why::Late(_) => Outcome::late(),
    };
    let late_ns = match why {
        Why::Asked => None,
        Why::Late(deadline_ns) => Some(deadline_ns),
    };
    let done = completion(slot, ticket, &outcome, |id, writer| match (late_ns, id) {
        (Some(deadline_ns), AttributeId::DEADLINE) => {
            let value = DeadlineValue::of(deadline_ns, outcome.finished_ns, outcome.result);
            writer.attribute(id, DeadlineValue::BYTES, |to| {
                value.emit(to);
                (Status::HANDLED, DeadlineValue::BYTES)
            });
        }
        _ => writer.attribute(id, 0, |_| (Status::INAPPLICABLE, 0)),
    });
    // First: a call whose completion is seen must not count as in flight.
    ring.refused.add_beside_others(1);
    ring.post(&done);
}

/// Posts the completion of a call that is claimed and not to be run.
pub(crate) fn post_not_run(ring: &RingState, slot: &Slot, ticket: Ticket, errno: Errno) {
    let inapplicable =
        |id, writer: &mut DoneWriter<'_>| writer.attribute(id, 0, |_| (Status::INAPPLICABLE, 0));
    let done = completion(slot, ticket, &Outcome::not_run(errno), inapplicable);
    ring.refused.add_beside_others(1);
    ring.post(&done);
}

/// Posts the completion of a call that was abandoned.
pub(crate) fn post_abandoned(ring: &RingState, slot: &Slot, ticket: Ticket) {
    // Relaxed: the exchange that has abandoned the call (A1, acquire) is behind the store of the word, at P2 and P3.
    let is_late = slot.cancel().load(Ordering::Relaxed) == reason::LATE;
    let flags = DoneFlags::ENGINE_RESULT.with(DoneFlags::CANCELLED).with(DoneFlags::ABANDONED);
    let outcome = Outcome {
        result: RawResult::error(Errno(if is_late { libc::ETIME } else { libc::ECANCELED })),
        flags: if slot.is_reported() { flags.with(DoneFlags::MORE) } else { flags },
        ..Outcome::unknown(Errno(libc::ECANCELED))
    };
    let unavailable = |id, writer: &mut DoneWriter<'_>| writer.attribute(id, 0, |_| (Status::UNAVAILABLE, 0));
    ring.post(&completion(slot, ticket, &outcome, unavailable));
}

/// No such completion is longer: DATA has no value, and no attribute has one but DEADLINE.
const BYTES_MAX: u64 =
    (DONE_BYTES_MIN + 8 * (ATTRIBUTES_MAX + 2) + DeadlineValue::BYTES.next_multiple_of(8)) as u64;

/// Builds a completion. `answer` writes the return of an attribute that admission did not refuse.
fn completion(
    slot: &Slot,
    ticket: Ticket,
    outcome: &Outcome,
    answer: impl Fn(AttributeId, &mut DoneWriter<'_>),
) -> Vec<u64> {
    // At most the room that returns without an out area can take of the room that is reserved.
    let mut done = vec![0_u64; crate::queues::ring_buffer::words(slot.credit().min(BYTES_MAX))];
    let mut writer = DoneWriter::new(bytemuck::cast_slice_mut(&mut done));
    if slot.returns_data() {
        writer.data(outcome.status_of_attributes().unwrap_or(Status::UNAVAILABLE), 0);
    }
    if let Some(asked) = slot.asked() {
        let answers = slot.answers();
        for (index, id) in asked.iter().enumerate().filter(|(_, id)| *id != AttributeId::DATA) {
            match answers.verdict(index) {
                Some(verdict) => writer.attribute(id, 0, |_| (verdict, 0)),
                None => answer(id, &mut writer),
            }
        }
    }
    let bytes = writer.finish(ticket.pack(), outcome.result, outcome.flags);
    done.truncate(bytes / 8);
    done
}
