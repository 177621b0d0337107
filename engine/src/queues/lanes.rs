//! The lanes of an engine (specs/attributes.md, LANE): calls wait in front of them until there is room, then stand on
//! the shelf of their ring.

mod table;

use std::fmt::Debug;
use std::sync::{Arc, Weak};

use syslet_attrs::{LaneAsk, LaneValue};

use crate::queues::lanes::table::{Name, Table, Wish};
use crate::queues::staged::StagedCall;
use crate::slots::Ticket;
use crate::sys::clock::now_ns;
use crate::sys::sync::{Mutex, lock};

/// A ring, as lanes see it.
pub(crate) trait Berth {
    /// Whether nobody has ended that call.
    fn is_queued(&self, ticket: Ticket) -> bool;

    /// Puts a call on its shelf.
    fn stand(&self, call: StagedCall);

    /// One call more waits for its lane, or has a place and is not made known.
    fn is_awaited_once_more(&self);

    /// One call less does.
    fn is_not_awaited(&self);

    /// Whether any call does.
    fn is_awaited(&self) -> bool;

    /// Brings workers to it.
    fn make_known(self: &Arc<Self>);
}

/// Who brings workers to rings.
pub(crate) trait Crew<R>: Debug + Send + Sync {
    /// This ring has work.
    fn offer(&self, ring: &Arc<R>);

    /// Whether nobody comes any more.
    fn is_closed(&self) -> bool;
}

/// All lanes of an engine, whatever ring their calls come from.
#[derive(Debug)]
pub(crate) struct Lanes<R> {
    table: Mutex<Table<Call<R>>>,
    crew: Weak<dyn Crew<R>>,
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

impl<R: Berth> Released<R> {
    pub(crate) fn new() -> Released<R> {
        Released(Vec::new())
    }

    /// Brings workers to them.
    #[inline]
    pub(crate) fn make_known(&mut self) {
        if !self.0.is_empty() {
            self.make_all_known();
        }
    }

    #[cold]
    fn make_all_known(&mut self) {
        for ring in self.0.drain(..) {
            ring.make_known();
            ring.is_not_awaited();
        }
    }

    /// Puts a call that has its place on its shelf, with so many in its lane.
    fn stand(&mut self, call: Call<R>, running: u32) {
        let Call { ring, mut call } = call;
        call.note(LaneValue { waited_ns: now_ns().saturating_sub(call.queued_ns()), running });
        ring.stand(call);
        self.0.push(ring);
    }
}

impl<R: Berth> Lanes<R> {
    pub(crate) fn new(crew: Weak<dyn Crew<R>>) -> Lanes<R> {
        Lanes { table: Mutex::new(Table::new()), crew }
    }

    /// Who brings workers, while they are there.
    pub(crate) fn crew(&self) -> Option<Arc<dyn Crew<R>>> {
        self.crew.upgrade()
    }

    /// A published call comes to its lane. If there is room it stands on its shelf when this returns, and is for the
    /// caller to make known.
    pub(crate) fn enter(&self, ring: &Arc<R>, call: StagedCall, ask: LaneAsk) {
        let mut released = Released::new();
        let mut table = lock(&self.table);
        // Under the lock: who removes a call does that first, and then takes it out of here.
        if !ring.is_queued(call.ticket()) {
            return;
        }
        let name = name(&**ring, call.ticket());
        let wish = Wish { lane: ask.id, limit: ask.limit, key: call.key() };
        // First: who sees nothing awaited sees what has been made known of it.
        ring.is_awaited_once_more();
        let call = Call { ring: Arc::clone(ring), call };
        table.enter(name, wish, call, |call, running| released.stand(call, running));
        drop(table);
        released.0.extract_if(.., |other| Arc::ptr_eq(other, ring)).for_each(|ring| ring.is_not_awaited());
        released.make_known();
    }

    /// A call is over, or has been kept from beginning: its place is the next one's. Leaving twice is leaving once.
    pub(crate) fn leave(&self, ring: &R, ticket: Ticket, released: &mut Released<R>) {
        if self.crew().is_some_and(|crew| crew.is_closed()) {
            // Else the ring whose call comes next would be closed from inside of this one, and so on.
            self.close();
        }
        let mut table = lock(&self.table);
        let kept = table.leave(name(ring, ticket), |call, running| released.stand(call, running));
        drop(table);
        kept.inspect(|call| call.ring.is_not_awaited());
    }

    /// Nobody is to make the calls of that ring that wait: they stand on its shelf when this returns.
    pub(crate) fn give_up(&self, ring: &R) {
        if !ring.is_awaited() {
            return;
        }
        let mut released = Released::new();
        let mut table = lock(&self.table);
        let calls = table.give_up(owner(ring), |call, running| released.stand(call, running));
        calls.into_iter().for_each(put_back);
        drop(table);
        released.make_known();
    }

    /// The same for all rings, and for what comes later.
    fn close(&self) {
        lock(&self.table).close().into_iter().for_each(put_back);
    }
}

/// Puts a call that has no place on its shelf.
fn put_back<R: Berth>(Call { ring, call }: Call<R>) {
    ring.stand(call);
    ring.is_not_awaited();
}

fn name<R>(ring: &R, ticket: Ticket) -> Name {
    Name { owner: owner(ring), ticket: ticket.pack() }
}

fn owner<R>(ring: &R) -> usize {
    std::ptr::from_ref(ring).addr()
}
