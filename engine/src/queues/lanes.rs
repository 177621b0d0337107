//! The lanes of an engine (specs/attributes.md, LANE): calls wait in front of them until there is room, then stand on
//! the shelf of their ring.

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

/// All lanes of an engine, whatever ring their calls come from.
#[derive(Debug)]
pub(crate) struct Lanes<R> {
    table: Mutex<Table<Call<R>>>,
}

/// What is kept of a call that waits.
#[derive(Debug)]
struct Call<R> {
    ring: Arc<R>,
    call: StagedCall,
}

/// Rings on whose shelves calls stand since they have a place, once for each call. Workers do not know yet.
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

    /// Has workers brought to each.
    pub(crate) fn make_known(&mut self, offer: impl Fn(&Arc<R>)) {
        for ring in self.0.drain(..) {
            offer(&ring);
            ring.is_not_awaited();
        }
    }

    /// Queues a call that has its place, with so many in its lane.
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

    /// A published call comes to its lane. If there is room it is queued when this returns, and is for the caller to make
    /// known, as those are that are given back.
    #[must_use]
    pub(crate) fn enter(&self, ring: &Arc<R>, call: StagedCall, ask: LaneAsk) -> Released<R> {
        let mut released = Released::new();
        let mut table = lock(&self.table);
        // Under the lock: a call that is removed is marked first, and then taken out of here.
        if !ring.is_queued(call.ticket()) {
            return released;
        }
        let name = name(ring, call.ticket());
        let wish = Wish { lane: ask.id, limit: ask.limit, key: call.key() };
        // First: a thread that sees nothing awaited sees what has been made known of it.
        ring.is_awaited_once_more();
        let call = Call { ring: Arc::clone(ring), call };
        table.enter(name, wish, call, |call, running| released.queue(call, running));
        drop(table);
        released.0.extract_if(.., |other| Arc::ptr_eq(other, ring)).for_each(|ring| ring.is_not_awaited());
        released
    }

    /// A call is over, or has been kept from beginning: its place is the next one's. Leaving twice is leaving once.
    pub(crate) fn leave(&self, ring: &RingState, ticket: Ticket, released: &mut Released<R>) {
        let mut table = lock(&self.table);
        let kept = table.leave(name(ring, ticket), |call, running| released.queue(call, running));
        drop(table);
        kept.inspect(|call| call.ring.is_not_awaited());
    }

    /// The calls of that ring that wait are not to be made: they are queued when this returns. Gives rings that have work by
    /// that.
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

    /// The same for all rings, and for what comes later.
    pub(crate) fn close(&self) {
        lock(&self.table).close().into_iter().for_each(put_back);
    }
}

/// Puts a call that has no place on its shelf.
fn put_back<R: Deref<Target = RingState>>(Call { ring, call }: Call<R>) {
    ring.queue_by_priority(call);
    ring.is_not_awaited();
}

fn name(ring: &RingState, ticket: Ticket) -> Name {
    Name { owner: owner(ring), ticket: ticket.pack() }
}

fn owner(ring: &RingState) -> usize {
    std::ptr::from_ref(ring).addr()
}
