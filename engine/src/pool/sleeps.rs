//! How sleeps wait without a thread: they are parked, and given to workers when they are due (PARK-40, PARK-41). Called by submitters and
//! workers that have attempted a call, by the monitor, and by the pool's shutdown.

use std::sync::Arc;

use crate::exec::Progress;
use crate::pool::executor::Rest;
use crate::pool::ring_work::RingWork;
use crate::pool::state::Pool;
use crate::sys::clock::now_ns;

impl Pool {
    /// A call of which no more is made for now goes on elsewhere: a sleep that may be parked is, everything else is for a worker. The
    /// caller has left the call in a state from which a worker claims it.
    pub(crate) fn go_on(&self, ring: &Arc<RingWork>, record: &[u64], rest: Rest) {
        if let Some(rest) = self.park_or(ring, record, rest) {
            ring.handoffs.push(record, rest);
            self.offer(ring);
        }
    }

    /// Parks a call that may be parked, and gives back the rest of any other.
    pub(crate) fn park_or(&self, ring: &Arc<RingWork>, record: &[u64], rest: Rest) -> Option<Rest> {
        match rest {
            Rest::Call(progress) if progress.until_ns > 0 && ring.may_park(record) => {
                self.park(ring, record, progress);
                None
            }
            Rest::Call(progress) if progress.until_ns == 0 && self.inputs.is_on() => {
                self.park_input(ring, record, progress).map(Rest::Call)
            }
            rest => Some(rest),
        }
    }

    /// Parks a sleep until it is due.
    pub(crate) fn park(&self, ring: &Arc<RingWork>, record: &[u64], progress: Progress) {
        if self.sleeps.add(ring, record, progress) {
            self.monitor.timer_set();
        }
        // The thread that closed the pool may have looked for this ring's sleeps before this one was there. Then it has had the
        // queue's lock before `add`, and this load sees the pool closed.
        if self.is_closed() {
            self.refuse_queued(ring);
        }
    }

    /// Gives the sleeps that are due to workers.
    pub(crate) fn serve_sleeps(&self) {
        let mut served: Option<Arc<RingWork>> = None;
        loop {
            let now_ns = now_ns();
            let Some(sleep) = self.sleeps.due(now_ns) else { break };
            let Some(ring) = sleep.ring() else { continue };
            ring.handoffs.push(&sleep.record, Rest::Call(sleep.progress.awoken(now_ns)));
            // Sleeps of one ring that are due together are made known together.
            if let Some(before) = served.replace(ring)
                && !served.as_ref().is_some_and(|now| Arc::ptr_eq(now, &before))
            {
                self.offer(&before);
            }
        }
        served.inspect(|ring| self.offer(ring));
    }

    /// Gives all parked sleeps of a ring that ends to the thread that ends its queued calls.
    pub(crate) fn unpark_all(&self, ring: &Arc<RingWork>) {
        for sleep in self.sleeps.take_all(ring) {
            ring.handoffs.push(&sleep.record, Rest::Call(sleep.progress));
        }
        for call in self.inputs.take_all(ring) {
            ring.handoffs.push(&call.own_record(), Rest::Call(call.progress));
        }
    }
}
