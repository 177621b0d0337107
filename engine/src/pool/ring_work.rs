//! One ring as the pool's threads serve it: its state, the calls that were begun elsewhere, and those of its
//! programs. Called by workers, the monitor, the submitter and timers.

use std::ops::Deref;

use crate::pool::executor::Rest;
use crate::pool::scheduler::Work;
use crate::program::RingPrograms;
use crate::queues::handoff::Handoffs;
use crate::queues::ring_state::RingState;
use crate::sys::sync::AtomicBool;

/// A ring's state with the work that only the pool knows of. It lives until the last call of the ring is over.
#[derive(Debug)]
pub(crate) struct RingWork {
    state: RingState,
    /// Calls that another thread has begun, for a worker to go on with.
    pub(crate) handoffs: Handoffs<Rest>,
    pub(crate) programs: RingPrograms,
}

impl RingWork {
    pub(crate) fn new(state: RingState) -> RingWork {
        RingWork { state, handoffs: Handoffs::new(), programs: RingPrograms::default() }
    }

    /// Whether workers may take a call that is not in the ring's two queues: of a group, handed over, or in the priority queue; a
    /// glance.
    #[inline]
    pub(crate) fn has_special_work(&self) -> bool {
        !self.handoffs.is_empty() || !self.programs.groups.is_empty() || self.priority.for_workers() > 0
    }

    /// Whether a call is queued, for workers or for any thread; a glance without locks.
    pub(crate) fn has_any_work(&self) -> bool {
        self.has_work() || self.has_shared_work()
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
