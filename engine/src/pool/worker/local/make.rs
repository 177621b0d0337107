//! What is claimed is made, and its completions are posted.
#![allow(unsafe_code, reason = "runs what the unsafe `push` accepted")]

use syslet_abi::{Done, DoneFlags, Errno, Kind, RawResult, RecordWord};
use syslet_attrs::Needs;

use crate::cancel::timer::reach;
use crate::exec::claim::Claim;
use crate::exec::outcome::Outcome;
use crate::exec::{First, Runner};
use crate::pool::Pool;
use crate::pool::worker::local::{WorkerLocal, ticket};
use crate::pool::worker::stats::WorkerStats;
use crate::program::Team;
use crate::queues::batch::DispatchFlags;
use crate::queues::completion_queue::{BACK_BYTES, back};
use crate::queues::handoff::Begun;
use crate::queues::ring_state::RingState;
use crate::slots::Ticket;
use crate::sys::disposable::{self, Ended, Own};
use crate::sys::thread::own_tid;

impl WorkerLocal {
    /// Runs what was claimed and posts it. Says whether the worker counted as blocked meanwhile.
    pub(crate) fn work(&mut self, pool: &Pool, stats: &WorkerStats) -> bool {
        // A share of its own: should this thread die in the call, the desk still says whose call it was.
        let Some(ring) = self.ring.clone() else { return false };
        let team = Team { pool, ring: &ring, watch: &stats.watch, maker: self.maker, may_share: true };
        if self.member.is_some() {
            return self.run_member(team);
        }
        let dispatch = DispatchFlags::of(self.batch.record(0)[0]);
        let was_blocked = if dispatch.contains(DispatchFlags::INSTANT) {
            self.run_instants(&ring);
            Some(false)
        } else {
            self.run_one(team, stats, dispatch)
        };
        let Some(was_blocked) = was_blocked else {
            self.at = self.batch.len();
            return false;
        };
        // First: a call whose completion is seen must not count as in flight.
        stats.finished.add(self.at as u64);
        self.post(&ring);
        was_blocked
    }

    /// Runs calls that cannot sleep, one after the other.
    fn run_instants(&mut self, ring: &RingState) {
        while self.at < self.batch.len() {
            let record = self.batch.record(self.at);
            let ticket = ticket(record);
            let claim = Claim::instant(ring.slots.get(ticket), ticket);
            // SAFETY: the record was taken from the ring, where `push` alone puts records, with its slot.
            self.built += unsafe { self.runner.run(record, &claim, self.built) };
            self.at += 1;
        }
    }

    /// Runs a call that may sleep. Says whether the worker counted as blocked meanwhile; nothing when the call was not
    /// to be made any more.
    fn run_one(&mut self, team: Team<'_>, stats: &WorkerStats, dispatch: DispatchFlags) -> Option<bool> {
        let Team { pool, ring, .. } = team;
        let record = self.batch.record(0);
        let ticket = ticket(record);
        let slot = ring.slots.get(ticket);
        let is_private = dispatch.contains(DispatchFlags::PRIVATE);
        let is_leaving = self.begun.as_ref().is_some_and(Begun::is_leaving);
        let claim = |maker| {
            let is_shielded = is_private || is_leaving;
            if is_shielded { Claim::prepared(slot, ticket) } else { Claim::working(slot, ticket, maker) }
        };
        let mut claimed = claim(self.maker)?;
        stats.show(slot.nr(), slot.user_data());
        let mut begun = self.begun.take();
        let mut sleeps =
            dispatch.contains(DispatchFlags::SLEEPS) || begun.as_ref().is_some_and(|begun| begun.sleeps);
        let has_more = pool.has_work_besides(ring);
        stats.watch.enter();
        let mut first = None;
        // Others wait: it pays to know whether this call will keep them waiting. Or somebody wants to know.
        let tries = has_more || slot.needs().contains(Needs::CACHE);
        if tries && !sleeps && begun.is_none() && dispatch.contains(DispatchFlags::NONBLOCKING) {
            // SAFETY: as in `run_instants`.
            match unsafe { self.runner.attempt(record, &claimed, pool.abilities) } {
                First::Built(words) => first = Some(words),
                First::Later(later) => {
                    sleeps = later.sleeps;
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
                let mut begun = begun.unwrap_or_default();
                if is_private {
                    run_apart(
                        &mut self.runner,
                        record,
                        &claimed,
                        &mut begun,
                        Team { may_share: false, ..team },
                    )
                } else {
                    // SAFETY: as in `run_instants`.
                    unsafe { self.runner.run_rest(record, &claimed, &mut begun, Some(team)) }
                }
            }
        };
        self.at = 1;
        let was_blocked = pool.unblock_if(stats.watch.leave());
        if self.come_back(pool, ring, ticket) {
            return None;
        }
        ring.ended(slot, ticket, &mut self.released);
        Some(was_blocked)
    }

    /// If the call was given up, which this worker or one that died has made, and is over: the worker counts again, and
    /// whoever waits for the call's real end is told. Says whether it was.
    pub(crate) fn come_back(&mut self, pool: &Pool, ring: &RingState, ticket: Ticket) -> bool {
        let (slot, generation) = (ring.slots.get(ticket), ticket.generation());
        if !slot.phase().is_abandoned(generation) {
            return false;
        }
        ring.ended(slot, ticket, &mut self.released);
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
        self.released.make_known();
        true
    }

    /// The result of the call that was made; 0 when it is a success that was to be hidden.
    fn result(&self) -> RawResult {
        let done = self.runner.done(self.built);
        match done.first().map(|word| RecordWord::unpack(*word).kind) {
            Some(Kind::DONE) => Done::trusted(bytemuck::cast_slice(done)).result(),
            Some(_) => RawResult(0),
            None => RawResult::error(Errno(libc::ECANCELED)),
        }
    }

    /// Makes one call of a group, for whoever has its program. Says whether the worker counted as blocked meanwhile.
    fn run_member(&mut self, team: Team<'_>) -> bool {
        let Some((group, index, has_more)) = self.member.clone() else { return false };
        if has_more {
            team.pool.wake_one();
        }
        team.watch.enter();
        team.pool.brace(team.watch, false, true);
        // SAFETY: as in `run_instants`; who has the program waits for it.
        unsafe { self.runner.run_member(&group, index, team) };
        self.member = None;
        team.pool.unblock_if(team.watch.leave())
    }

    /// Posts the completions of the calls that are over.
    pub(crate) fn post(&mut self, ring: &RingState) {
        ring.post(self.runner.done(self.built));
        self.released.make_known();
    }
}

/// Runs a call in a thread of its own; gives the words of its completion.
fn run_apart(
    runner: &mut Runner,
    record: &[u64],
    claim: &Claim<'_>,
    begun: &mut Begun,
    team: Team<'_>,
) -> usize {
    // Kept until nobody signals the thread any more.
    let mut timer = None;
    let mut built = 0;
    let own = if claim.slot().needs().contains(Needs::OWN_FS) { Own::Fs } else { Own::Nothing };
    let ended = disposable::run(own, &mut || {
        let (maker, own_timer) = reach(own_tid().cast_unsigned());
        timer = own_timer;
        let (claim, team) = (claim.apart(maker), Team { maker, ..team });
        // SAFETY: as in `run_instants`.
        built = unsafe { runner.run_rest(record, &claim, begun, Some(team)) };
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
    runner.abandon(record, claim.slot(), 0, outcome)
}
