//! What was pushed becomes visible to others, and workers are brought to it; or it is taken back.

use crate::pair::Ring;
use crate::ring::submissions::Producer;

impl Ring {
    /// Publishes what was pushed, and sees to it that a worker comes for it. Gives the number of bytes that became
    /// visible.
    ///
    /// Without workers nobody runs them before the next wait; nor do workers run SYNC calls.
    pub fn submit(&mut self) -> u64 {
        if self.check_home().is_err() {
            return 0;
        }
        let may_offer = self.may_offer();
        let bytes = self.publish();
        if may_offer && bytes > 0 {
            self.offer();
        }
        bytes
    }

    /// Publishes what was pushed; gives the bytes that became visible.
    pub(crate) fn publish(&mut self) -> u64 {
        let aside = if self.aside.is_empty() { 0 } else { self.publish_aside() };
        aside + self.pooled.as_mut().map_or(0, Producer::publish) + self.producer.publish()
    }

    /// Publishes what does not stand in the ring; gives its bytes.
    fn publish_aside(&mut self) -> u64 {
        let (port, mut bytes) = (&self.port, 0);
        self.aside.give(|call| {
            bytes += call.bytes();
            match (call.lane(), &port.lanes) {
                (Some(lane), Some(lanes)) => {
                    lanes.enter(port, call, lane);
                    None
                }
                _ => Some(port.shelve(call)),
            }
        });
        bytes
    }

    /// Whether anything was pushed and not published.
    #[inline]
    pub(crate) fn has_unpublished(&self) -> bool {
        self.producer.has_unpublished()
            || self.pooled.as_ref().is_some_and(Producer::has_unpublished)
            || !self.aside.is_empty()
    }

    /// Takes back what was not published: from now on only this thread sees it.
    pub(crate) fn withdraw(&mut self) {
        self.aside.give(|call| {
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
        let (Some(pool), Some(confinement)) = (self.shared.pool.as_deref(), &mut self.confinement) else {
            return false;
        };
        // A closed pool runs nothing, so anybody may offer; and its threads are no longer there to compare with.
        self.has_looked = confinement.look(pool.confinement()) || pool.is_closed();
        if self.has_looked {
            return true;
        }
        self.withdraw();
        false
    }

    /// Whether workers may have what this wait has published or begun. Looks once in a wait, and only if that is asked:
    /// while it waits, a thread does not confine itself.
    pub(crate) fn may_give_away(&mut self) -> bool {
        self.has_looked || self.open_pool().is_some() && self.may_offer()
    }

    /// Makes what is published known to the workers, if there are any; they may have it.
    pub(crate) fn offer(&mut self) {
        self.wants_worker = false;
        if let Some(pool) = &self.shared.pool {
            pool.offer(&self.port);
        }
    }
}
