//! What is claimed is made, and its completions are posted.
#![allow(unsafe_code, reason = "runs what the unsafe `push` accepted")]

use syslet_abi::{Done, DoneFlags, Errno, Kind, RawResult, RecordWord};
use syslet_attrs::Needs;

use crate::cancel::timer::reach;
use crate::exec::Step;
use crate::exec::claim::Claim;
use crate::exec::outcome::Outcome;
use crate::pool::Pool;
use crate::pool::executor::{Executor, Rest};
use crate::pool::ring_work::RingWork;
use crate::pool::state::RingHost;
use crate::pool::worker::local::{WorkerLocal, ticket};
use crate::pool::worker::stats::WorkerStats;
use crate::program::Team;
use crate::queues::batch::DispatchFlags;
use crate::queues::completion_queue::{BACK_BYTES, back};
use crate::slots::Ticket;
use crate::sys::disposable::{self, Ended, Own};
use crate::sys::thread::own_tid;

impl WorkerLocal {
    /// Runs what was claimed and posts it. Says whether the worker counted as blocked meanwhile.
    pub(crate) fn work(&mut self, pool: &Pool, stats: &WorkerStats) -> bool {
        // A share of its own: should this thread die in the call, the desk still says whose call it was.
        let Some(ring) = self.ring.clone() else { return false };
        let host = RingHost { pool, ring: &ring };
        let team = host.team(&stats.watch, self.maker, true);
        if self.member.is_some() {
            return self.run_member(pool, team);
        }
        let dispatch = DispatchFlags::of(self.batch.record(0)[0]);
        let was_blocked = if dispatch.contains(DispatchFlags::INSTANT) {
            self.run_instants(&ring);
            Some(false)
        } else {
            self.run_one((pool, &ring), team, stats, dispatch)
        };
        let Some(was_blocked) = was_blocked else {
            self.at = self.batch.len();
            return false;
        };
        // First: a call whose completion is seen must not count as in flight.
        stats.finished.add(self.at as u64);
        self.post(pool, &ring);
        was_blocked
    }

    /// Runs calls that cannot sleep, one after the other.
    fn run_instants(&mut self, ring: &RingWork) {
        while self.at < self.batch.len() {
            let record = self.batch.record(self.at);
            let ticket = ticket(record);
            let claim = Claim::instant(ring.slots.get(ticket), ticket);
            // SAFETY: the record was taken from the ring, where `push` alone puts records, with its slot.
            self.built += unsafe { self.executor.runner.run(record, &claim, self.built) };
            self.at += 1;
        }
    }

    /// Runs a call that may sleep. Says whether the worker counted as blocked meanwhile; nothing when the call was not
    /// to be made any more.
    fn run_one(
        &mut self,
        (pool, ring): (&Pool, &RingWork),
        team: Team<'_>,
        stats: &WorkerStats,
        dispatch: DispatchFlags,
    ) -> Option<bool> {
        let record = self.batch.record(0);
        let ticket = ticket(record);
        let slot = ring.slots.get(ticket);
        let is_private = dispatch.contains(DispatchFlags::PRIVATE);
        let is_leaving = self.begun.as_ref().is_some_and(Rest::is_leaving);
        let claim = |maker| {
            let is_shielded = is_private || is_leaving;
            if is_shielded { Claim::prepared(slot, ticket) } else { Claim::working(slot, ticket, maker) }
        };
        let mut claimed = claim(self.maker)?;
        stats.show(slot.nr(), slot.user_data());
        let mut begun = self.begun.take();
        let mut sleeps = dispatch.contains(DispatchFlags::SLEEPS) || begun.as_ref().is_some_and(Rest::sleeps);
        let has_more = pool.has_work_besides(ring);
        stats.watch.enter();
        let mut first = None;
        // Others wait: it pays to know whether this call will keep them waiting. Or somebody wants to know.
        let tries = has_more || slot.needs().contains(Needs::CACHE);
        if tries && !sleeps && begun.is_none() && dispatch.contains(DispatchFlags::NONBLOCKING) {
            // SAFETY: as in `run_instants`.
            match unsafe { self.executor.attempt(record, &claimed, pool.abilities) } {
                Step::Done(words) => first = Some(words),
                Step::Suspended(later) => {
                    sleeps = later.sleeps();
                    begun = Some(later);
                    let Some(again) = claim(self.maker) else {
                        pool.unblock_if(stats.watch.leave());
                        self.come_back(pool, ring, ticket);
                        return None;
                    };
                    claimed = again;
                }
            }
        }
        self.built = match (first, begun) {
            (Some(words), _) => words,
            (None, begun) => {
                pool.brace(&stats.watch, sleeps, has_more);
                let rest = begun.unwrap_or_default();
                if is_private {
                    run_apart(&mut self.executor, record, &claimed, rest, Team { may_share: false, ..team })
                } else {
                    // SAFETY: as in `run_instants`.
                    unsafe { self.executor.run_rest(record, &claimed, rest, Some(team)) }
                }
            }
        };
        self.at = 1;
        let was_blocked = pool.unblock_if(stats.watch.leave());
        if self.come_back(pool, ring, ticket) {
            return None;
        }
        pool.ended(ring, slot, ticket, &mut self.released);
        Some(was_blocked)
    }

    /// If the call was given up, which this worker or one that died has made, and is over: the worker counts again, and
    /// whoever waits for the call's real end is told. Says whether it was.
    pub(crate) fn come_back(&mut self, pool: &Pool, ring: &RingWork, ticket: Ticket) -> bool {
        let (slot, generation) = (ring.slots.get(ticket), ticket.generation());
        if !slot.phase().is_abandoned(generation) {
            return false;
        }
        pool.ended(ring, slot, ticket, &mut self.released);
        pool.limits.take_back();
        if slot.is_reported() {
            slot.phase().wait_until_posted(generation, std::thread::yield_now);
            ring.post(&Done::bare(
                ticket.pack(),
                self.result(),
                DoneFlags::ABANDONED.with(DoneFlags::RELEASED),
            ));
        } else if slot.phase().worker_returned(generation) {
            // Nobody waits for it: the submitter finds it when it looks.
            ring.completions.claim(BACK_BYTES).commit(&back(ticket.pack()));
        }
        ring.give_orphans_back();
        self.built = 0;
        pool.make_known(&mut self.released);
        true
    }

    /// The result of the call that was made; 0 when it is a success that was to be hidden.
    fn result(&self) -> RawResult {
        let done = self.executor.runner.done(self.built);
        match done.first().map(|word| RecordWord::unpack(*word).kind) {
            Some(Kind::DONE) => Done::trusted(bytemuck::cast_slice(done)).result(),
            Some(_) => RawResult(0),
            None => RawResult::error(Errno(libc::ECANCELED)),
        }
    }

    /// Makes one call of a group, for whoever has its program. Says whether the worker counted as blocked meanwhile.
    fn run_member(&mut self, pool: &Pool, team: Team<'_>) -> bool {
        let Some((group, index, has_more)) = self.member.clone() else { return false };
        if has_more {
            pool.wake_one();
        }
        team.activity.enter();
        pool.brace(team.activity, false, true);
        // SAFETY: as in `run_instants`; who has the program waits for it.
        unsafe { self.executor.run_member(&group, index, team) };
        self.member = None;
        pool.unblock_if(team.activity.leave())
    }

    /// Posts the completions of the calls that are over.
    pub(crate) fn post(&mut self, pool: &Pool, ring: &RingWork) {
        ring.post(self.executor.runner.done(self.built));
        pool.make_known(&mut self.released);
    }
}

/// Runs a call in a thread of its own; gives the words of its completion.
fn run_apart(
    executor: &mut Executor,
    record: &[u64],
    claim: &Claim<'_>,
    rest: Rest,
    team: Team<'_>,
) -> usize {
    // Kept until nobody signals the thread any more.
    let mut timer = None;
    let mut built = 0;
    let mut rest = Some(rest);
    let own = if claim.slot().needs().contains(Needs::OWN_FS) { Own::Fs } else { Own::Nothing };
    let ended = disposable::run(own, &mut || {
        let (maker, own_timer) = reach(own_tid().cast_unsigned());
        timer = own_timer;
        let (claim, team) = (claim.apart(maker), Team { maker, ..team });
        // SAFETY: as in `run_instants`.
        built = unsafe { executor.run_rest(record, &claim, rest.take().unwrap_or_default(), Some(team)) };
    });
    let outcome = match ended {
        Ok(Ended::Returned) => return built,
        Ok(Ended::Killed) => Outcome::unknown(Errno(libc::EOWNERDEAD)),
        Err(errno) => Outcome::not_run(Errno(errno as i32)),
    };
    let (slot, ticket) = (claim.slot(), ticket(record));
    let is_ours = Claim::reap(slot, ticket) || slot.phase().is_abandoned(ticket.generation());
    debug_assert!(is_ours, "what is being made is not removed");
    drop(timer);
    executor.runner.abandon(record, claim.slot(), 0, outcome)
}
