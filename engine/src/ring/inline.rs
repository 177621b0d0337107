//! Holds how a submitter runs calls inline: `Ring::wait` claims queued calls, runs those it may, and hands the others over.
#![allow(unsafe_code, reason = "runs what the unsafe `push` accepted")]

use std::time::Instant;

use syslet_abi::{CallFlags, Errno, RecordWord, USER_DATA_OFFSET};

use crate::confinement::{Confinement, Looked};
use crate::exec::claim::{Claim, reason};
use crate::exec::outcome::Outcome;
use crate::exec::{Step, Until, is_program};
use crate::pool::executor::Rest;
use crate::queues::handoff::Handed;
use crate::queues::priority::Taker;
use crate::ring::Ring;
use crate::slots::Ticket;
use crate::slots::dispatch::DispatchFlags;
use crate::sys::clock::now_ns;
use crate::sys::sync::{Arc, Ordering};

/// A program has the thread for so long, whatever the timeout: a loop with a zero timeout makes progress without a worker.
const SLICE_NS: u64 = 500_000;

impl Ring {
    /// Runs calls of the private lane, which were pushed before those of the queues; or claims the next calls and runs them, or
    /// hands them over. Gives the number of calls that it was through with, of the lane at most `max`; few where the wait
    /// `is_timed`. The completions of one batch are posted together: no other thread waits for them. Calls that sleep for
    /// storage are claimed together without workers only.
    pub(crate) fn run_next(&mut self, max: usize, is_timed: bool) -> usize {
        if let Some(begun) = self.begun.pop_front() {
            self.go_on_with(begun);
            return 1;
        }
        if !self.staged.is_empty() && self.run_in_lane() {
            return 1;
        }
        if !self.lane.is_empty() {
            return self.run_lane(max, is_timed);
        }
        // Without workers no other thread could run the calls of a claim; the claim must only not make the wait longer.
        let is_alone = self.engine.pool.is_none() && !is_timed;
        self.batch.allow_storage(if is_alone { max } else { 1 });
        let count = if self.has_special_work() {
            self.claim_in_order()
        } else {
            match self.claim_from_ring() {
                0 if self.has_special_work() => self.claim_in_order(),
                taken => taken,
            }
        };
        self.run_batch(count);
        count
    }

    /// Runs calls of the private lane. Those of the priority queue take turns with them.
    fn run_lane(&mut self, max: usize, is_timed: bool) -> usize {
        if self.state.priority.is_empty_for_submitter() {
            let ran = self.run_private(max.min(self.until_look()), is_timed);
            self.count_private_runs(ran);
            return ran;
        }
        if self.state.priority.take(&mut self.batch, Taker::Submitter, now_ns(), false) {
            self.run_batch(1);
            return 1;
        }
        self.run_one_of_lane(is_timed)
    }

    #[cold]
    fn run_one_of_lane(&mut self, is_timed: bool) -> usize {
        self.state.priority.give_turn_back();
        self.run_private(1, is_timed)
    }

    /// Runs the first `count` records of the batch, and posts their completions together.
    pub(crate) fn run_batch(&mut self, count: usize) {
        let mut built = 0;
        for index in 0..count {
            built += self.run_one_inline(index, built);
        }
        if built > 0 {
            self.completions.post(self.executor.runner.done(built));
        }
    }

    /// Whether a call waits that is not taken in the order pushed: in the queue of this thread alone, or in the priority queue.
    #[inline(always)]
    fn has_special_work(&self) -> bool {
        !self.own.is_empty() || !self.state.priority.is_empty()
    }

    /// Claims the next calls of the ring; gives their number.
    #[inline]
    fn claim_from_ring(&mut self) -> usize {
        let taken = self.submissions.take(&mut self.batch, || u64::MAX);
        taken.expect("only this process writes its rings, so every record in them is whole")
    }

    /// Claims the next calls, from that of the three queues which has the turn; gives their number.
    #[inline(never)]
    fn claim_in_order(&mut self) -> usize {
        let is_own = !self.own.is_empty() && self.own.pop(&mut self.batch);
        if is_own || !self.state.priority.is_empty_for_submitter() && self.take_sorted(false) {
            return 1;
        }
        let taken = self.claim_from_ring();
        if taken > 0 {
            self.state.priority.give_turn_back();
        }
        let is_late = taken == 0 && !self.state.priority.is_empty_for_submitter() && self.take_sorted(true);
        if is_late { 1 } else { taken }
    }

    /// Claims the next call of the priority queue, if its turn is before that of the ring.
    fn take_sorted(&mut self, is_empty: bool) -> bool {
        let is_empty = is_empty || self.submissions.is_empty();
        self.state.priority.take(&mut self.batch, Taker::Submitter, now_ns(), is_empty)
    }

    /// Runs record `index` of the batch, or hands it over; gives the words of its completion, built at word `at`.
    #[inline(always)]
    pub(crate) fn run_one_inline(&mut self, index: usize, at: usize) -> usize {
        let record = self.batch.record(index);
        let ticket = Ticket::unpack(record[USER_DATA_OFFSET / 8]);
        let dispatch = DispatchFlags::of(record[0]);
        let is_instant = dispatch == DispatchFlags::INSTANT;
        let words = if is_instant && !self.engine.is_closed() {
            let claim = Claim::instant(self.slots.get(ticket), ticket);
            // SAFETY: `run` wants the promise of `Ring::push` for this record. The record was taken from a queue of this ring,
            // where `push` alone puts records, under that promise.
            unsafe { self.executor.runner.run(record, &claim, at) }
        } else {
            match self.run_inline_with_care(index, at, ticket, dispatch) {
                Some(Step::Done(words)) => words,
                Some(Step::Suspended(rest)) => {
                    self.hand_over(index, rest);
                    return 0;
                }
                None => return 0,
            }
        };
        self.state.submitter.finished.add(1);
        words
    }

    /// Runs a call that can sleep, as far as it may run here. `None` when it is no longer to be made.
    fn run_inline_with_care(
        &mut self,
        index: usize,
        at: usize,
        ticket: Ticket,
        dispatch: DispatchFlags,
    ) -> Option<Step<usize, Rest>> {
        let refusal = if self.engine.is_closed() {
            Some(Errno(libc::ECANCELED))
        } else {
            // A call for workers only stands here when `withdraw` has taken it back from them.
            dispatch.contains(DispatchFlags::WORKER).then_some(Errno(libc::EPERM))
        };
        if let Some(errno) = refusal {
            let (record, slot) = (self.batch.record(index), self.slots.get(ticket));
            Claim::ended(slot, ticket, dispatch.contains(DispatchFlags::INSTANT))?;
            return Some(Step::Done(self.executor.runner.abandon(record, slot, at, Outcome::not_run(errno))));
        }
        let is_theirs_again = self.is_for_workers_again(index, dispatch);
        let is_program = is_program(self.batch.record(index));
        if is_theirs_again && !is_program {
            return Some(Step::Suspended(Rest::default()));
        }
        // A call that blocks here must not hold up the calls behind it: the workers get those.
        let is_theirs = self.state.is_listed() && self.is_open_to_workers();
        let others_wait = self.open_pool().is_some() && self.has_shared_work() && !is_theirs;
        let is_alone = others_wait && !self.may_be_relieved() || self.open_pool().is_none();
        if !is_alone {
            self.lane.go_away();
        }
        if !is_alone && others_wait {
            self.open_pool().inspect(|pool| pool.watch_closely());
        }
        let by_attempt = dispatch.contains(DispatchFlags::NONBLOCKING) || is_theirs_again;
        let first = self.attempt(index, at, ticket, by_attempt && !is_alone);
        self.meet_thief();
        match first {
            Some(Step::Suspended(rest @ Rest::Program(_))) if self.is_for_this_thread(index) => {
                self.begun.push_back(Handed { record: self.batch.record(index).to_vec(), rest });
                None
            }
            Some(Step::Suspended(rest)) if !self.may_give_away() => {
                let (record, slot) = (self.batch.record(index), self.slots.get(ticket));
                let claim = Claim::inline(slot, ticket)?;
                // SAFETY: `run_rest` wants the promise of `Ring::push` for this record, as in `run_one_inline`.
                Some(Step::Done(unsafe { self.executor.run_rest(record, &claim, rest, None) }))
            }
            first => first,
        }
    }

    /// Whether no worker may go on with a program.
    fn is_for_this_thread(&mut self, index: usize) -> bool {
        let flags = CallFlags(RecordWord::unpack(self.batch.record(index)[0]).flags);
        flags.contains(CallFlags::SYNC) || !self.may_give_away()
    }

    /// Goes on with a program that this thread has left, until the wait wants the thread again.
    #[cold]
    fn go_on_with(&mut self, begun: Handed<Rest>) {
        let Handed { record, rest } = begun;
        let ticket = Ticket::unpack(record[USER_DATA_OFFSET / 8]);
        let Some(claim) = Claim::inline(self.slots.get(ticket), ticket) else { return };
        if self.engine.is_closed() {
            claim.slot().cancel().store(reason::ASKED, Ordering::Relaxed);
        } else {
            self.executor.runner.until = self.until(&record);
        }
        // SAFETY: `go_on` wants the promise of `Ring::push` for this record, which was claimed from a queue of this ring, where `push`
        // alone puts records, under that promise.
        let step = unsafe { self.executor.go_on(&record, &claim, rest, None) };
        self.executor.runner.until = None;
        match step {
            Step::Done(words) => {
                self.state.submitter.finished.add(1);
                self.completions.post(self.executor.runner.done(words));
            }
            Step::Suspended(rest) => self.begun.push_front(Handed { record, rest }),
        }
    }

    /// Ends the programs that this thread has left: they leave by their way out. The ring is dropped.
    pub(crate) fn end_begun(&mut self) {
        while let Some(Handed { record, rest }) = self.begun.pop_front() {
            let ticket = Ticket::unpack(record[USER_DATA_OFFSET / 8]);
            if let Some(claim) = Claim::inline(self.slots.get(ticket), ticket) {
                claim.slot().cancel().store(reason::ASKED, Ordering::Relaxed);
                // SAFETY: as in `go_on_with`. The completion has no reader, and is not posted.
                let _words = unsafe { self.executor.run_rest(&record, &claim, rest, None) };
                self.state.submitter.finished.add(1);
            }
        }
    }

    /// Whether a call that could block here is for the workers after all: it was accepted, or withdrawn from them, when the
    /// thread differed from them, and the thread does so no longer.
    fn is_for_workers_again(&mut self, index: usize, dispatch: DispatchFlags) -> bool {
        let differed = self.engine.pool.is_some() && self.open_pool().is_none();
        let flags = CallFlags(RecordWord::unpack(self.batch.record(index)[0]).flags);
        differed
            && !dispatch.contains(DispatchFlags::STORAGE)
            && !flags.contains(CallFlags::SYNC)
            && self.may_give_away()
            && !dispatch.contains(DispatchFlags::NONBLOCKING)
    }

    /// Whether workers may have the calls that wait behind one that this thread is about to make, should that block. Where the
    /// monitor can compare a blocked thread, no comparison is made before.
    pub(crate) fn may_be_relieved(&mut self) -> bool {
        if self.looked == Looked::Not && self.confinement.as_ref().is_some_and(Confinement::is_shown) {
            return true;
        }
        let may_give_away = self.may_give_away();
        if may_give_away {
            self.open_to_workers();
        }
        may_give_away
    }

    /// Runs a call, or makes its non-blocking attempt.
    fn attempt(
        &mut self,
        index: usize,
        at: usize,
        ticket: Ticket,
        by_attempt: bool,
    ) -> Option<Step<usize, Rest>> {
        let may_hold = self.may_hold();
        let claim = Claim::inline(self.slots.get(ticket), ticket)?;
        self.executor.runner.until = self.until(self.batch.record(index));
        let record = self.batch.record(index);
        let hold = may_hold.then(|| &self.state.hold);
        let made = if by_attempt {
            debug_assert_eq!(at, 0, "a call that is not instant is claimed alone");
            // SAFETY: `attempt` wants the promise of `Ring::push` for this record, as in `run_one_inline`.
            unsafe { self.executor.attempt(record, &claim, (self.engine.terms.abilities, hold)) }
        } else {
            // SAFETY: `run_held` wants the promise of `Ring::push` for this record, as in `run_one_inline`.
            unsafe { self.executor.run_held(record, &claim, hold, at) }
        };
        self.executor.runner.until = None;
        Some(made)
    }

    /// When a program leaves this thread to its wait (POOL-16).
    fn until(&self, record: &[u64]) -> Option<Until> {
        if !is_program(record) {
            return None;
        }
        let left = self.wait_ends.map(|ends| ends.saturating_duration_since(Instant::now()));
        let left_ns = left.map(|left| u64::try_from(left.as_nanos()).unwrap_or(u64::MAX));
        let at_ns = left_ns.map_or(u64::MAX, |left_ns| now_ns().saturating_add(left_ns.max(SLICE_NS)));
        Some(Until { at_ns, woken: Arc::clone(&self.state.woken) })
    }

    /// Whether the monitor may take this thread out of a call that it is about to make: then it is told when the wait ends.
    #[inline(always)]
    pub(crate) fn may_hold(&mut self) -> bool {
        let may_hold = self.open_pool().is_some_and(|pool| pool.may_kick);
        if may_hold && self.wait_ends != self.shown_end {
            self.show_end();
        }
        may_hold
    }

    #[cold]
    fn show_end(&mut self) {
        self.shown_end = self.wait_ends;
        let left = |ends: Instant| ends.saturating_duration_since(Instant::now()).as_nanos();
        let left_ns = self.wait_ends.map(|ends| u64::try_from(left(ends)).unwrap_or(u64::MAX));
        self.state.hold.set_end(left_ns.map_or(u64::MAX, |left_ns| now_ns().saturating_add(left_ns)));
    }

    /// Whether a call is published that both this thread and workers may run.
    pub(crate) fn has_shared_work(&self) -> bool {
        self.state.has_shared_work()
    }

    /// The one call of the batch was begun, and would have slept: workers go on with it, or this thread where none may.
    pub(crate) fn hand_over_or_finish(&mut self, rest: Rest) {
        if self.may_give_away() {
            self.hand_over(0, rest);
            return;
        }
        let record = self.batch.record(0);
        let ticket = Ticket::unpack(record[USER_DATA_OFFSET / 8]);
        let Some(claim) = Claim::inline(self.slots.get(ticket), ticket) else { return };
        // SAFETY: `run_rest` wants the promise of `Ring::push` for this record, as in `run_one_inline`.
        let built = unsafe { self.executor.run_rest(record, &claim, rest, None) };
        self.state.submitter.finished.add(1);
        self.completions.post(self.executor.runner.done(built));
    }

    /// Gives a claimed call to the workers, or parks it.
    fn hand_over(&mut self, index: usize, rest: Rest) {
        self.has_held = true;
        let pool = self.engine.pool.as_deref().expect("a call is handed over where there are workers");
        pool.go_on(&self.state, self.batch.record(index), rest);
    }
}
