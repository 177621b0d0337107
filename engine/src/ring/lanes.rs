//! Holds how `Ring` runs calls with LANE inline, for waits and `exec`: a call with room in its lane needs no worker, and one that has
//! to wait for its lane is a worker's.

use syslet_attrs::LaneValue;

use crate::queues::lanes::{Entered, Released};
use crate::ring::Ring;
use crate::slots::Ticket;
use crate::slots::dispatch::DispatchFlags;
use crate::sys::clock::now_ns;

impl Ring {
    /// Runs the first staged call if its lane has room; else all of them are given to workers. Says whether it was through with one.
    #[inline(never)]
    pub(crate) fn run_in_lane(&mut self) -> bool {
        match self.claim_in_lane() {
            InLane::Claimed(ticket) => {
                let built = self.run_claimed_in_lane(ticket);
                if built > 0 {
                    self.completions.post(self.executor.runner.done(built));
                }
                true
            }
            InLane::Removed => true,
            InLane::Given => false,
        }
    }

    /// Enters the first staged call into its lane, and puts it into the batch.
    pub(crate) fn claim_in_lane(&mut self) -> InLane {
        let first = self.staged.first();
        let asked = first.and_then(|call| Some((call.ticket(), call.lane()?, call.in_lane()?)));
        let (Some((ticket, ask, dispatch)), Some(pool)) = (asked, self.engine.pool.as_deref()) else {
            return self.give_lanes_away();
        };
        // Behind a call that storage holds up none may wait where workers do not see it (POOL-16).
        let may_be_held = !dispatch.intersects(DispatchFlags::INSTANT.with(DispatchFlags::NONBLOCKING));
        if may_be_held && self.staged.len() > 1 || pool.is_closed() {
            return self.give_lanes_away();
        }
        match pool.lanes.try_enter(&self.state, ticket, ask) {
            Entered::NoRoom => self.give_lanes_away(),
            Entered::Removed => {
                self.staged.take_first();
                InLane::Removed
            }
            Entered::Inside(running) => {
                let mut call = self.staged.take_first().expect("it is the first");
                call.note(LaneValue { waited_ns: now_ns().saturating_sub(call.queued_ns()), running });
                call.run_inline(dispatch);
                self.batch.put(call.record().iter().copied());
                self.staged.reuse(call.into_record());
                InLane::Claimed(ticket)
            }
        }
    }

    /// Runs the call of the batch, which is in its lane, or hands it over with its place. Gives the words of its completion; the
    /// lane's next call has the place by then.
    pub(crate) fn run_claimed_in_lane(&mut self, ticket: Ticket) -> usize {
        let built = self.run_one_inline(0, 0);
        // None is built where a worker goes on with the call, or a canceller has removed it: those give the place back.
        if let (true, Some(pool)) = (built > 0, self.engine.pool.as_deref()) {
            let mut released = Released::new();
            pool.ended(&self.state, self.slots.get(ticket), ticket, &mut released);
            pool.make_known(&mut released);
        }
        built
    }

    /// Publishes the staged calls to workers, if these may have them; else the calls end without being made.
    #[cold]
    pub(crate) fn give_lanes_away(&mut self) -> InLane {
        if self.may_give_away() {
            self.publish();
            self.open_to_workers();
            self.offer();
        } else {
            self.withdraw();
        }
        InLane::Given
    }
}

/// The way that the first staged call has taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum InLane {
    /// It is in its lane, and in the batch.
    Claimed(Ticket),
    /// It was removed before.
    Removed,
    /// It has to wait, so workers have it, and those behind it.
    Given,
}
