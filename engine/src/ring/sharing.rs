//! Holds how a wait of `Ring` shares calls of the private lane with workers, for speed: it asks the policy (`pool::sharing`)
//! before it runs them and at the calls that the policy names.

use crate::pool::sharing::Next;
use crate::queues::call_kind::CallKind;
use crate::ring::Ring;
use crate::sys::clock::now_ns;

impl Ring {
    /// A wait begins that wants so many completions more: decides after how many calls the clock is read, if at all.
    #[inline(always)]
    pub(super) fn plan_sharing(&mut self, wanted: usize) {
        (self.ran_in_wait, self.look_at, self.has_held) = (0, usize::MAX, false);
        let calls = wanted.min(self.lane.len());
        self.calls_in_wait = calls;
        if calls > 1 && self.open_pool().is_some() {
            self.plan_sharing_of(calls);
        }
    }

    fn plan_sharing_of(&mut self, calls: usize) {
        let Some(kind) = self.lane.back().map(|entry| CallKind::of_record(entry.record())) else { return };
        if self.sharing.wants_look(calls, kind) {
            let next = self.sharing.start(calls, kind, now_ns());
            self.note_look(next);
        }
    }

    /// How many calls of the lane may run until the next look.
    #[inline(always)]
    pub(super) fn until_look(&self) -> usize {
        self.look_at - self.ran_in_wait
    }

    /// So many calls of the lane have run.
    #[inline(always)]
    pub(super) fn count_private_runs(&mut self, ran: usize) {
        self.ran_in_wait += ran;
        if self.ran_in_wait >= self.look_at {
            self.look_at_sharing();
        }
    }

    /// The policy looks at the wait.
    #[cold]
    fn look_at_sharing(&mut self) {
        let Some(pool) = self.engine.pool.clone() else { return };
        let next = self.sharing.look(self.ran_in_wait, now_ns(), || pool.wake_ns_if_free());
        self.note_look(next);
    }

    fn note_look(&mut self, next: Next) {
        self.look_at = usize::MAX;
        match next {
            Next::RunTo(at) => self.look_at = at.max(self.ran_in_wait + 1),
            Next::Share(count) => {
                // The newest of those that this wait wants, and with them those behind, which it would leave.
                let left = self.calls_in_wait.saturating_sub(self.ran_in_wait);
                let kept = left.saturating_sub(count);
                let is_shared = self.may_give_away() && self.share(kept) > 0;
                if is_shared {
                    self.publish();
                    self.open_to_workers();
                    self.offer();
                } else {
                    self.sharing.forget();
                }
            }
        }
    }

    /// The wait is over. Its time tells something of its calls if all of them are over, and none was held up.
    #[inline(always)]
    pub(super) fn end_sharing(&mut self, is_complete: bool) {
        if self.sharing.is_judging() {
            if is_complete && !self.has_held { self.sharing.end(now_ns()) } else { self.sharing.forget() }
        }
    }
}
