//! What is claimed is made, and its completions are posted.
#![allow(unsafe_code, reason = "runs what the unsafe `push` accepted")]

use syslet_abi::{Done, DoneFlags, Errno, Kind, RawResult, RecordWord};
use syslet_attrs::Needs;

use super::{Desk, ticket};
use crate::pool::Pool;
use crate::pool::thread::own_tid;
use crate::pool::worker::disposable::{self, Ended, Own};
use crate::pool::worker::face::Face;
use crate::port::Port;
use crate::program::Team;
use crate::queue::handed::Begun;
use crate::ring::batch::Marks;
use crate::ring::completions::{BACK_BYTES, back};
use crate::run::claim::Claim;
use crate::run::outcome::Outcome;
use crate::run::{First, Runner};
use crate::slot::Ticket;
use crate::stop::timer::reach;

impl Desk {
    /// Runs what was claimed and posts it. Says whether the worker counted as blocked meanwhile.
    pub(in crate::pool) fn work(&mut self, pool: &Pool, face: &Face) -> bool {
        // A share of its own: should this thread die in the call, the desk still says whose call it was.
        let Some(port) = self.port.clone() else { return false };
        let team = Team { pool, port: &port, watch: &face.watch, maker: self.maker, may_share: true };
        if self.member.is_some() {
            return self.run_member(team);
        }
        let marks = Marks::of(self.batch.record(0)[0]);
        let was_blocked = if marks.contains(Marks::INSTANT) {
            self.run_instants(&port);
            Some(false)
        } else {
            self.run_one(team, face, marks)
        };
        let Some(was_blocked) = was_blocked else {
            self.at = self.batch.len();
            return false;
        };
        // First: a call whose completion is seen must not count as in flight.
        face.finished.add(self.at as u64);
        self.post(&port);
        was_blocked
    }

    /// Runs calls that cannot sleep, one after the other.
    fn run_instants(&mut self, port: &Port) {
        while self.at < self.batch.len() {
            let record = self.batch.record(self.at);
            let ticket = ticket(record);
            let claim = Claim::instant(port.slots.get(ticket), ticket);
            // SAFETY: the record was taken from the ring, where `push` alone puts records, with its slot.
            self.built += unsafe { self.runner.run(record, &claim, self.built) };
            self.at += 1;
        }
    }

    /// Runs a call that may sleep. Says whether the worker counted as blocked meanwhile; nothing when the call was not
    /// to be made any more.
    fn run_one(&mut self, team: Team<'_>, face: &Face, marks: Marks) -> Option<bool> {
        let Team { pool, port, .. } = team;
        let record = self.batch.record(0);
        let ticket = ticket(record);
        let slot = port.slots.get(ticket);
        let is_private = marks.contains(Marks::PRIVATE);
        let is_leaving = self.begun.as_ref().is_some_and(Begun::is_leaving);
        let claim = |maker| {
            let is_shielded = is_private || is_leaving;
            if is_shielded { Claim::prepared(slot, ticket) } else { Claim::working(slot, ticket, maker) }
        };
        let mut claimed = claim(self.maker)?;
        face.show(slot.nr(), slot.user_data());
        let mut begun = self.begun.take();
        let mut sleeps = marks.contains(Marks::SLEEPS) || begun.as_ref().is_some_and(|begun| begun.sleeps);
        let has_more = pool.has_work_besides(port);
        face.watch.enter();
        let mut first = None;
        // Others wait: it pays to know whether this call will keep them waiting. Or somebody wants to know.
        let tries = has_more || slot.needs().contains(Needs::CACHE);
        if tries && !sleeps && begun.is_none() && marks.contains(Marks::TWIN) {
            // SAFETY: as in `run_instants`.
            match unsafe { self.runner.attempt(record, &claimed, pool.twins) } {
                First::Built(words) => first = Some(words),
                First::Later(later) => {
                    sleeps = later.sleeps;
                    begun = Some(later);
                    let Some(again) = claim(self.maker) else {
                        pool.unblock_if(face.watch.leave());
                        self.come_back(pool, port, ticket);
                        return None;
                    };
                    claimed = again;
                }
            }
        }
        self.built = match (first, begun) {
            (Some(words), _) => words,
            (None, begun) => {
                pool.brace(&face.watch, sleeps, has_more);
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
        let was_blocked = pool.unblock_if(face.watch.leave());
        if self.come_back(pool, port, ticket) {
            return None;
        }
        port.ended(slot, ticket, &mut self.released);
        Some(was_blocked)
    }

    /// If the call was given up, which this worker or one that died has made, and is over: the worker counts again, and
    /// whoever waits for the call's real end is told. Says whether it was.
    pub(super) fn come_back(&mut self, pool: &Pool, port: &Port, ticket: Ticket) -> bool {
        let (slot, generation) = (port.slots.get(ticket), ticket.generation());
        if !slot.phase().is_given_up(generation) {
            return false;
        }
        port.ended(slot, ticket, &mut self.released);
        pool.limits.take_back();
        if slot.is_reported() {
            slot.phase().until_told(generation, std::thread::yield_now);
            port.post(&Done::bare(
                ticket.pack(),
                self.result(),
                DoneFlags::ABANDONED.with(DoneFlags::RELEASED),
            ));
        } else if slot.phase().come_back(generation) {
            // Nobody waits for it: the submitter finds it when it looks.
            port.completions.claim(BACK_BYTES).commit(&back(ticket.pack()));
        }
        port.give_orphans_back();
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
            team.pool.rouse();
        }
        team.watch.enter();
        team.pool.brace(team.watch, false, true);
        // SAFETY: as in `run_instants`; who has the program waits for it.
        unsafe { self.runner.run_member(&group, index, team) };
        self.member = None;
        team.pool.unblock_if(team.watch.leave())
    }

    /// Posts the completions of the calls that are over.
    pub(super) fn post(&mut self, port: &Port) {
        port.post(self.runner.done(self.built));
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
    let is_ours = Claim::bury(slot, ticket) || slot.phase().is_given_up(ticket.generation());
    debug_assert!(is_ours, "what is being made is not removed");
    drop(timer);
    runner.abandon(record, claim.slot(), 0, outcome)
}
