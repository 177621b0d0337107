//! Stopping one call of a ring: it is removed, or its worker is signalled. Called by [`Ring`](crate::Ring) and by the monitor.

use crate::cancel::signal;
use crate::exec::claim::Why;
use crate::exec::unclaimed::post_removed;
use crate::pool::Pool;
use crate::pool::ring_work::RingWork;
use crate::queues::lanes::Released;
use crate::slots::Ticket;
use crate::slots::phase::{By, Stop};
use crate::sys::sync::Ordering;

/// Stops a call, for that reason. Who gets [`Stop::Signal`] has signalled its worker, and sees to it that the call is
/// looked at again; who gets [`Stop::Unsent`] has to ask again.
pub(crate) fn stop(pool: Option<&Pool>, ring: &RingWork, ticket: Ticket, by: By, why: Why) -> Stop {
    let Some(slot) = ring.slots.find(ticket) else { return Stop::NotFound };
    let found = slot.phase().stop(ticket.generation(), by, std::thread::yield_now);
    match found {
        Stop::Removed => {
            let mut released = Released::new();
            pool.inspect(|pool| pool.ended(ring, slot, ticket, &mut released));
            post_removed(ring, slot, ticket, why);
            pool.inspect(|pool| pool.make_known(&mut released));
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
pub(crate) fn interrupt(ring: &RingWork, ticket: Ticket, is_stubborn: bool) {
    let slot = ring.slots.get(ticket);
    // What cannot be sent now is tried again.
    let _is_sent = signal::send(slot.maker());
    slot.phase().signalled(ticket.generation(), is_stubborn);
}
