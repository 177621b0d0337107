//! The lanes of an engine (specs/attributes.md, LANE): calls wait in front of them until there is room, then stand on
//! the shelf of their ring.

mod table;

use std::sync::{Arc, Weak};

use syslet_attrs::{LaneAsk, LaneValue};

use self::table::{Name, Table, Wish};
use crate::aside::Aside;
use crate::clock::now_ns;
use crate::pool::Pool;
use crate::port::Port;
use crate::slot::Ticket;
use crate::sync::{Mutex, Ordering, lock};

/// All lanes of an engine, whatever ring their calls come from.
#[derive(Debug)]
pub(crate) struct Lanes {
    table: Mutex<Table<Call>>,
    pool: Weak<Pool>,
}

/// What is kept of a call that waits.
#[derive(Debug)]
struct Call {
    port: Arc<Port>,
    call: Aside,
}

/// Rings on whose shelves calls stand since they have a place, once for each call. Workers do not know yet.
#[derive(Debug, Default)]
pub(crate) struct Released(Vec<Arc<Port>>);

impl Released {
    /// Brings workers to them.
    #[inline]
    pub(crate) fn make_known(&mut self) {
        if !self.0.is_empty() {
            self.make_all_known();
        }
    }

    #[cold]
    fn make_all_known(&mut self) {
        for port in self.0.drain(..) {
            let pool = port.lanes.as_ref().and_then(|lanes| lanes.pool.upgrade());
            pool.inspect(|pool| pool.offer(&port));
            port.is_not_awaited();
        }
    }

    /// Puts a call that has its place on its shelf, with so many in its lane.
    fn stand(&mut self, call: Call, running: u32) {
        let Call { port, mut call } = call;
        call.note(LaneValue { waited_ns: now_ns().saturating_sub(call.queued_ns()), running });
        call.stand(&port);
        self.0.push(port);
    }
}

impl Lanes {
    pub(crate) fn new(pool: Weak<Pool>) -> Lanes {
        Lanes { table: Mutex::new(Table::new()), pool }
    }

    /// A published call comes to its lane. If there is room it stands on its shelf when this returns, and is for the
    /// caller to make known.
    pub(crate) fn enter(&self, port: &Arc<Port>, call: Aside, ask: LaneAsk) {
        let mut released = Released::default();
        let mut table = lock(&self.table);
        // Under the lock: who removes a call does that first, and then takes it out of here.
        if !call.is_queued(port) {
            return;
        }
        let name = name(port, call.ticket());
        let wish = Wish { lane: ask.id, limit: ask.limit, key: call.key() };
        // First: who sees nothing awaited sees what has been made known of it.
        port.awaited.fetch_add(1, Ordering::Relaxed);
        let call = Call { port: Arc::clone(port), call };
        table.enter(name, wish, call, |call, running| released.stand(call, running));
        drop(table);
        released.0.extract_if(.., |other| Arc::ptr_eq(other, port)).for_each(|port| port.is_not_awaited());
        released.make_known();
    }

    /// A call is over, or has been kept from beginning: its place is the next one's. Leaving twice is leaving once.
    pub(crate) fn leave(&self, port: &Port, ticket: Ticket, released: &mut Released) {
        if self.pool.upgrade().is_some_and(|pool| pool.is_closed()) {
            // Else the ring whose call comes next would be closed from inside of this one, and so on.
            self.close();
        }
        let mut table = lock(&self.table);
        let kept = table.leave(name(port, ticket), |call, running| released.stand(call, running));
        drop(table);
        kept.inspect(|call| call.port.is_not_awaited());
    }

    /// Nobody is to make the calls of that ring that wait: they stand on its shelf when this returns.
    pub(crate) fn give_up(&self, port: &Port) {
        if !port.is_awaited() {
            return;
        }
        let mut released = Released::default();
        let mut table = lock(&self.table);
        let calls = table.give_up(owner(port), |call, running| released.stand(call, running));
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
fn put_back(Call { port, call }: Call) {
    call.stand(&port);
    port.is_not_awaited();
}

fn name(port: &Port, ticket: Ticket) -> Name {
    Name { owner: owner(port), ticket: ticket.pack() }
}

fn owner(port: &Port) -> usize {
    std::ptr::from_ref(port).addr()
}
