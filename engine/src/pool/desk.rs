//! What a worker works with: the calls it has claimed, and where their completions are built.
#![allow(unsafe_code, reason = "runs what the unsafe `push` accepted")]

use std::sync::Arc;

use syslet_abi::{Done, DoneFlags, Errno, Kind, RawResult, RecordWord, USER_DATA_OFFSET};
use syslet_attrs::Needs;

use super::Pool;
use super::board::Work;
use super::disposable::{self, Ended, Own};
use super::face::Face;
use super::thread::own_tid;
use crate::clock::now_ns;
use crate::port::Port;
use crate::program::{Team, Together};
use crate::queue::handed::Begun;
use crate::queue::lanes::Released;
use crate::queue::shelf::Taker;
use crate::ring::batch::{Batch, Marks};
use crate::ring::completions::{BACK_BYTES, back};
use crate::run::claim::{Claim, reason};
use crate::run::known::Known;
use crate::run::outcome::Outcome;
use crate::run::{First, Runner, is_program};
use crate::slot::Ticket;
use crate::sync::Ordering;

/// A worker's desk.
#[derive(Debug)]
pub(crate) struct Desk {
    batch: Batch,
    runner: Runner,
    /// Whose calls they are; kept for the next claim.
    port: Option<Arc<Port>>,
    /// The kernel's number of its thread.
    tid: u32,
    /// Whether it claims calls in order to refuse them, and nobody else wants them.
    is_closing: bool,
    /// A call of a group that it has taken, and whether there are more.
    member: Option<(Arc<Together>, usize, bool)>,
    /// How far the call was brought that was handed over, if it was.
    begun: Option<Begun>,
    /// Which of a ring's two queues was looked at first.
    prefers_pooled: bool,
    /// Claims taken from this ring in a row.
    served: u32,
    /// The call of the batch that is being made.
    at: usize,
    /// Words of completions built and not posted.
    built: usize,
    /// Who is to be told when they are posted.
    released: Released<Port>,
}

/// A ring has the worker for so many claims while others wait.
const CLAIMS_IN_A_ROW: u32 = 4;

impl Desk {
    pub(crate) fn new(known: Arc<Known>) -> Desk {
        let (batch, runner) = (Batch::new(), Runner::pooled(known));
        Desk {
            batch,
            runner,
            port: None,
            tid: 0,
            is_closing: false,
            prefers_pooled: false,
            begun: None,
            member: None,
            served: 0,
            at: 0,
            built: 0,
            released: Released::new(),
        }
    }

    /// A desk for claiming what nobody is to run any more.
    pub(super) fn for_closing(known: Arc<Known>) -> Desk {
        Desk { is_closing: true, ..Desk::new(known) }
    }

    /// A thread sits down at it.
    pub(super) fn sit(&mut self, tid: u32) {
        self.tid = tid;
    }

    /// Claims calls: of the same ring while no other one waits, else of the rings in turn.
    pub(super) fn find(&mut self, pool: &Pool) -> bool {
        let is_alone = pool.board.listed() <= 1;
        if let Some(port) = self.port.take() {
            if (is_alone || self.served < CLAIMS_IN_A_ROW) && self.claim(&port) {
                self.served += 1;
                self.port = Some(port);
                return true;
            }
            // The only listed ring stays listed while this worker looks at it: who pushes next need not list it.
            let stays = is_alone && port.is_listed();
            self.port = Some(port);
            if stays {
                return false;
            }
        }
        while let Some(port) = pool.board.next(self.port.as_deref()) {
            if self.claim(&port) {
                self.served = 1;
                self.port = Some(port);
                return true;
            }
        }
        false
    }

    /// Claims what is next: a call handed over, or records of the ring.
    pub(super) fn claim(&mut self, port: &Port) -> bool {
        (self.begun, self.at, self.built) = (None, 0, 0);
        self.member = if self.is_closing { None } else { port.groups.take() };
        if self.member.is_some() {
            return true;
        }
        if let Some(mut handed) = port.handed.pop() {
            self.batch.put(handed.record.iter().copied());
            self.begun = Some(std::mem::take(&mut handed.begun));
            port.handed.recycle(handed);
            return true;
        }
        if port.shelf.len() > 0 && self.claim_sorted(port, false) {
            return true;
        }
        // In turn: neither shall wait for the end of the other.
        self.prefers_pooled = !self.prefers_pooled;
        let (pooled, shared) = (port.pooled.as_deref(), Some(&*port.submissions));
        let rings = if self.prefers_pooled { [pooled, shared] } else { [shared, pooled] };
        let is_taken = rings.into_iter().flatten().any(|ring| {
            // A ring off the list has work of its submitter's only.
            let taken = ring.take(&mut self.batch, || port.is_listed() || self.is_closing);
            taken.expect("only this process writes its rings, so every record in them is whole") > 0
        });
        is_taken || port.shelf.len() > 0 && self.claim_sorted(port, true)
    }

    /// Claims what is next on the shelf, if its turn is before that of the rings; `are_empty`: nothing is in them.
    fn claim_sorted(&mut self, port: &Port, are_empty: bool) -> bool {
        let taker = if self.is_closing { Taker::Closer } else { Taker::Worker };
        // As for the rings.
        let may_take = port.is_listed() || self.is_closing;
        may_take && port.shelf.take(&mut self.batch, taker, now_ns(), are_empty || port.rings_are_empty())
    }

    /// The ring served last.
    pub(super) fn port(&self) -> Option<&Port> {
        self.port.as_deref()
    }

    /// Whether the ring served last has work.
    pub(super) fn has_work(&self) -> bool {
        // What is not listed is its submitter's: to look at it again and again would not make it anybody else's.
        self.port.as_ref().is_some_and(|port| port.is_listed() && port.has_work())
    }

    /// Lets go of the ring: its memory may be wanted back while this worker sleeps.
    pub(super) fn leave(&mut self) {
        self.port = None;
    }

    /// Runs what was claimed and posts it. Says whether the worker counted as blocked meanwhile.
    pub(super) fn work(&mut self, pool: &Pool, face: &Face) -> bool {
        // A share of its own: should this thread die in the call, the desk still says whose call it was.
        let Some(port) = self.port.clone() else { return false };
        let team = Team { pool, port: &port, watch: &face.watch, may_share: true };
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
        let claim = |tid| {
            let is_shielded = is_private || is_leaving;
            if is_shielded { Claim::prepared(slot, ticket) } else { Claim::working(slot, ticket, tid) }
        };
        let mut claimed = claim(self.tid)?;
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
                    let Some(again) = claim(self.tid) else {
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
    fn come_back(&mut self, pool: &Pool, port: &Port, ticket: Ticket) -> bool {
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
    fn post(&mut self, port: &Port) {
        port.post(self.runner.done(self.built));
        self.released.make_known();
    }

    /// Ends claimed calls that are not to run. What a first attempt has moved is moved: such a call ends as an
    /// interrupted one does, with what was done.
    pub(super) fn refuse(&mut self, port: &Port, errno: Errno) {
        let mut begun = self.begun.take().filter(Begun::has_moved);
        for index in 0..self.batch.len() {
            let record = self.batch.record(index);
            let ticket = ticket(record);
            let slot = port.slots.get(ticket);
            let is_instant = Marks::of(record[0]).contains(Marks::INSTANT);
            let Some(claim) = Claim::ended(slot, ticket, is_instant) else { continue };
            self.built += if let Some(mut begun) = begun.take() {
                slot.cancel().store(reason::ASKED, Ordering::Relaxed);
                // SAFETY: as in `run_instants`; and the cancelled slot keeps the rest from being made.
                unsafe { self.runner.run_rest(record, &claim, &mut begun, None) }
            } else {
                self.runner.abandon(record, slot, self.built, Outcome::not_run(errno))
            };
            port.ended(slot, ticket, &mut self.released);
            port.refused.add_beside_others(1);
        }
        self.at = self.batch.len();
        if self.built > 0 {
            self.post(port);
        }
    }

    /// Other threads may be in calls of the program that this one has: what they read and write stays.
    fn leave_behind(&mut self) {
        let mut batch = Batch::new();
        batch.put(self.batch.record(self.at).iter().copied());
        std::mem::forget(std::mem::replace(&mut self.batch, batch));
        let runner = Runner::pooled(Arc::clone(self.runner.known()));
        std::mem::forget(std::mem::replace(&mut self.runner, runner));
        self.at = 0;
    }

    /// Cleans up behind a worker that died: posts what it had built, ends the call that killed it, and gives back
    /// those it had claimed and not begun.
    pub(super) fn bury(&mut self, pool: &Pool, face: &Face) -> Option<Arc<Port>> {
        let port = self.port.take()?;
        if let Some((group, index, _)) = self.member.take() {
            let team = Team { pool, port: &port, watch: &face.watch, may_share: false };
            group.bury(index, team);
            return Some(port);
        }
        if self.at < self.batch.len() {
            if is_program(self.batch.record(self.at)) {
                self.leave_behind();
            }
            let record = self.batch.record(self.at);
            let ticket = ticket(record);
            let slot = port.slots.get(ticket);
            if Claim::bury(slot, ticket) {
                let outcome = Outcome::unknown(Errno(libc::EOWNERDEAD));
                self.built += self.runner.abandon(record, slot, self.built, outcome);
                self.at += 1;
                port.ended(slot, ticket, &mut self.released);
                face.finished.add(self.at as u64);
                self.post(&port);
            } else if self.come_back(pool, &port, ticket) {
                self.at += 1;
            }
            for index in self.at..self.batch.len() {
                port.handed.push(self.batch.record(index), Begun::default());
            }
        }
        Some(port)
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
    let mut built = 0;
    let own = if claim.slot().needs().contains(Needs::OWN_FS) { Own::Fs } else { Own::Nothing };
    let ended = disposable::run(own, &mut || {
        let claim = claim.apart(own_tid().cast_unsigned());
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
    runner.abandon(record, claim.slot(), 0, outcome)
}

/// The ticket of a queued record.
fn ticket(record: &[u64]) -> Ticket {
    Ticket::unpack(record[USER_DATA_OFFSET / 8])
}
