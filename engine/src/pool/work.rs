//! The loop of a worker: it finds work, claims it, runs it, posts the completions, and parks. Called as the body of
//! the worker's thread; the pool's shutdown calls `claim`.
#![allow(unsafe_code, reason = "runs accepted records, and uses its thread's local state")]

#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytemuck::cast_slice;
use syslet_abi::{Call, Done, DoneFlags, Errno, Kind, RawResult, RecordWord};
use syslet_attrs::Needs;
use syslet_syscalls::{RawArgs, row};

use crate::cancel::timer::reach;
use crate::exec::claim::Claim;
use crate::exec::outcome::Outcome;
use crate::exec::{Step, is_program};
use crate::nonblocking::may_be_parked;
use crate::pool::Pool;
use crate::pool::executor::{Executor, Rest};
use crate::pool::ring_work::RingWork;
use crate::pool::scheduler::{Parked, Sleeper, Work};
use crate::pool::sharing::is_long;
use crate::pool::spin::Spin;
use crate::pool::state::RingHost;
use crate::pool::worker::{Worker, WorkerLocal, WorkerStats};
use crate::program::Team;
use crate::queues::batch::BATCH_MAX;
use crate::queues::call_kind::CallKind;
use crate::queues::completion_queue::back;
use crate::queues::priority::Taker;
use crate::queues::staged::ticket;
use crate::slots::dispatch::DispatchFlags;
use crate::slots::{Slot, Ticket};
use crate::sys::clock::now_ns;
use crate::sys::disposable::{self, Ended, KeptStack, Own};

/// Runs until the pool is closed, or until the worker has had no work for its idle time.
pub(crate) fn live(pool: &Pool, worker: &Arc<Worker>) {
    // SAFETY: this is the worker's thread, and the only reference to the local state that it makes; the monitor makes
    // one after it has joined this thread.
    let local = unsafe { worker.local() };
    local.set_maker(worker.maker());
    let mut spin = Spin::new(pool.limits.spin_ns);
    // The thread that starts or wakes a worker counts it as searching.
    let mut searching = true;
    loop {
        if local.find(pool, &worker.stats) {
            if std::mem::take(&mut searching) {
                spin.come(now_ns());
                local.looks = pool.scheduler.end_search();
            }
            local.fan_out(pool);
            let was_blocked = local.work(pool, &worker.stats);
            if was_blocked && pool.is_crowded() && !park(pool, worker, local, &mut spin, &mut searching) {
                return;
            }
            continue;
        }
        if !searching && pool.begin_search() {
            searching = true;
            continue;
        }
        let seen = pool.scheduler.news();
        if searching && spin.until(|| local.has_work() || pool.scheduler.news() != seen) {
            continue;
        }
        if !park(pool, worker, local, &mut spin, &mut searching) {
            return;
        }
    }
}

/// Parks until called. Returns false when the worker has to end.
fn park(
    pool: &Pool,
    worker: &Arc<Worker>,
    local: &mut WorkerLocal,
    spin: &mut Spin,
    searching: &mut bool,
) -> bool {
    local.leave();
    let parked = pool.scheduler.park(worker, std::mem::take(searching), pool.limits.quota());
    match parked {
        Parked::Leave => return false,
        Parked::Search => {}
        Parked::Idle => {
            if !sleep(pool, worker) {
                return false;
            }
        }
        Parked::Superfluous => {
            pool.watch_closely();
            if !sleep(pool, worker) {
                return false;
            }
        }
    }
    if let Some(called_ns) = worker.take_called_ns() {
        pool.wake_cost.note(now_ns().saturating_sub(called_ns));
        spin.come(called_ns);
    }
    // Asks again for the thread's timer, if the system had no room for it before.
    local.set_maker(worker.maker());
    *searching = true;
    true
}

/// Sleeps until called. Returns false when the worker was idle for so long that it retires.
fn sleep(pool: &Pool, worker: &Arc<Worker>) -> bool {
    let timeout = (!worker.stays()).then_some(pool.limits.idle);
    // A worker that is not on the idle list any more has been chosen, and is called at any moment.
    worker.sleep(timeout) || !pool.scheduler.retire(worker) && worker.sleep(None)
}

/// Completions of short calls are posted for at most about so long before their submitter is woken, while the worker has more such
/// calls at hand.
const OWED_NS_MAX: u64 = 20_000;
/// Calls that cannot sleep are claimed together as far as they take about so long.
const CLAIM_NS: u64 = 10_000;
/// A worker measures one claim in so many, where it knows what the calls cost.
const UNMEASURED_MAX: u32 = 16;
/// A worker takes so many claims in a row from one ring while another has work (POOL-12).
pub(super) const CLAIMS_IN_A_ROW: u32 = 4;

impl WorkerLocal {
    /// Claims calls: from the same ring while no other has work, else from the rings in turn.
    pub(crate) fn find(&mut self, pool: &Pool, stats: &WorkerStats) -> bool {
        let is_alone = pool.scheduler.listed() <= 1;
        if let Some(ring) = self.ring.take() {
            if (is_alone || self.served < CLAIMS_IN_A_ROW) && self.claim(pool, &ring) {
                self.served += 1;
                self.ring = Some(ring);
                return true;
            }
            // The only listed ring stays listed while this worker looks at it, so that its submitter need not list it
            // for the next push.
            let stays = is_alone && ring.is_listed();
            // Before it turns to another ring.
            self.settle(&ring, stats);
            self.ring = Some(ring);
            if stays {
                return false;
            }
        }
        while let Some(ring) = pool.scheduler.next(self.ring.as_deref()) {
            if self.claim(pool, &ring) {
                self.served = 1;
                self.ring = Some(ring);
                return true;
            }
        }
        false
    }

    /// Claims the next work of the ring: a call of a group, a call handed over, or queued records.
    pub(crate) fn claim(&mut self, pool: &Pool, ring: &RingWork) -> bool {
        while self.claim_any(ring) {
            if !self.batch.is_cut() {
                return true;
            }
            self.starve(pool, ring);
        }
        false
    }

    /// Claims the next work of the ring. Of a record for which there is no memory, the batch has the beginning only.
    fn claim_any(&mut self, ring: &RingWork) -> bool {
        (self.begun, self.member) = (None, None);
        (self.at, self.posted, self.built) = (0, 0, 0);
        if (self.is_closing || ring.has_special_work()) && self.claim_special(ring) {
            return true;
        }
        let fits = self.costs.ns(self.kind).map_or(BATCH_MAX as u64, |ns| CLAIM_NS / ns.max(1));
        self.batch.allow_instant(self.kind, usize::try_from(fits).unwrap_or(usize::MAX));
        // The two queues take turns, so that neither waits for the end of the other.
        self.prefers_pooled = !self.prefers_pooled;
        let pooled = ring.pooled.as_deref().map(|queue| (queue, u64::MAX));
        let shared = Some((&*ring.submissions, if self.is_closing { u64::MAX } else { ring.opened() }));
        let queues = if self.prefers_pooled { [pooled, shared] } else { [shared, pooled] };
        let is_taken = queues.into_iter().flatten().any(|(queue, end)| {
            // The queued calls of a ring that is not listed are its submitter's only.
            let may_take = || ring.is_listed() || self.is_closing;
            let taken = queue.take(&mut self.batch, || if may_take() { end } else { 0 });
            taken.expect("only this process writes its rings, so every record in them is whole") > 0
        });
        if is_taken {
            ring.priority.give_turn_back();
            return true;
        }
        self.has_sorted(ring) && ring.rings_are_empty() && self.claim_sorted(ring, true)
    }

    /// Claims work that is not in the ring's two queues: a call of a group, a call handed over, or one of the priority queue, if its
    /// turn has come.
    #[inline(never)]
    fn claim_special(&mut self, ring: &RingWork) -> bool {
        self.member = if self.is_closing || self.is_reserve { None } else { ring.programs.groups.take() };
        if self.member.is_some() {
            return true;
        }
        // Those that the reserve has put aside came first.
        let set_aside = if self.is_reserve { None } else { ring.waiting.pop() };
        if let Some(mut handed) = set_aside.or_else(|| ring.handoffs.pop()) {
            self.batch.put(handed.record.iter().copied());
            self.begun = Some(std::mem::take(&mut handed.rest));
            ring.handoffs.recycle(handed);
            return true;
        }
        self.has_sorted(ring) && self.claim_sorted(ring, false)
    }

    /// Whether the priority queue has a call that this thread may take; a glance.
    fn has_sorted(&self, ring: &RingWork) -> bool {
        if self.is_closing { !ring.priority.is_empty() } else { ring.priority.for_workers() > 0 }
    }

    /// Claims the next call of the priority queue, if it comes before those of the rings. `are_empty`: nothing is in
    /// the rings.
    fn claim_sorted(&mut self, ring: &RingWork, are_empty: bool) -> bool {
        let taker = if self.is_closing { Taker::Closer } else { Taker::Worker };
        // The queued calls of a ring that is not listed are its submitter's only.
        let may_take = ring.is_listed() || self.is_closing;
        may_take && ring.priority.take(&mut self.batch, taker, now_ns(), are_empty || ring.rings_are_empty())
    }
}

impl WorkerLocal {
    /// Runs the claimed calls and posts their completions. Returns whether the worker counted as blocked meanwhile.
    pub(crate) fn work(&mut self, pool: &Pool, stats: &WorkerStats) -> bool {
        // A reference of its own: should this thread die in the call, `self.ring` still names the call's ring.
        let Some(ring) = self.ring.clone() else { return false };
        let host = RingHost { pool, ring: &ring };
        let team = host.team(&stats.watch, self.maker, true);
        if self.member.is_some() {
            self.settle(&ring, stats);
            return self.run_member(pool, team);
        }
        let first = self.batch.record(0);
        let (dispatch, kind) = (DispatchFlags::of(first[0]), CallKind::of_record(first));
        let is_instant = dispatch.contains(DispatchFlags::INSTANT);
        self.kind = kind;
        stats.claims.add(1);
        let started = self.measures(kind).then(now_ns);
        let was_blocked = if is_instant {
            self.run_instants(&ring, stats);
            Some(false)
        } else {
            // It may sleep, and the submitter may wait for what is posted.
            self.settle(&ring, stats);
            self.run_one((pool, &ring), team, stats, dispatch)
        };
        if let Some(started) = started {
            self.measured(kind, now_ns().saturating_sub(started));
        }
        let Some(was_blocked) = was_blocked else {
            self.at = self.batch.len();
            return false;
        };
        if is_instant {
            pool.make_known(&mut self.released);
            // Where the cost is not known, nothing is owed for longer than one claim.
            let call_ns = self.costs.ns(kind).unwrap_or(OWED_NS_MAX);
            self.owed_ns = self.owed_ns.saturating_add(call_ns.max(1).saturating_mul(self.at as u64));
            if self.owed_ns >= OWED_NS_MAX {
                self.settle(&ring, stats);
            }
        } else {
            // Counted before the post: once its completion is seen, a call does not count as in flight.
            stats.finished.add(self.at as u64);
            stats.wakes.add(1);
            self.post(pool, &ring);
        }
        was_blocked
    }

    /// Wakes the submitter for completions that are posted, if that was put off.
    pub(crate) fn settle(&mut self, ring: &RingWork, stats: &WorkerStats) {
        if std::mem::take(&mut self.owed_ns) > 0 {
            stats.wakes.add(1);
            ring.notify();
        }
    }

    /// Whether the claimed calls, of this kind, are to be measured.
    fn measures(&mut self, kind: CallKind) -> bool {
        let is_due = self.unmeasured == 0 || self.costs.ns(kind).is_none();
        self.unmeasured = if is_due { UNMEASURED_MAX } else { self.unmeasured - 1 };
        is_due
    }

    /// Notes what the claimed calls have cost together. Where it was much, another worker may be wanted for the others.
    fn measured(&mut self, kind: CallKind, ns: u64) {
        let call_ns = ns / self.batch.len().max(1) as u64;
        self.costs.note(kind, call_ns);
        self.looks |= is_long(kind, call_ns);
    }

    /// Wakes another worker where this one was the last that searched, has found work, and there is more that is worth it.
    fn fan_out(&mut self, pool: &Pool) {
        let Some(ring) = self.ring.as_deref().filter(|_| self.looks) else { return };
        let is_worth = if pool.scheduler.listed() > 1 {
            Some(true)
        } else if !ring.has_work() {
            Some(false)
        } else if self.member.is_some() {
            // The group wakes workers for its calls.
            None
        } else {
            let kind = CallKind::of_record(self.batch.record(0));
            let cost_ns = self.costs.ns(kind);
            cost_ns.map(|ns| is_long(kind, ns) && pool.is_worth_a_wake(ring.queued_calls(), ns))
        };
        // Where the cost is not known, it looks again after the claim.
        self.looks = is_worth.is_none();
        if is_worth == Some(true) {
            pool.wake_one();
        }
    }

    /// Runs calls that cannot sleep, one after the other, and posts their completions, several together.
    pub(super) fn run_instants(&mut self, ring: &RingWork, stats: &WorkerStats) {
        while self.at < self.batch.len() {
            let record = self.batch.record(self.at);
            let ticket = ticket(record);
            let claim = Claim::instant(ring.slots.get(ticket), ticket);
            // SAFETY: the record was taken from the ring, where `push` alone puts records, with its slot: its
            // submitter answers for the call, and the claim is the record's.
            self.built += unsafe { self.executor.runner.run(record, &claim, self.built) };
            self.at += 1;
            if self.at.is_multiple_of(BATCH_MAX) || self.at == self.batch.len() {
                // Counted before the post, as in `work`.
                stats.finished.add((self.at - self.posted) as u64);
                self.posted = self.at;
                ring.completions.post(self.executor.runner.done(self.built));
                self.built = 0;
            }
        }
    }

    /// Runs a call that may sleep. Returns whether the worker counted as blocked meanwhile; `None` when the call was
    /// not to be made any more.
    fn run_one(
        &mut self,
        (pool, ring): (&Pool, &Arc<RingWork>),
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
        let is_due = begun.as_ref().is_some_and(Rest::is_due);
        let mut sleeps =
            !is_due && dispatch.contains(DispatchFlags::SLEEPS) || begun.as_ref().is_some_and(Rest::sleeps);
        let has_more = pool.has_work_besides(ring);
        stats.watch.enter();
        let mut first = None;
        // The attempt tells whether the call would sleep. It is made when other work waits, and when the call has the
        // CACHE attribute.
        let tries = (has_more || slot.needs().contains(Needs::CACHE))
            && !sleeps
            && begun.is_none()
            && dispatch.contains(DispatchFlags::NONBLOCKING);
        let may_park = begun.as_ref().is_none_or(Rest::is_untried) && may_park(pool, record, slot, dispatch);
        if tries || may_park {
            // SAFETY: the record was taken from the ring, where `push` alone puts records, with its slot: its
            // submitter answers for the call, and the claim is the record's.
            match unsafe { self.executor.attempt(record, &claimed, (pool.abilities, None)) } {
                Step::Done(words) => first = Some(words),
                Step::Suspended(later) => {
                    let left = if may_park { pool.park_or(ring, record, later) } else { Some(later) };
                    let Some(later) = left else {
                        pool.unblock_if(stats.watch.leave());
                        return None;
                    };
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
                    let team = Team { may_share: false, ..team };
                    run_apart((&mut self.executor, &mut self.stack), record, &claimed, rest, team)
                } else {
                    // SAFETY: the record was taken from the ring, where `push` alone puts records, with its slot: its
                    // submitter answers for the call, and the claim is the record's.
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

    /// Where the call that this worker, or a dead one, has made was abandoned: the worker counts again, and the
    /// call's real end is reported. Returns whether it was abandoned.
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
            // No second record was asked for: the submitter finds this one when it looks.
            ring.completions.post(&back(ticket.pack()));
        }
        ring.give_orphans_back();
        self.built = 0;
        pool.make_known(&mut self.released);
        true
    }

    /// The result of the call that was made; 0 where a success was to be hidden.
    fn result(&self) -> RawResult {
        let done = self.executor.runner.done(self.built);
        match done.first().map(|word| RecordWord::unpack(*word).kind) {
            Some(Kind::DONE) => Done::trusted(bytemuck::cast_slice(done)).result(),
            Some(_) => RawResult(0),
            None => RawResult::error(Errno(libc::ECANCELED)),
        }
    }

    /// Makes one call of a group, for the thread that runs its program. Returns whether the worker counted as blocked
    /// meanwhile.
    fn run_member(&mut self, pool: &Pool, team: Team<'_>) -> bool {
        let Some((group, index, has_more)) = self.member.clone() else { return false };
        if has_more {
            pool.wake_one();
        }
        team.activity.enter();
        pool.brace(team.activity, false, true);
        // SAFETY: the group's program was admitted by `push`, and its submitter answers for the program's calls; the
        // thread that runs the program waits for this call, so its memory stays.
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

/// Whether an attempt may find that this call of a worker is to be parked. Not one that RETRY makes again, nor one that is shown to
/// an attribute of the application which wants one thread.
fn may_park(pool: &Pool, record: &[u64], slot: &Slot, dispatch: DispatchFlags) -> bool {
    let is_wanted = match libc::c_long::from(slot.nr()) {
        libc::SYS_nanosleep | libc::SYS_clock_nanosleep => true,
        libc::SYS_read | libc::SYS_readv | libc::SYS_recvfrom => pool.inputs.is_on(),
        _ => false,
    };
    if !is_wanted || is_program(record) {
        return false;
    }
    let call = Call::admitted(cast_slice(record));
    let is_bound = dispatch.contains(DispatchFlags::WORKER)
        && (slot.needs().contains(Needs::RETRY) || call.asks().any(|ask| ask.id.is_application()));
    let is_private = dispatch.contains(DispatchFlags::PRIVATE);
    !is_private
        && !is_bound
        && row(call.nr())
            .is_some_and(|row| may_be_parked(pool.abilities, row, &RawArgs::of(&call), pool.inputs.is_on()))
}

/// Runs a call in a thread of its own, on that stack. Returns the words of its completion.
fn run_apart(
    (executor, stack): (&mut Executor, &mut KeptStack),
    record: &[u64],
    claim: &Claim<'_>,
    rest: Rest,
    team: Team<'_>,
) -> usize {
    // Kept until the thread is not signalled any more.
    let mut timer = None;
    let mut built = 0;
    let mut rest = Some(rest);
    let own = if claim.slot().needs().contains(Needs::OWN_FS) { Own::Fs } else { Own::Nothing };
    let ended = disposable::run(own, stack, &mut |tid| {
        let (maker, own_timer) = reach(tid);
        timer = own_timer;
        let (claim, team) = (claim.apart(maker), Team { maker, ..team });
        // SAFETY: the record was taken from the ring, where `push` alone puts records, with its slot: its submitter
        // answers for the call, and the claim is the record's.
        built = unsafe { executor.run_rest(record, &claim, rest.take().unwrap_or_default(), Some(team)) };
    });
    let outcome = match ended {
        Ok(Ended::Returned) => return built,
        Ok(Ended::Killed) => Outcome::unknown(Errno(libc::EOWNERDEAD)),
        Err(errno) => Outcome::not_run(Errno(errno as i32)),
    };
    let (slot, ticket) = (claim.slot(), ticket(record));
    let is_ours = Claim::reap(slot, ticket) || slot.phase().is_abandoned(ticket.generation());
    debug_assert!(is_ours, "a call that is being made is not removed");
    drop(timer);
    executor.runner.abandon(record, claim.slot(), 0, outcome)
}
