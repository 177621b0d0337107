//! Stopping one call: it is removed, or its worker is signalled.

pub(crate) mod post;
pub(crate) mod shutdown;
pub(crate) mod signal;
pub(crate) mod timer;

use crate::exec::claim::Why;
use crate::queues::lanes::Released;
use crate::queues::ring_state::RingState;
use crate::slots::Ticket;
use crate::slots::phase::{By, Stop};
use crate::sys::sync::Ordering;

/// Stops a call, for that reason. Who gets [`Stop::Signal`] has signalled its worker, and sees to it that the call is
/// looked at again; who gets [`Stop::Unsent`] has to ask again.
pub(crate) fn stop(ring: &RingState, ticket: Ticket, by: By, why: Why) -> Stop {
    let Some(slot) = ring.slots.find(ticket) else { return Stop::NotFound };
    let found = slot.phase().stop(ticket.generation(), by, std::thread::yield_now);
    match found {
        Stop::Removed => {
            let mut released = Released::new();
            ring.ended(slot, ticket, &mut released);
            post::removed(ring, slot, ticket, why);
            released.make_known();
        }
        Stop::Signal => {
            // Release: pairs with the acquire of the handler.
            slot.cancel().store(why.word(), Ordering::Release);
            if !signal::send(slot.maker()) {
                slot.phase().unsent(ticket.generation());
                return Stop::Unsent;
            }
            slot.phase().signalled(ticket.generation(), false);
        }
        _ => {}
    }
    found
}

/// Signals once more the worker of a call that stands still for it, and lets it go on.
pub(crate) fn interrupt(ring: &RingState, ticket: Ticket, is_stubborn: bool) {
    let slot = ring.slots.get(ticket);
    // What cannot be sent now is tried again.
    let _is_sent = signal::send(slot.maker());
    slot.phase().signalled(ticket.generation(), is_stubborn);
}
