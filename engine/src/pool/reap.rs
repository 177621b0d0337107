//! Ends calls that do not run any more, and reaps a worker that died. Called by the pool's shutdown, by workers for
//! records without memory, and by the monitor.
#![allow(unsafe_code, reason = "runs records that the unsafe `push` accepted")]

use std::sync::Arc;

use syslet_abi::{Errno, USER_DATA_OFFSET};

use crate::exec::claim::{Claim, reason};
use crate::exec::is_program;
use crate::exec::outcome::Outcome;
use crate::exec::unclaimed::post_not_run;
use crate::pool::executor::{Executor, Rest};
use crate::pool::ring_work::RingWork;
use crate::pool::state::RingHost;
use crate::pool::worker::WorkerStats;
use crate::pool::worker::{Worker, WorkerLocal};
use crate::pool::{Pool, RunningCall};
use crate::queues::batch::{BATCH_MAX, Batch};
use crate::queues::staged::ticket;
use crate::slots::dispatch::DispatchFlags;
use crate::slots::state::State;
use crate::sys::activity::Activity;
use crate::sys::sync::Ordering;

impl WorkerLocal {
    /// Ends claimed calls that are not to run. A call of which an attempt has moved bytes ends as an interrupted one
    /// does, with the count of those bytes. `pool` stops calls of programs on their way out.
    pub(crate) fn refuse(&mut self, ring: &Arc<RingWork>, errno: Errno, pool: Option<&Pool>) {
        let watch = Activity::new();
        let host = pool.map(|pool| RingHost { pool, ring });
        let team = host.as_ref().map(|host| host.team(&watch, self.maker, false));
        let mut begun = self.begun.take().filter(Rest::has_moved);
        for index in 0..self.batch.len() {
            let record = self.batch.record(index);
            let ticket = ticket(record);
            let slot = ring.slots.get(ticket);
            let is_instant = DispatchFlags::of(record[0]).contains(DispatchFlags::INSTANT);
            let Some(claim) = Claim::ended(slot, ticket, is_instant) else { continue };
            self.built += if let Some(rest) = begun.take() {
                // Relaxed: this thread itself reads the word, in `run_rest` below, before it makes the rest of the call.
                slot.cancel().store(reason::ASKED, Ordering::Relaxed);
                let team = team.filter(|_| rest.is_begun_program() && !rest.is_orphan());
                // SAFETY: the record was taken from the ring, where `push` alone puts records, with its slot: its
                // submitter answers for the call. The cancelled slot keeps the rest of the call from being made.
                unsafe { self.executor.run_rest(record, &claim, rest, team) }
            } else {
                self.executor.runner.abandon(record, slot, self.built, Outcome::not_run(errno))
            };
            pool.inspect(|pool| pool.ended(ring, slot, ticket, &mut self.released));
            ring.refused.add_beside_others(1);
            if (index + 1).is_multiple_of(BATCH_MAX) {
                self.post_built(ring);
            }
        }
        self.at = self.batch.len();
        self.post_built(ring);
        pool.inspect(|pool| pool.make_known(&mut self.released));
    }

    /// Posts what is built, as one claim of the ring.
    fn post_built(&mut self, ring: &RingWork) {
        if self.built > 0 {
            ring.post(self.executor.runner.done(self.built));
            self.built = 0;
        }
    }

    /// Ends a claimed call with a record that is longer than the memory there is. The call does not run (ENGINE-34).
    pub(crate) fn starve(&mut self, pool: &Pool, ring: &RingWork) {
        let record = self.batch.record(0);
        let ticket = ticket(record);
        let slot = ring.slots.get(ticket);
        let is_instant = DispatchFlags::of(record[0]).contains(DispatchFlags::INSTANT);
        if Claim::ended(slot, ticket, is_instant).is_some() {
            pool.ended(ring, slot, ticket, &mut self.released);
            post_not_run(ring, slot, ticket, Errno(libc::ENOMEM));
            pool.make_known(&mut self.released);
        }
    }

    /// Whether the claimed record is a program that was begun.
    pub(crate) fn has_begun_program(&self) -> bool {
        self.begun.as_ref().is_some_and(Rest::is_begun_program)
    }

    /// The claimed record in the form in which running calls are listed. No thread makes it yet.
    pub(crate) fn shown(&self, ring: &RingWork) -> RunningCall {
        let slot = ring.slots.get(ticket(self.batch.record(self.at)));
        RunningCall { nr: slot.nr(), user_data: slot.user_data(), tid: 0 }
    }

    /// Replaces batch and executor without freeing them: other threads may be in calls of this worker's program, so
    /// the memory that those read and write stays.
    fn leave_behind(&mut self) {
        let mut batch = Batch::new();
        batch.put(self.batch.record(self.at).iter().copied());
        std::mem::forget(std::mem::replace(&mut self.batch, batch));
        let executor = Executor::pooled(Arc::clone(self.executor.runner.context()));
        std::mem::forget(std::mem::replace(&mut self.executor, executor));
        self.at = 0;
    }

    /// Reaps a worker that died: posts the completions that it had built, ends the call that killed it, and gives
    /// back the calls that it had claimed and not begun.
    pub(crate) fn reap(&mut self, pool: &Pool, stats: &WorkerStats) -> Option<Arc<RingWork>> {
        let ring = self.ring.take()?;
        self.settle(&ring, stats);
        if let Some((group, index, _)) = self.member.take() {
            let host = RingHost { pool, ring: &ring };
            let team = host.team(&stats.watch, self.maker, false);
            group.reap(index, team);
            return Some(ring);
        }
        if self.at < self.batch.len() {
            if is_program(self.batch.record(self.at)) {
                self.leave_behind();
                let program = self.batch.record(self.at)[USER_DATA_OFFSET / 8];
                ring.programs.running.forget(program);
                ring.programs.leaving.forget(program);
            }
            let record = self.batch.record(self.at);
            let ticket = ticket(record);
            let slot = ring.slots.get(ticket);
            if let Some(group) = ring.programs.groups.of(ticket.pack()) {
                // The program is over when all calls of its group are.
                Claim::reap_for(slot, ticket, State::EXIT_QUEUED);
                let host = RingHost { pool, ring: &ring };
                group.orphan(host.team(&stats.watch, self.maker, false));
                ring.handoffs.push(record, Rest::Orphan(group));
                self.at += 1;
            } else if Claim::reap(slot, ticket) {
                let outcome = Outcome::unknown(Errno(libc::EOWNERDEAD));
                self.built += self.executor.runner.abandon(record, slot, self.built, outcome);
                self.at += 1;
                pool.ended(&ring, slot, ticket, &mut self.released);
                stats.finished.add((self.at - self.posted) as u64);
                self.post(pool, &ring);
            } else if self.come_back(pool, &ring, ticket) {
                self.at += 1;
            }
            for index in self.at..self.batch.len() {
                ring.handoffs.push(self.batch.record(index), Rest::default());
            }
        }
        Some(ring)
    }
}

impl Worker {
    /// Reaps a worker that died. Returns the ring that it served.
    pub(crate) fn reap(&self, pool: &Pool) -> Option<Arc<RingWork>> {
        // SAFETY: the monitor calls this, and has joined the worker's thread: no other reference to the state is
        // left.
        unsafe { self.local() }.reap(pool, &self.stats)
    }
}
