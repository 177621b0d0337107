//! One ring as the pool's threads serve it: its state, the calls that were begun elsewhere, and those of its
//! programs. Called by workers, the monitor, the submitter and timers.

use std::ops::Deref;

use crate::pool::executor::Rest;
use crate::pool::scheduler::Work;
use crate::program::RingPrograms;
use crate::queues::handoff::Handoffs;
use crate::queues::ring_state::RingState;
use crate::queues::staged::ticket;
use crate::slots::state::State;
use crate::sys::activity::Glance;
use crate::sys::sync::{Arc, AtomicBool, Mutex, lock};

/// A ring's state with the work that only the pool knows of. It lives until the last call of the ring is over.
#[derive(Debug)]
pub(crate) struct RingWork {
    state: RingState,
    /// Calls that another thread has begun, for a worker to go on with.
    pub(crate) handoffs: Handoffs<Rest>,
    /// Calls that would block, or could, and have to wait for a worker: the reserve has put them aside.
    pub(crate) waiting: Handoffs<Rest>,
    pub(crate) programs: RingPrograms,
    pub(crate) requests: Requests,
}

/// Requests of other threads that only the submitter can carry out: its private lane has calls that they cannot find.
#[derive(Default)]
pub(crate) struct Requests(Mutex<Vec<Request>>);

/// A request, which gets the ring.
pub(crate) type Request = Box<dyn FnOnce(&Arc<RingWork>) + Send>;

impl Requests {
    /// Leaves a request. The caller tells the lane's owner ([`PrivateLane::ask`](crate::queues::private_lane::PrivateLane::ask)).
    pub(crate) fn leave(&self, request: Request) {
        lock(&self.0).push(request);
    }

    /// Takes all requests, in the order left.
    pub(crate) fn take(&self) -> Vec<Request> {
        std::mem::take(&mut lock(&self.0))
    }
}

impl std::fmt::Debug for Requests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Requests").field(&lock(&self.0).len()).finish()
    }
}

impl RingWork {
    pub(crate) fn new(state: RingState) -> RingWork {
        RingWork {
            state,
            handoffs: Handoffs::new(),
            waiting: Handoffs::new(),
            programs: RingPrograms::default(),
            requests: Requests::default(),
        }
    }

    /// Whether workers may take a call that is not in the ring's two queues: of a group, handed over, or in the priority queue; a
    /// glance.
    #[inline]
    pub(crate) fn has_special_work(&self) -> bool {
        !self.handoffs.is_empty()
            || !self.waiting.is_empty()
            || !self.programs.groups.is_empty()
            || self.priority.for_workers() > 0
    }

    /// Hands the calls of the private lane to workers, but for the one that the submitter is in, if it is where that glance saw it.
    pub(crate) fn take_private(&self, glance: Glance) {
        self.lane.seize(glance, |entry| {
            let ticket = entry.ticket().unwrap_or_else(|| entry.take_slot(&self.slots, |_| State::QUEUED));
            self.handoffs.push_named(entry.record(), ticket.pack(), Rest::default());
        });
    }

    /// Whether a sleep that was found to be one may be parked: no canceller has asked it to stop meanwhile. A canceller that comes
    /// later finds it QUEUED, and removes it.
    pub(crate) fn may_park(&self, record: &[u64]) -> bool {
        let ticket = ticket(record);
        self.slots.get(ticket).phase().is_undisturbed(ticket.generation())
    }

    /// Whether a call is queued, for workers or for any thread; a glance without locks.
    pub(crate) fn has_any_work(&self) -> bool {
        self.has_work() || self.has_shared_work() || self.lane.left_behind() > 0
    }
}

impl Deref for RingWork {
    type Target = RingState;

    #[inline(always)]
    fn deref(&self) -> &RingState {
        &self.state
    }
}

impl Work for RingWork {
    fn listed(&self) -> &AtomicBool {
        self.state.listed()
    }

    fn has_work(&self) -> bool {
        self.has_special_work() || !self.rings_are_empty()
    }
}
