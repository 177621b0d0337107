//! Holds how `Ring` uses its private lane: pushes put calls there, waits run them in place, and calls that another thread
//! has to see get their slots.
#![allow(unsafe_code, reason = "runs what the unsafe `push` accepted")]

use bytemuck::cast_slice;
use syslet_abi::{Call, Kind, RecordWord};

use crate::exec::claim::Claim;
use crate::exec::{Progress, Runner, Step};
use crate::pool::executor::Rest;
use crate::queues::batch::BATCH_MAX;
use crate::queues::credit::Credit;
use crate::queues::private_lane::{Entries, Entry};
use crate::queues::ring_buffer::words;
use crate::queues::ring_state::Submitter;
use crate::ring::Ring;
use crate::slots::admission::{Admission, Placement, Verdict};
use crate::slots::dispatch::DispatchFlags;
use crate::slots::lent::give_back;
use crate::slots::state::State;
use crate::slots::{SlotOwner, Ticket};
use crate::submission::Submission;
use crate::sys::hold::Hold;

/// The ticket in place of one: the call has no slot.
const NO_TICKET: Ticket = Ticket::NONE;

impl Ring {
    /// Whether a call with this verdict may wait in the private lane: only its submitter sees it, and nothing is queued that
    /// was pushed before it.
    #[inline(always)]
    pub(crate) fn takes_private(&self, verdict: &Verdict) -> bool {
        verdict.is_private
            && !self.slot_owner.is_watched()
            && match verdict.placement {
                Placement::InRing => self.producer.queued_bytes() == 0,
                Placement::Local | Placement::StagedCall => true,
            }
            && self.own.is_empty()
    }

    /// Puts a call that was admitted into the private lane; slot and room are there. Gives its number, unless the lane is full.
    #[inline(always)]
    pub(crate) fn push_private(
        &mut self,
        call: &Call<'_>,
        admission: &Admission<'_>,
        submission: Option<&Submission>,
    ) -> Option<u64> {
        let lent = submission.filter(|submission| submission.lends());
        let number = self.lane.push(call.bytes(), admission, lent.is_some())?;
        self.slot_owner.count_private();
        self.lane.show(self.lane.len());
        if let Some(submission) = lent {
            self.lane_lent.push_back((number, submission.lent().clone()));
        }
        self.state.submitter.accepted.add(1);
        Some(number)
    }

    /// Runs calls of the private lane, at most `max`; where the wait `is_timed` one that may sleep, or a few others. Gives the number of
    /// calls that it was through with.
    #[inline(always)]
    pub(crate) fn run_private(&mut self, max: usize, is_timed: bool) -> usize {
        let mut through = 0;
        while through < max {
            let ran = self.run_plain(max - through, is_timed);
            let ran = if ran == 0 { self.run_front() } else { ran };
            through += ran;
            if ran == 0 || is_timed || self.state.is_woken() {
                break;
            }
        }
        through
    }

    /// Makes the calls at the front of the lane that are made as they were submitted, one after the other: at most `max` of one
    /// kind, those that cannot sleep or those that may. Their completions are built where the application reads them.
    fn run_plain(&mut self, max: usize, is_timed: bool) -> usize {
        let Some(first) = self.lane.front().map(|entry| entry.dispatch()) else { return 0 };
        let is_instant = first == DispatchFlags::INSTANT;
        let max = if is_timed { max.min(if is_instant { BATCH_MAX } else { 1 }) } else { max };
        let is_watched = !is_instant && self.lane.len() > 1 && self.is_watched_by_monitor();
        let may_hold = !is_instant && self.may_hold();
        let (mut ran, mut over, mut held) = (0, Over::default(), None);
        self.drain_buffer.swap(&mut self.executor.runner.done);
        while ran < max {
            let Some(entry) = self.lane.front() else { break };
            let is_other = entry.dispatch() != first
                || first.contains(DispatchFlags::NONBLOCKING)
                || entry.ticket().is_some();
            if is_other || self.is_disturbed(ran) {
                break;
            }
            let (size, lends, credit) = (entry.size(), entry.lends(), entry.credit());
            let place = self.drain_buffer.place_for(words(credit), &mut self.executor.runner.done);
            let Some(at) = place else { break };
            let (runner, is_shown) = (&mut self.executor.runner, is_watched && self.lane.len() > 1);
            if entry.is_bare() && !is_shown {
                self.drain_buffer.commit(at, run_bare(runner, &entry, at));
            } else {
                if entry.is_answering() {
                    entry.restore(&self.lane_slot);
                }
                let claim = Claim::instant(&self.lane_slot, NO_TICKET);
                let hold = may_hold.then(|| &self.state.hold);
                let step = if is_shown {
                    // Other threads may look while this one is in the call.
                    over.settle(&mut self.slot_owner, &mut self.credit, &self.state.submitter);
                    self.lane.during(|entries| run_first(runner, entries, &claim, hold, at))
                } else {
                    // SAFETY: as in `run_bare`.
                    unsafe { runner.run_held(entry.record(), &claim, hold, at) }
                };
                match step {
                    Step::Done(built) => self.commit_private(at, built),
                    Step::Suspended(progress) => {
                        held = Some(progress);
                        break;
                    }
                }
            }
            self.lane.pop_of(size);
            over.add(credit);
            if lends {
                self.give_lent_back();
            }
            ran += 1;
        }
        self.drain_buffer.swap(&mut self.executor.runner.done);
        over.settle(&mut self.slot_owner, &mut self.credit, &self.state.submitter);
        if let Some(progress) = held {
            self.go_on_elsewhere(progress);
            ran += 1;
        }
        self.lane.show(self.lane.len());
        self.meet_thief();
        ran
    }

    /// Whether something else comes before the next call of the lane: a request, the end of the engine, or that of the wait, which has run
    /// so many.
    #[inline(always)]
    fn is_disturbed(&self, ran: usize) -> bool {
        self.lane.is_asked() || self.engine.is_closed() || self.state.is_woken() && ran > 0
    }

    /// Whether the monitor sees to the calls that wait behind one that this thread is about to make, should it sleep.
    fn is_watched_by_monitor(&mut self) -> bool {
        let is_watched = self.open_pool().is_some() && self.may_be_relieved();
        if is_watched {
            self.open_pool().inspect(|pool| pool.watch_closely());
        }
        is_watched
    }

    /// A completion was built at `at` of the buffer that the application reads, which the runner has just now. The application sees it
    /// unless it is that of a hidden success.
    #[inline(always)]
    fn commit_private(&mut self, at: usize, built: usize) {
        if RecordWord::unpack(self.executor.runner.done[at]).kind != Kind::PAD {
            self.drain_buffer.commit(at, built);
        }
    }

    /// The call at the front is over, and its completion was built at `at`.
    fn end_front(&mut self, at: usize, built: usize, credit: u64, lends: bool) {
        self.commit_private(at, built);
        self.lane.pop();
        self.lane.show(self.lane.len());
        let mut over = Over::default();
        over.add(credit);
        over.settle(&mut self.slot_owner, &mut self.credit, &self.state.submitter);
        if lends {
            self.give_lent_back();
        }
    }

    #[cold]
    fn give_lent_back(&mut self) {
        if let Some((_, lent)) = self.lane_lent.pop_front() {
            give_back(lent);
        }
    }

    /// Runs the call at the front of the lane, which may sleep, or ends or hands it over. Gives the number of calls that it was through
    /// with: none when the lane is empty.
    fn run_front(&mut self) -> usize {
        self.serve_requests();
        let Some(entry) = self.lane.front() else { return 0 };
        if let Some(ticket) = entry.ticket() {
            self.batch.put_named(entry.record(), ticket.pack());
            self.lane.pop();
            self.run_batch(1);
            return 1;
        }
        let (lends, credit, dispatch) = (entry.lends(), entry.credit(), entry.dispatch());
        let needed = words(credit);
        if !self.drain_buffer.has_place_for(needed) || self.engine.is_closed() {
            // Its completion goes through the ring, where its room is.
            self.give_slots(0);
            return self.run_front();
        }
        if entry.is_answering() {
            entry.restore(&self.lane_slot);
        }
        let others_wait = self.lane.len() > 1;
        let is_watched = others_wait && self.is_watched_by_monitor();
        let is_alone = self.open_pool().is_none() || others_wait && !is_watched;
        let by_attempt = dispatch.contains(DispatchFlags::NONBLOCKING) && !is_alone;
        let may_hold = !is_alone && self.may_hold();
        let hold = may_hold.then(|| &self.state.hold);
        self.drain_buffer.swap(&mut self.executor.runner.done);
        let at =
            self.drain_buffer.place_for(needed, &mut self.executor.runner.done).expect("there is a place");
        let (runner, abilities) = (&mut self.executor.runner, self.engine.terms.abilities);
        let claim = Claim::instant(&self.lane_slot, NO_TICKET);
        let mut run = |entries: &Entries| {
            if by_attempt {
                let record = entries.front().map_or(&[][..], |entry: Entry<'_>| entry.record());
                // SAFETY: `attempt` wants the promise of `Ring::push` for this record, as in `run_first`.
                unsafe { runner.attempt(record, &claim, (abilities, hold), at) }
            } else {
                run_first(runner, entries, &claim, hold, at)
            }
        };
        let step = if is_watched { self.lane.during(run) } else { run(&self.lane) };
        match step {
            Step::Done(built) => {
                self.end_front(at, built, credit, lends);
                self.drain_buffer.swap(&mut self.executor.runner.done);
            }
            Step::Suspended(progress) => {
                self.drain_buffer.swap(&mut self.executor.runner.done);
                self.go_on_elsewhere(progress);
            }
        }
        self.meet_thief();
        1
    }

    /// The attempt at the call at the front would have slept: it goes to a worker, or goes on here where none may have it.
    #[cold]
    fn go_on_elsewhere(&mut self, progress: Progress) {
        // The call has a slot first: the next steps may compare threads, and move calls.
        let state = if progress.bytes > 0 { State::PARTIAL } else { State::QUEUED };
        let entry = self.lane.front().expect("the call that was attempted is the first");
        let ticket = entry.take_slot(&self.slots, |_| state);
        self.batch.put_named(entry.record(), ticket.pack());
        if entry.lends()
            && let Some((_, lent)) = self.lane_lent.pop_front()
        {
            self.slot_owner.lend(ticket, lent);
        }
        self.lane.pop();
        if self.lane.is_asked() {
            // They may be about this call, which is found from here on; the lane may be empty, where no later call would look.
            self.serve_requests();
        }
        self.hand_over_or_finish(Rest::Call(progress));
    }

    /// Carries out the requests of other threads: the calls of the lane get slots, by which they are found.
    #[inline(always)]
    pub(crate) fn serve_requests(&mut self) {
        if self.lane.is_asked() {
            self.serve_what_was_asked();
        }
    }

    #[cold]
    fn serve_what_was_asked(&mut self) {
        if self.lane.take_request() {
            self.slot_owner.open_to_others();
            self.give_slots(0);
            self.state.requests.take().into_iter().for_each(|request| request(&self.state));
        }
    }

    /// Takes note of calls that the monitor has taken, while this thread was in a call or out in the application: descriptors that
    /// they were lent stay with their slots.
    #[inline(always)]
    pub(crate) fn meet_thief(&mut self) {
        if self.lane.is_robbed() {
            self.follow_stolen();
        }
    }

    #[cold]
    fn follow_stolen(&mut self) {
        for _ in 0..self.lane_lent.len() {
            let Some((number, lent)) = self.lane_lent.pop_front() else { break };
            if self.lane.iter().any(|entry| entry.number() == Some(number)) {
                self.lane_lent.push_back((number, lent));
            } else if let Some(ticket) = self.slots.of_lane(number) {
                self.slot_owner.lend(ticket, lent);
            } else {
                // Its completion was consumed meanwhile.
                give_back(lent);
            }
        }
        self.lane.show(self.lane.len());
        // What was asked of the calls that were in the lane holds for those that were taken.
        self.serve_requests();
    }

    /// Gives each call of the lane behind the first `kept` a slot: they stay where they are, and other threads can find them.
    #[cold]
    pub(crate) fn give_slots(&mut self, kept: usize) {
        self.meet_thief();
        let Ring { lane, lane_lent, slots, slot_owner, .. } = self;
        lane.give_slots(kept, |entry| {
            let ticket = entry.take_slot(slots, |verdict| slot_owner.first_state(verdict));
            if entry.lends() {
                let at = lane_lent.iter().position(|(lent_to, _)| Some(*lent_to) == entry.number());
                let lent = at.and_then(|at| lane_lent.remove(at));
                lent.into_iter().for_each(|(_, lent)| slot_owner.lend(ticket, lent));
            }
            ticket
        });
        lane.show(kept);
    }

    /// The application goes on. Calls that a wait has left in the lane are taken by the monitor, unless it is back soon (POOL-11).
    #[inline(always)]
    pub(crate) fn step_out(&mut self) {
        if self.lane.published() > 0 && self.open_pool().is_some() {
            self.lane.go_away();
        }
    }

    /// Moves the newest calls of the lane to the submission ring, all behind the first `kept`, as far as there is room. Gives
    /// their bytes. They are not published yet.
    pub(crate) fn share(&mut self, kept: usize) -> u64 {
        self.give_slots(kept);
        self.serve_requests();
        let (producer, mut moved, mut moved_bytes) = (&mut self.producer, 0, 0);
        for entry in self.lane.iter().skip(kept) {
            let (record, ticket) = (entry.record(), entry.ticket().expect("it has got its slot"));
            let len = 8 * record.len() as u64;
            let Ok(room) = producer.claim(len) else { break };
            room.commit(cast_slice(record), ticket.pack(), entry.dispatch());
            (moved, moved_bytes) = (moved + 1, moved_bytes + len);
        }
        self.lane.retain(|index, _| index < kept || index >= kept + moved);
        moved_bytes
    }

    /// Ends all calls of the lane, which never run: the engine is closed.
    #[cold]
    pub(crate) fn refuse_private(&mut self) {
        self.meet_thief();
        while self.run_front() > 0 {}
    }

    /// Forgets all calls of the lane: the ring is dropped.
    pub(crate) fn drop_private(&mut self) {
        self.meet_thief();
        for entry in self.lane.iter() {
            let is_over = entry.ticket().is_some_and(|ticket| {
                let is_instant = entry.dispatch().contains(DispatchFlags::INSTANT);
                Claim::ended(self.slots.get(ticket), ticket, is_instant).is_none()
            });
            if !is_over {
                self.state.refused.add_beside_others(1);
            }
        }
        self.lane.retain(|_, _| false);
        self.lane_lent.drain(..).for_each(|(_, lent)| give_back(lent));
    }
}

/// Calls of the lane that are over, and are counted together.
#[derive(Default)]
struct Over {
    calls: usize,
    /// Room that was held for their completions, in bytes.
    credit: u64,
}

impl Over {
    #[inline(always)]
    fn add(&mut self, credit: u64) {
        (self.calls, self.credit) = (self.calls + 1, self.credit + credit);
    }

    /// Counts the calls as over, and gives their room back.
    #[inline(always)]
    fn settle(&mut self, slots: &mut SlotOwner, credit: &mut Credit, submitter: &Submitter) {
        let Over { calls, credit: held } = std::mem::take(self);
        slots.discount_private(calls);
        credit.give_back(held);
        submitter.finished.add(calls as u64);
    }
}

/// Makes the call of the first entry, as it was submitted. Suspended where the thread was taken out of it.
#[inline(always)]
fn run_first(
    runner: &mut Runner,
    entries: &Entries,
    claim: &Claim<'_>,
    hold: Option<&Hold>,
    at: usize,
) -> Step<usize> {
    let entry = entries.front().expect("the lane has the call that its owner makes");
    if entry.is_bare() {
        return Step::Done(run_bare(runner, &entry, at));
    }
    // SAFETY: as in `run_bare`.
    unsafe { runner.run_held(entry.record(), claim, hold, at) }
}

/// Makes a call of the lane of which nothing is asked but its result.
#[inline(always)]
fn run_bare(runner: &mut Runner, entry: &Entry<'_>, at: usize) -> usize {
    // SAFETY: `run_bare` wants the promise of `Ring::push` for this record. The lane has records of this ring only, which `push`
    // put there under that promise.
    unsafe { runner.run_bare(entry.record(), at) }
}
