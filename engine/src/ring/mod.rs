//! Holds `Ring`, the application's end of a pair of rings: `Engine::ring` opens it, the application calls it.

pub(crate) mod cancel;
pub(crate) mod exec;
pub(crate) mod here;
mod inline;
mod lanes;
pub(crate) mod prepared;
mod private;
mod publish;
mod push;
mod sharing;
pub(crate) mod wait;

use std::cell::Cell;
use std::collections::VecDeque;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use syslet_abi::{
    Cancel, DONE_BYTES_MIN, Done, DoneFlags, EngineStatus, Limits, Params, Refusal, RingHeader, RingLayout,
    SetupError, USER_DATA_OFFSET, offset,
};

use crate::completion;
use crate::confinement::{Confinement, Looked};
use crate::engine_state::EngineState;
use crate::exec::claim::Claim;
use crate::nonblocking::Ability;
use crate::pool::Pool;
use crate::pool::escalation::Escalation;
use crate::pool::executor::{Executor, Rest};
use crate::pool::ring_work::RingWork;
use crate::pool::sharing::Sharing;
use crate::pool::spin::Spin;
use crate::program;
use crate::queues::batch::{BATCH_DONE_BYTES, Batch};
use crate::queues::completion_queue::{Completions, Consumer};
use crate::queues::credit::Credit;
use crate::queues::drain_buffer::DrainBuffer;
use crate::queues::handoff::Handed;
use crate::queues::local::LocalQueue;
use crate::queues::memory::{Region, Words64};
use crate::queues::private_lane::{LaneOwner, PrivateLane};
use crate::queues::ring_state::{RingState, pooled_bytes};
use crate::queues::staged::Staged;
use crate::queues::submission_queue::{Producer, Submissions};
use crate::refused::Refused;
use crate::ring::cancel::{Canceller, Found, Reach, Which, cancel, stop_all};
use crate::shortage::{Shortage, expect_small, reserve};
use crate::slots::dispatch::DispatchFlags;
use crate::slots::lent::LentSet;
use crate::slots::phase::By;
use crate::slots::{Slot, SlotOwner, Slots, Ticket};
use crate::sys::barrier::Barrier;
use crate::sys::hold::Hold;
use crate::ticket::Name;

/// A pair of rings: submissions go in, completions come out. It belongs to one thread at a time, its submitter: it can
/// be sent to another, not shared.
#[derive(Debug)]
pub struct Ring {
    pub(crate) engine: Arc<EngineState>,
    pub(crate) params: Params,
    pub(crate) limits: Limits,
    /// The ring state that submitter and workers share.
    pub(crate) state: Arc<RingWork>,
    pub(crate) submissions: Arc<Submissions<Words64>>,
    pub(crate) producer: Producer<Words64>,
    /// For calls that only workers may run; `None` without workers.
    pub(crate) pooled: Option<Producer<Words64>>,
    pub(crate) completions: Arc<Completions<Words64>>,
    pub(crate) consumer: Consumer<Words64>,
    pub(crate) slots: Arc<Slots>,
    pub(crate) slot_owner: SlotOwner,
    pub(crate) credit: Credit,
    /// Calls that only this thread sees, and that need no slot as long as it is so.
    pub(crate) lane: LaneOwner,
    /// The decisions about the call of the lane that is being run.
    pub(crate) lane_slot: Box<Slot>,
    /// Descriptors lent to calls of the lane, by their numbers there, in that order.
    pub(crate) lane_lent: VecDeque<(u64, LentSet)>,
    /// Calls that only this thread may run; without workers these stand in the ring with all others.
    pub(crate) own: LocalQueue,
    /// Programs that this thread has begun and left for the end of a wait, and that no worker may have.
    begun: VecDeque<Handed<Rest>>,
    /// Calls with a priority or a lane, until they are published.
    pub(crate) staged: Staged,
    /// A call was pushed that only a worker may run, and the workers do not know of it.
    pub(crate) wants_worker: bool,
    pub(crate) spin: Spin,
    /// Whether calls are shared with workers for speed.
    sharing: Sharing,
    /// Calls of the lane that this wait was to run, those that it has run, and the number at which the policy is asked next.
    calls_in_wait: usize,
    ran_in_wait: usize,
    look_at: usize,
    /// A call of this wait was handed over because it was held up.
    has_held: bool,
    /// `None` without workers.
    pub(crate) confinement: Option<Confinement>,
    /// The result of this wait's comparison of its thread with the workers.
    pub(crate) looked: Looked,
    /// When this wait ends; `None` outside of a wait, or when it has no timeout.
    pub(crate) wait_ends: Option<Instant>,
    /// The end of a wait that the monitor was told.
    pub(crate) shown_end: Option<Instant>,
    /// Checks programs; made when the first is pushed.
    pub(crate) validator: Option<Box<program::Validator>>,
    pub(crate) batch: Batch,
    pub(crate) executor: Executor,
    pub(crate) drain_buffer: DrainBuffer,
    not_sync: PhantomData<Cell<()>>,
}

/// Why a ring cannot be opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RingError {
    /// The set-up is wrong, or asks for a feature that this engine does not have.
    Setup(SetupError),
    /// The system did not give memory, a descriptor or another resource.
    System(Shortage),
    /// The engine belongs to the process that was forked.
    Forked,
    /// The engine is closed.
    Closed,
}

impl Ring {
    /// Maps and sets up a pair of rings with granted parameters.
    pub(crate) fn open(engine: Arc<EngineState>, params: Params) -> Result<Ring, RingError> {
        let bytes = NonZeroUsize::new(RingLayout::of(&params).total_bytes).expect("a header is not empty");
        let map = |bytes: NonZeroUsize| {
            let region = Region::new(bytes, Arc::clone(&engine.guard));
            region.map(Arc::new).map_err(|errno| Shortage::memory("the rings", bytes.get() as u64, errno))
        };
        let region = map(bytes)?;
        let pooled = NonZeroUsize::new(pooled_bytes(&params)).filter(|_| engine.pool.is_some());
        let pooled = pooled.map(map).transpose()?;
        let none = |what, bytes| Shortage::memory(what, bytes, nix::Error::ENOMEM);
        // Behind the completions a runner that builds in place wants as much room as a batch has.
        let ready_bytes = u64::from(params.completion_bytes) + BATCH_DONE_BYTES as u64;
        let drain_buffer =
            DrainBuffer::new(ready_bytes).ok_or_else(|| none("completions that are ready", ready_bytes))?;
        let slots = Slots::new(params.slots).map_err(|_| none("the slots", Slots::bytes(params.slots)))?;
        let own_bytes = u64::from(params.submission_bytes);
        let own = LocalQueue::new(own_bytes).map_err(|_| none("calls of the submitter alone", own_bytes))?;
        let barrier = Barrier::new(engine.terms.abilities.has(Ability::Membarrier));
        let (lane, lane_lent) = private_lane(barrier, &params)?;
        let mut lent = Vec::new();
        reserve(&mut lent, params.slots as usize, "lent descriptors")?;
        let mut executor = Executor::inline(Arc::clone(&engine.terms.context));
        executor.runner.expect(params.completion_record_max.into())?;
        let (mut batch, record_bytes) = (Batch::new(), u64::from(params.submission_record_max));
        batch.expect(record_bytes).map_err(|_| none("the longest submission", record_bytes))?;
        expect_small("a ring")?;
        let hold = Hold::new(barrier, engine.pool.as_ref().map(|pool| Arc::clone(&pool.watching)));
        let (header, lane_and_hold) = (RingHeader { params }, (lane.shared(), hold));
        let state = RingState::new(&region, &header, pooled.as_ref(), slots, lane_and_hold);
        let ring = Arc::new(RingWork::new(state));
        let (submissions, completions) = (Arc::clone(&ring.submissions), Arc::clone(&ring.completions));
        let claim_max = u64::from(params.completion_record_max).max(BATCH_DONE_BYTES as u64);
        let credit = Credit::new(u64::from(params.completion_bytes), claim_max);
        let pool = engine.pool.as_deref().inspect(|pool| pool.join(Arc::clone(&ring)));
        let confinement = pool.map(|pool| Confinement::of_this_thread(&pool.reference, ring.number));
        engine.registry.enter(&ring);
        Ok(Ring {
            limits: here::limits(&params),
            producer: Producer::new(Arc::clone(&submissions)),
            pooled: ring.pooled.clone().map(Producer::new),
            consumer: Consumer::new(Arc::clone(&completions), region.words(offset::COMPLETION_HEAD, 8)),
            slot_owner: SlotOwner::new(Arc::clone(&ring.slots), lent),
            slots: Arc::clone(&ring.slots),
            credit,
            lane,
            lane_slot: Box::new(Slot::alone()),
            lane_lent,
            own,
            begun: VecDeque::new(),
            staged: Staged::default(),
            wants_worker: false,
            confinement,
            looked: Looked::Not,
            wait_ends: None,
            shown_end: None,
            sharing: Sharing::new(pool.map_or(1, |pool| pool.limits.cpus)),
            calls_in_wait: 0,
            ran_in_wait: 0,
            look_at: usize::MAX,
            has_held: false,
            spin: Spin::new(pool.map_or(0, |pool| pool.limits.spin_ns)),
            validator: None,
            batch,
            executor,
            drain_buffer,
            state: ring,
            engine,
            params,
            submissions,
            completions,
            not_sync: PhantomData,
        })
    }

    /// The workers, if there are any and this thread may give them calls.
    #[inline]
    pub(crate) fn open_pool(&self) -> Option<&Pool> {
        self.engine.pool.as_deref().filter(|_| self.confinement.as_ref().is_some_and(Confinement::is_open))
    }

    /// The parameters that were granted when the ring was opened.
    #[must_use]
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// The number of calls that are accepted and have no completion ready yet; 0 in a forked child.
    pub fn in_flight(&mut self) -> usize {
        if self.check_home().is_err() {
            return 0;
        }
        self.drain();
        self.slot_owner.in_use()
    }

    /// The completions that are ready. It runs nothing and never waits. A forked child has none.
    #[inline]
    pub fn completions(&mut self) -> completion::Completions<'_> {
        if self.check_home().is_err() {
            self.drain_buffer.clear();
        } else if self.drain_buffer.len() == 0 {
            self.drain();
        }
        completion::Completions::new(self.drain_buffer.read())
    }

    /// Lets other threads stop the ring's calls from now on.
    #[cold]
    pub(crate) fn open_to_others(&mut self) {
        self.slot_owner.open_to_others();
        self.give_slots(0);
    }

    /// Refuses every entry in a forked child: the ring's memory is not there (ENGINE-26).
    pub(crate) fn check_home(&self) -> Result<(), Refusal> {
        if self.engine.guard.is_home() { Ok(()) } else { Err(Refusal::FORKED) }
    }
}

impl Ring {
    /// Stops calls of this ring. Gives the calls found, by kind; none in a forked child.
    ///
    /// Completions come as ever, one for each call: CANCELLED says that the call was kept from beginning or from ending.
    pub fn cancel(&mut self, which: Which) -> Found {
        self.cancel_with(which, Escalation::default())
    }

    /// [`Ring::cancel`], with the steps that follow when the signal does not end a call.
    pub fn cancel_with(&mut self, which: Which, escalation: Escalation) -> Found {
        if self.check_home().is_err() {
            return Found::default();
        }
        self.give_slots(0);
        let mut found = Found::default();
        cancel(&self.engine, &self.state, which, (By::Submitter, escalation), &mut found);
        self.step_out();
        found
    }

    /// Carries out a request to cancel, and posts its completion (CANCEL-12).
    pub(crate) fn push_cancel(&mut self, record: &[u8]) -> Result<Name, Refused> {
        self.check_home()?;
        let request = Cancel::check(record)?;
        if !self.slot_owner.has_free() {
            return Err(Refusal::SLOTS_FULL.into());
        }
        if !self.credit.take(DONE_BYTES_MIN as u64) {
            return Err(Refusal::COMPLETION_FULL.into());
        }
        let found = self.cancel_with(Which::named(request.by, request.value), Escalation::named(&request));
        let ticket = self.slot_owner.take_answer(request.user_data).expect("a slot was free above");
        let done = Done::bare(ticket.pack(), found.as_result(), DoneFlags::NONE);
        self.state.submitter.accepted.add(1);
        self.state.submitter.finished.add(1);
        self.completions.post(&done);
        Ok(Name::Slot(ticket))
    }

    /// A handle that stops calls of this ring from other threads.
    ///
    /// # Errors
    /// In a forked child.
    pub fn canceller(&mut self) -> Result<Canceller, RingError> {
        self.check_home().map_err(|_| RingError::Forked)?;
        if !self.slot_owner.is_watched() {
            self.open_to_others();
        }
        Ok(Canceller { engine: Arc::clone(&self.engine), reach: Reach::Ring(Arc::downgrade(&self.state)) })
    }
}

/// The private lane of a ring with these parameters, and room for the descriptors lent to its calls.
fn private_lane(
    barrier: Barrier,
    params: &Params,
) -> Result<(LaneOwner, VecDeque<(u64, LentSet)>), Shortage> {
    let none = |what, bytes| Shortage::memory(what, bytes, nix::Error::ENOMEM);
    let bytes = u64::from(params.submission_bytes);
    let lane = PrivateLane::new(bytes, barrier).map_err(|_| none("the private lane", 4 * bytes))?;
    let mut lent = VecDeque::new();
    let lent_bytes = u64::from(params.slots) * size_of::<(u64, LentSet)>() as u64;
    lent.try_reserve_exact(params.slots as usize).map_err(|_| none("lent descriptors", lent_bytes))?;
    Ok((LaneOwner::new(lane), lent))
}

impl Drop for Ring {
    /// Never waits (ENGINE-25, POOL-22): queued calls are not run; running calls are cancelled, and keep the ring state until
    /// they are over.
    fn drop(&mut self) {
        if self.check_home().is_err() {
            return;
        }
        self.state.set_status(EngineStatus::GONE);
        self.end_begun();
        self.drop_private();
        if let Some(pool) = self.engine.pool.clone() {
            // Unpublished records are not published, since a worker could take them. Their completions have no reader, so these
            // calls get none.
            self.withdraw();
            while self.own.pop(&mut self.batch) {
                let record = self.batch.record(0);
                let ticket = Ticket::unpack(record[USER_DATA_OFFSET / 8]);
                let is_instant = DispatchFlags::of(record[0]).contains(DispatchFlags::INSTANT);
                if Claim::ended(self.slots.get(ticket), ticket, is_instant).is_some() {
                    self.state.refused.add_beside_others(1);
                }
            }
            pool.refuse_queued(&self.state);
            stop_all(&self.engine, &self.state);
            pool.part(&self.state);
            self.confinement
                .iter_mut()
                .for_each(|confinement| confinement.end(&pool.reference, pool.is_closed()));
            self.state.adopt(self.slot_owner.take_lent());
        }
    }
}

impl std::fmt::Display for RingError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            RingError::Setup(error) => error.fmt(f),
            RingError::System(shortage) => shortage.fmt(f),
            RingError::Forked => f.write_str("the engine belongs to the process that was forked"),
            RingError::Closed => f.write_str("the engine is closed"),
        }
    }
}

impl std::error::Error for RingError {}

impl From<Shortage> for RingError {
    fn from(shortage: Shortage) -> RingError {
        RingError::System(shortage)
    }
}
