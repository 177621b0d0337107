//! Holds how `Ring` publishes pushed calls, offers them to workers or withdraws them, for the application, waits and drop.

use crate::confinement::Looked;
use crate::queues::submission_queue::Producer;
use crate::ring::Ring;

impl Ring {
    /// Publishes pushed calls, and offers them to the workers. Gives the number of bytes that became visible.
    ///
    /// Without workers no call runs before the next wait; nor does a SYNC call with them.
    pub fn submit(&mut self) -> u64 {
        if self.check_home().is_err() {
            return 0;
        }
        self.meet_thief();
        if !self.may_offer() {
            return self.lane.publish() + self.publish();
        }
        let bytes = self.lane.publish();
        let moved = self.share(0);
        let visible = self.publish();
        self.open_to_workers();
        // Calls that a wait has published before, and left in the lane, become visible to workers only here.
        if bytes + visible > 0 {
            self.offer();
        }
        bytes + visible - moved
    }

    /// Publishes the calls in the queues, not those of the private lane, and offers them to workers; in a thread that differs from
    /// the workers they are this thread's.
    pub(crate) fn submit_queues(&mut self) {
        if self.may_offer() {
            self.publish();
            self.open_to_workers();
            self.offer();
        } else {
            self.publish();
        }
    }

    /// Publishes pushed calls; gives the bytes that became visible. Workers may take the calls that are open to them.
    pub(crate) fn publish(&mut self) -> u64 {
        let staged = if self.staged.is_empty() { 0 } else { self.publish_staged() };
        staged + self.pooled.as_mut().map_or(0, Producer::publish) + self.producer.publish()
    }

    /// The same in a wait, which runs calls with a lane itself where it can: those stay staged.
    pub(crate) fn publish_beside_lanes(&mut self) {
        if self.staged.may_stay() {
            let ring = &self.state;
            self.staged.give_without_lane(|call| Some(ring.queue_by_priority(call)));
        } else {
            self.publish_staged();
        }
        self.pooled.as_mut().map(Producer::publish);
        self.producer.publish();
    }

    /// Publishes the staged calls; gives their bytes. Of those that have lanes each is for workers.
    fn publish_staged(&mut self) -> u64 {
        let (ring, pool, mut bytes) = (&self.state, &self.engine.pool, 0);
        self.staged.give(|call| {
            bytes += call.bytes();
            match (call.lane(), pool) {
                (Some(lane), Some(pool)) => {
                    let mut released = pool.lanes.enter(ring, call, lane);
                    pool.make_known(&mut released);
                    None
                }
                _ => Some(ring.queue_by_priority(call)),
            }
        });
        bytes
    }

    /// Whether a call was pushed and not published.
    #[inline]
    pub(crate) fn has_unpublished(&self) -> bool {
        self.producer.has_unpublished()
            || self.pooled.as_ref().is_some_and(Producer::has_unpublished)
            || !self.staged.is_empty()
    }

    /// Moves unpublished calls to the submitter's own queue: from now on only this thread sees them.
    pub(crate) fn withdraw(&mut self) {
        self.wants_worker = false;
        self.staged.give(|call| {
            let record = call.into_record();
            self.own.take_over(&record);
            Some(record)
        });
        for producer in [Some(&mut self.producer), self.pooled.as_mut()].into_iter().flatten() {
            producer.withdraw(|record| self.own.take_over(record));
        }
    }

    /// Whether workers may have the unpublished calls. If not, these are withdrawn.
    pub(crate) fn may_offer(&mut self) -> bool {
        let may_offer = self.is_equal();
        // Without workers the calls may stay in the ring.
        if !may_offer && self.engine.pool.is_some() {
            self.withdraw();
        }
        may_offer
    }

    /// Whether the thread is confined as the workers are, compared now.
    pub(crate) fn is_equal(&mut self) -> bool {
        let (Some(pool), Some(confinement)) = (self.engine.pool.as_deref(), &mut self.confinement) else {
            return false;
        };
        // A closed pool runs no call, so every thread may offer to it; and it has no threads to compare with. It may be closed
        // during the comparison, so it is asked again.
        let is_equal =
            pool.is_closed() || confinement.look(&pool.reference, self.wait_ends) || pool.is_closed();
        confinement.show(&pool.reference);
        self.looked = if is_equal { Looked::Equal } else { Looked::Different };
        is_equal
    }

    /// Whether workers may have the calls that this wait has published or begun. Compares once in a wait, when it is first
    /// asked: a thread that waits does not confine itself.
    pub(crate) fn may_give_away(&mut self) -> bool {
        match self.looked {
            Looked::Equal => true,
            Looked::Different => false,
            Looked::Not => self.may_offer(),
        }
    }

    /// Opens the published calls to workers, after a comparison of the thread; `offer` makes them known.
    pub(crate) fn open_to_workers(&self) {
        self.state.open(self.producer.published());
        self.lane.set_open(true);
    }

    /// Whether all published calls are open to workers.
    pub(crate) fn is_open_to_workers(&self) -> bool {
        self.state.is_open(self.producer.published())
    }

    /// Makes the ring known to the workers, if there are any. Its calls are open to them.
    pub(crate) fn offer(&mut self) {
        self.wants_worker = false;
        if let Some(pool) = &self.engine.pool {
            pool.offer(&self.state);
        }
    }
}
