//! What was pushed becomes visible to others, and workers are brought to it; or it is taken back.

use crate::confinement::Looked;
use crate::queues::submission_queue::Producer;
use crate::ring::Ring;

impl Ring {
    /// Publishes what was pushed, and sees to it that a worker comes for it. Gives the number of bytes that became
    /// visible.
    ///
    /// Without workers nobody runs them before the next wait; nor do workers run SYNC calls.
    pub fn submit(&mut self) -> u64 {
        if self.check_home().is_err() {
            return 0;
        }
        if !self.may_offer() {
            return self.publish();
        }
        let bytes = self.publish();
        self.open_to_workers();
        if bytes > 0 {
            self.offer();
        }
        bytes
    }

    /// Publishes what was pushed; gives the bytes that became visible. Workers may have it when it is open to them.
    pub(crate) fn publish(&mut self) -> u64 {
        let staged = if self.staged.is_empty() { 0 } else { self.publish_aside() };
        staged + self.pooled.as_mut().map_or(0, Producer::publish) + self.producer.publish()
    }

    /// Publishes what does not stand in the ring; gives its bytes.
    fn publish_aside(&mut self) -> u64 {
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

    /// Whether anything was pushed and not published.
    #[inline]
    pub(crate) fn has_unpublished(&self) -> bool {
        self.producer.has_unpublished()
            || self.pooled.as_ref().is_some_and(Producer::has_unpublished)
            || !self.staged.is_empty()
    }

    /// Takes back what was not published: from now on only this thread sees it.
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

    /// Whether what is pushed and not published may be given to workers. If not, it is taken back from where they
    /// could see it.
    pub(crate) fn may_offer(&mut self) -> bool {
        let may_offer = self.is_equal();
        // Without workers there is nothing to take it back from.
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
        // A closed pool runs nothing, so anybody may offer; and its threads are no longer there to compare with. It may be closed
        // while they are compared.
        let is_equal =
            pool.is_closed() || confinement.look(&pool.reference, self.wait_ends) || pool.is_closed();
        confinement.show(&pool.reference);
        self.looked = if is_equal { Looked::Equal } else { Looked::Different };
        is_equal
    }

    /// Whether workers may have what this wait has published or begun. Looks once in a wait, and only if that is asked:
    /// while it waits, a thread does not confine itself.
    pub(crate) fn may_give_away(&mut self) -> bool {
        match self.looked {
            Looked::Equal => true,
            Looked::Different => false,
            Looked::Not => self.may_offer(),
        }
    }

    /// The thread was just compared: what is published is open to workers, as soon as they hear of it.
    pub(crate) fn open_to_workers(&self) {
        self.state.open(self.producer.published());
    }

    /// Whether everything published is open to workers.
    pub(crate) fn is_open_to_workers(&self) -> bool {
        self.state.is_open(self.producer.published())
    }

    /// Makes what is published known to the workers, if there are any; they may have it.
    pub(crate) fn offer(&mut self) {
        self.wants_worker = false;
        if let Some(pool) = &self.engine.pool {
            pool.offer(&self.state);
        }
    }
}
