//! What a worker works with: the calls it has claimed, and where their completions are built.

mod bury;
mod make;

use std::sync::Arc;

use syslet_abi::USER_DATA_OFFSET;

use crate::clock::now_ns;
use crate::pool::Pool;
use crate::pool::board::Work;
use crate::port::Port;
use crate::program::Together;
use crate::queue::handed::Begun;
use crate::queue::lanes::Released;
use crate::queue::shelf::Taker;
use crate::ring::batch::Batch;
use crate::run::Runner;
use crate::run::known::Known;
use crate::slot::Ticket;
use crate::slot::maker::Maker;

/// A worker's desk.
#[derive(Debug)]
pub(crate) struct Desk {
    batch: Batch,
    runner: Runner,
    /// Whose calls they are; kept for the next claim.
    port: Option<Arc<Port>>,
    /// Its thread.
    maker: Maker,
    /// Whether it claims calls in order to refuse them, and nobody else wants them.
    is_closing: bool,
    /// A call of a group that it has taken, and whether there are more.
    member: Option<(Arc<Together>, usize, bool)>,
    /// How far the call was brought that was handed over, if it was.
    begun: Option<Begun>,
    /// Which of a ring's two queues was looked at first.
    prefers_pooled: bool,
    /// Claims taken from this ring in a row.
    served: u32,
    /// The call of the batch that is being made.
    at: usize,
    /// Words of completions built and not posted.
    built: usize,
    /// Who is to be told when they are posted.
    released: Released<Port>,
}

/// A ring has the worker for so many claims while others wait.
const CLAIMS_IN_A_ROW: u32 = 4;

impl Desk {
    pub(crate) fn new(known: Arc<Known>) -> Desk {
        let (batch, runner) = (Batch::new(), Runner::pooled(known));
        Desk {
            batch,
            runner,
            port: None,
            maker: Maker::default(),
            is_closing: false,
            prefers_pooled: false,
            begun: None,
            member: None,
            served: 0,
            at: 0,
            built: 0,
            released: Released::new(),
        }
    }

    /// A desk for claiming what nobody is to run any more.
    pub(in crate::pool) fn for_closing(known: Arc<Known>) -> Desk {
        Desk { is_closing: true, ..Desk::new(known) }
    }

    /// A thread sits down at it.
    pub(in crate::pool) fn sit(&mut self, maker: Maker) {
        self.maker = maker;
    }

    /// Claims calls: of the same ring while no other one waits, else of the rings in turn.
    pub(in crate::pool) fn find(&mut self, pool: &Pool) -> bool {
        let is_alone = pool.board.listed() <= 1;
        if let Some(port) = self.port.take() {
            if (is_alone || self.served < CLAIMS_IN_A_ROW) && self.claim(&port) {
                self.served += 1;
                self.port = Some(port);
                return true;
            }
            // The only listed ring stays listed while this worker looks at it: who pushes next need not list it.
            let stays = is_alone && port.is_listed();
            self.port = Some(port);
            if stays {
                return false;
            }
        }
        while let Some(port) = pool.board.next(self.port.as_deref()) {
            if self.claim(&port) {
                self.served = 1;
                self.port = Some(port);
                return true;
            }
        }
        false
    }

    /// Claims what is next: a call handed over, or records of the ring.
    pub(in crate::pool) fn claim(&mut self, port: &Port) -> bool {
        while self.claim_any(port) {
            if !self.batch.is_cut() {
                return true;
            }
            self.starve(port);
        }
        false
    }

    /// The same, of a record for which there is no memory its beginning.
    fn claim_any(&mut self, port: &Port) -> bool {
        (self.begun, self.at, self.built) = (None, 0, 0);
        self.member = if self.is_closing { None } else { port.groups.take() };
        if self.member.is_some() {
            return true;
        }
        if let Some(mut handed) = port.handed.pop() {
            self.batch.put(handed.record.iter().copied());
            self.begun = Some(std::mem::take(&mut handed.begun));
            port.handed.recycle(handed);
            return true;
        }
        if self.has_sorted(port) && self.claim_sorted(port, false) {
            return true;
        }
        // In turn: neither shall wait for the end of the other.
        self.prefers_pooled = !self.prefers_pooled;
        let pooled = port.pooled.as_deref().map(|ring| (ring, u64::MAX));
        let shared = Some((&*port.submissions, if self.is_closing { u64::MAX } else { port.opened() }));
        let rings = if self.prefers_pooled { [pooled, shared] } else { [shared, pooled] };
        let is_taken = rings.into_iter().flatten().any(|(ring, end)| {
            // A ring off the list has work of its submitter's only.
            let may_take = || port.is_listed() || self.is_closing;
            let taken = ring.take(&mut self.batch, || if may_take() { end } else { 0 });
            taken.expect("only this process writes its rings, so every record in them is whole") > 0
        });
        if is_taken {
            port.shelf.give_turn_back();
            return true;
        }
        self.has_sorted(port) && port.rings_are_empty() && self.claim_sorted(port, true)
    }

    /// Whether anything on the shelf is its to take; a glance.
    fn has_sorted(&self, port: &Port) -> bool {
        if self.is_closing { !port.shelf.is_empty() } else { port.shelf.for_workers() > 0 }
    }

    /// Claims what is next on the shelf, if its turn is before that of the rings; `are_empty`: nothing is in them.
    fn claim_sorted(&mut self, port: &Port, are_empty: bool) -> bool {
        let taker = if self.is_closing { Taker::Closer } else { Taker::Worker };
        // As for the rings.
        let may_take = port.is_listed() || self.is_closing;
        may_take && port.shelf.take(&mut self.batch, taker, now_ns(), are_empty || port.rings_are_empty())
    }

    /// The ring served last.
    pub(in crate::pool) fn port(&self) -> Option<&Port> {
        self.port.as_deref()
    }

    /// Whether the ring served last has work.
    pub(in crate::pool) fn has_work(&self) -> bool {
        // What is not listed is its submitter's: to look at it again and again would not make it anybody else's.
        self.port.as_ref().is_some_and(|port| port.is_listed() && port.has_work())
    }

    /// Lets go of the ring: its memory may be wanted back while this worker sleeps.
    pub(in crate::pool) fn leave(&mut self) {
        self.port = None;
    }
}

/// The ticket of a queued record.
fn ticket(record: &[u64]) -> Ticket {
    Ticket::unpack(record[USER_DATA_OFFSET / 8])
}
