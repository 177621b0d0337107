//! Holds the lanes of an engine (specs/attributes.md, LANE) for submitters, workers and the pool's shutdown.
//!
//! A call waits in front of its lane until there is room, then stands in the priority queue of its ring.

mod table;

use std::ops::Deref;
use std::sync::Arc;

use syslet_attrs::{LaneAsk, LaneValue};

use crate::queues::lanes::table::{Name, Table, Wish};
use crate::queues::ring_state::RingState;
use crate::queues::staged::StagedCall;
use crate::slots::Ticket;
use crate::sys::clock::now_ns;
use crate::sys::sync::{Mutex, lock};

/// All lanes of an engine, for the calls of all rings.
#[derive(Debug)]
pub(crate) struct Lanes<R> {
    table: Mutex<Table<Call<R>>>,
}

/// A call that waits, and its ring.
#[derive(Debug)]
struct Call<R> {
    ring: Arc<R>,
    call: StagedCall,
}

/// The outcome of an attempt to enter a lane.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Entered {
    /// It is in its lane, and so many calls are with it, itself among them.
    Inside(u32),
    /// Other calls are in the lane, or wait for it.
    NoRoom,
    /// A canceller has removed the call.
    Removed,
}

/// Rings with calls in their priority queues that have just got their place, once for each call. Workers do not know of them yet.
#[derive(Debug)]
pub(crate) struct Released<R>(Vec<Arc<R>>);

impl<R: Deref<Target = RingState>> Released<R> {
    pub(crate) fn new() -> Released<R> {
        Released(Vec::new())
    }

    /// Whether there are none.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Offers each ring to the workers, by `offer`.
    pub(crate) fn make_known(&mut self, offer: impl Fn(&Arc<R>)) {
        for ring in self.0.drain(..) {
            offer(&ring);
            ring.remove_awaited();
        }
    }

    /// Queues a call that has its place, with `running` calls in its lane.
    fn queue(&mut self, call: Call<R>, running: u32) {
        let Call { ring, mut call } = call;
        call.note(LaneValue { waited_ns: now_ns().saturating_sub(call.queued_ns()), running });
        ring.queue_by_priority(call);
        self.0.push(ring);
    }
}

impl<R: Deref<Target = RingState>> Lanes<R> {
    pub(crate) fn new() -> Lanes<R> {
        Lanes { table: Mutex::new(Table::new()) }
    }

    /// Enters a published call into its lane. If there is room, it is queued when this returns. The caller makes it known to
    /// the workers, and each ring of the result too.
    #[must_use]
    pub(crate) fn enter(&self, ring: &Arc<R>, call: StagedCall, ask: LaneAsk) -> Released<R> {
        let mut released = Released::new();
        let mut table = lock(&self.table);
        // Under the lock: a canceller removes a call in its slot first, and then takes it out of the table.
        if !ring.is_queued(call.ticket()) {
            return released;
        }
        let name = name(ring, call.ticket());
        let wish = Wish { lane: ask.id, limit: ask.limit, key: call.key() };
        // Before the table has the call: `leave` in another thread may let it in and count it off at once.
        ring.add_awaited();
        let call = Call { ring: Arc::clone(ring), call };
        table.enter(name, wish, call, |call, running| released.queue(call, running));
        drop(table);
        released.0.extract_if(.., |other| Arc::ptr_eq(other, ring)).for_each(|ring| ring.remove_awaited());
        released
    }

    /// Enters a call into its lane if there is room at once, and no other call waits in front of it. Its submitter runs it: no other
    /// thread learns of it here.
    pub(crate) fn try_enter(&self, ring: &RingState, ticket: Ticket, ask: LaneAsk) -> Entered {
        let mut table = lock(&self.table);
        // Under the lock, as in `enter`.
        if !ring.is_queued(ticket) {
            return Entered::Removed;
        }
        table.try_enter(name(ring, ticket), ask).map_or(Entered::NoRoom, Entered::Inside)
    }

    /// Takes out a call that is over, or has been kept from beginning: the next call gets its place. Leaving twice is leaving
    /// once.
    pub(crate) fn leave(&self, ring: &RingState, ticket: Ticket, released: &mut Released<R>) {
        let mut table = lock(&self.table);
        let kept = table.leave(name(ring, ticket), |call, running| released.queue(call, running));
        drop(table);
        kept.inspect(|call| call.ring.remove_awaited());
    }

    /// Takes out the waiting calls of a ring that are not to be made: they are queued when this returns. Gives the rings that
    /// have work by that.
    #[must_use]
    pub(crate) fn give_up(&self, ring: &RingState) -> Released<R> {
        let mut released = Released::new();
        if ring.is_awaited() {
            let mut table = lock(&self.table);
            let calls = table.give_up(owner(ring), |call, running| released.queue(call, running));
            calls.into_iter().for_each(put_back);
        }
        released
    }

    /// The same for all rings, and for calls that come later.
    pub(crate) fn close(&self) {
        lock(&self.table).close().into_iter().for_each(put_back);
    }
}

/// Puts a call that has no place into the priority queue of its ring.
fn put_back<R: Deref<Target = RingState>>(Call { ring, call }: Call<R>) {
    ring.queue_by_priority(call);
    ring.remove_awaited();
}

fn name(ring: &RingState, ticket: Ticket) -> Name {
    Name { owner: owner(ring), ticket: ticket.pack() }
}

fn owner(ring: &RingState) -> usize {
    std::ptr::from_ref(ring).addr()
}
