//! What a worker works with: the calls it has claimed, and where their completions are built.

mod reap;
mod make;

use std::sync::Arc;

use syslet_abi::USER_DATA_OFFSET;

use crate::exec::attribute_context::AttributeContext;
use crate::pool::Pool;
use crate::pool::executor::{Executor, Rest};
use crate::pool::ring_work::RingWork;
use crate::pool::scheduler::Work;
use crate::program::ParallelGroup;
use crate::queues::batch::Batch;
use crate::queues::lanes::Released;
use crate::queues::priority::Taker;
use crate::slots::Ticket;
use crate::slots::maker::Maker;
use crate::sys::clock::now_ns;

/// A worker's desk.
#[derive(Debug)]
pub(crate) struct WorkerLocal {
    batch: Batch,
    executor: Executor,
    /// Whose calls they are; kept for the next claim.
    ring: Option<Arc<RingWork>>,
    /// Its thread.
    maker: Maker,
    /// Whether it claims calls in order to refuse them, and nobody else wants them.
    is_closing: bool,
    /// A call of a group that it has taken, and whether there are more.
    member: Option<(Arc<ParallelGroup>, usize, bool)>,
    /// How far the call was brought that was handed over, if it was.
    begun: Option<Rest>,
    /// Which of a ring's two queues was looked at first.
    prefers_pooled: bool,
    /// Claims taken from this ring in a row.
    served: u32,
    /// The call of the batch that is being made.
    at: usize,
    /// Words of completions built and not posted.
    built: usize,
    /// Who is to be told when they are posted.
    released: Released<RingWork>,
}

/// A ring has the worker for so many claims while others wait.
const CLAIMS_IN_A_ROW: u32 = 4;

impl WorkerLocal {
    pub(crate) fn new(context: Arc<AttributeContext>) -> WorkerLocal {
        let (batch, executor) = (Batch::new(), Executor::pooled(context));
        WorkerLocal {
            batch,
            executor,
            ring: None,
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
    pub(crate) fn for_closing(context: Arc<AttributeContext>) -> WorkerLocal {
        WorkerLocal { is_closing: true, ..WorkerLocal::new(context) }
    }

    /// A thread sits down at it.
    pub(crate) fn sit(&mut self, maker: Maker) {
        self.maker = maker;
    }

    /// Claims calls: of the same ring while no other one waits, else of the rings in turn.
    pub(crate) fn find(&mut self, pool: &Pool) -> bool {
        let is_alone = pool.scheduler.listed() <= 1;
        if let Some(ring) = self.ring.take() {
            if (is_alone || self.served < CLAIMS_IN_A_ROW) && self.claim(pool, &ring) {
                self.served += 1;
                self.ring = Some(ring);
                return true;
            }
            // The only listed ring stays listed while this worker looks at it: who pushes next need not list it.
            let stays = is_alone && ring.is_listed();
            self.ring = Some(ring);
            if stays {
                return false;
            }
        }
        while let Some(ring) = pool.scheduler.next(self.ring.as_deref()) {
            if self.claim(pool, &ring) {
                self.served = 1;
                self.ring = Some(ring);
                return true;
            }
        }
        false
    }

    /// Claims what is next: a call handed over, or records of the ring.
    pub(crate) fn claim(&mut self, pool: &Pool, ring: &RingWork) -> bool {
        while self.claim_any(ring) {
            if !self.batch.is_cut() {
                return true;
            }
            self.starve(pool, ring);
        }
        false
    }

    /// The same, of a record for which there is no memory its beginning.
    fn claim_any(&mut self, ring: &RingWork) -> bool {
        (self.begun, self.at, self.built) = (None, 0, 0);
        self.member = if self.is_closing { None } else { ring.programs.groups.take() };
        if self.member.is_some() {
            return true;
        }
        if let Some(mut handed) = ring.handoffs.pop() {
            self.batch.put(handed.record.iter().copied());
            self.begun = Some(std::mem::take(&mut handed.rest));
            ring.handoffs.recycle(handed);
            return true;
        }
        if self.has_sorted(ring) && self.claim_sorted(ring, false) {
            return true;
        }
        // In turn: neither shall wait for the end of the other.
        self.prefers_pooled = !self.prefers_pooled;
        let pooled = ring.pooled.as_deref().map(|queue| (queue, u64::MAX));
        let shared = Some((&*ring.submissions, if self.is_closing { u64::MAX } else { ring.opened() }));
        let queues = if self.prefers_pooled { [pooled, shared] } else { [shared, pooled] };
        let is_taken = queues.into_iter().flatten().any(|(queue, end)| {
            // A ring off the list has work of its submitter's only.
            let may_take = || ring.is_listed() || self.is_closing;
            let taken = queue.take(&mut self.batch, || if may_take() { end } else { 0 });
            taken.expect("only this process writes its rings, so every record in them is whole") > 0
        });
        if is_taken {
            ring.priority.give_turn_back();
            return true;
        }
        self.has_sorted(ring) && ring.rings_are_empty() && self.claim_sorted(ring, true)
    }

    /// Whether anything on the shelf is its to take; a glance.
    fn has_sorted(&self, ring: &RingWork) -> bool {
        if self.is_closing { !ring.priority.is_empty() } else { ring.priority.for_workers() > 0 }
    }

    /// Claims what is next on the shelf, if its turn is before that of the rings; `are_empty`: nothing is in them.
    fn claim_sorted(&mut self, ring: &RingWork, are_empty: bool) -> bool {
        let taker = if self.is_closing { Taker::Closer } else { Taker::Worker };
        // As for the rings.
        let may_take = ring.is_listed() || self.is_closing;
        may_take && ring.priority.take(&mut self.batch, taker, now_ns(), are_empty || ring.rings_are_empty())
    }

    /// The ring served last.
    pub(crate) fn ring(&self) -> Option<&RingWork> {
        self.ring.as_deref()
    }

    /// Whether the ring served last has work.
    pub(crate) fn has_work(&self) -> bool {
        // What is not listed is its submitter's: to look at it again and again would not make it anybody else's.
        self.ring.as_ref().is_some_and(|ring| ring.is_listed() && ring.has_work())
    }

    /// Lets go of the ring: its memory may be wanted back while this worker sleeps.
    pub(crate) fn leave(&mut self) {
        self.ring = None;
    }
}

/// The ticket of a queued record.
fn ticket(record: &[u64]) -> Ticket {
    Ticket::unpack(record[USER_DATA_OFFSET / 8])
}
