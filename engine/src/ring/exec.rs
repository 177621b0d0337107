//! Holds `Ring::exec`, which the application calls: a call is made at once, in the calling thread, as far as it goes without
//! being held up; only then it is in flight.
#![allow(unsafe_code, reason = "declares the unsafe entries, and makes the calls")]

use syslet_abi::{Call, CallFlags, USER_DATA_OFFSET};

use crate::completion::Completion;
use crate::confinement::Looked;
use crate::exec::claim::Claim;
use crate::exec::{Progress, Step};
use crate::pool::executor::Rest;
use crate::program::Program;
use crate::refused::Refused;
use crate::ring::Ring;
use crate::ring::lanes::InLane;
use crate::ring::push::Promise;
use crate::slots::admission::{Admission, Placement, Verdict};
use crate::slots::dispatch::DispatchFlags;
use crate::slots::kept::Circumstances;
use crate::slots::state::State;
use crate::slots::{self, Ticket as SlotTicket};
use crate::submission::Submission;
use crate::sys::clock::now_ns;
use crate::ticket::{Name, Ticket};

/// What has become of a call that was to be made at once.
#[derive(Debug)]
pub enum Executed<'a> {
    /// It is over.
    Done(Completion<'a>),
    /// It would have been held up: it is in flight, and its completion comes through the ring.
    InFlight(Ticket),
}

impl<'a> Executed<'a> {
    /// The completion, if the call is over.
    #[must_use]
    pub fn done(self) -> Option<Completion<'a>> {
        if let Executed::Done(done) = self { Some(done) } else { None }
    }
}

/// The end of an attempt to run a call at once: the words of its completion, or its ticket.
type Ran = Result<Step<usize, Ticket>, Refused>;

impl Ring {
    /// Makes a call now, in this thread, if it can be made without being held up: it cannot sleep, its non-blocking attempt
    /// succeeds, or it sleeps for storage at most. Otherwise it is in flight, as after [`Ring::push`] and [`Ring::submit`].
    /// It runs before calls that were pushed and have not run. NO_COMPLETE has no effect.
    ///
    /// # Errors
    /// As for [`Ring::push`]; nothing has run then.
    ///
    /// # Safety
    /// As for [`Ring::push`]; where the call is over, until this returns.
    #[inline]
    pub unsafe fn exec(&mut self, submission: &Submission) -> Result<Executed<'_>, Refused> {
        let by = self.enter()?;
        let ran = match submission.keeper().get(by) {
            Some(kept) => self.run_now(submission, &kept.verdict),
            None => self.check_and_run_now(submission, by, Promise::Given),
        };
        self.executed(ran)
    }

    /// [`Ring::exec`] for submissions that cannot break memory.
    ///
    /// # Errors
    /// As for [`Ring::push_safe`].
    #[inline]
    pub fn exec_safe(&mut self, submission: &Submission) -> Result<Executed<'_>, Refused> {
        let by = self.enter()?;
        let ran = match submission.keeper().get(by) {
            Some(kept) => {
                if !submission.keeper().is_safe() {
                    self.check_safe(submission, &kept.verdict)?;
                    submission.keeper().note_safe(kept);
                }
                self.run_now(submission, &kept.verdict)
            }
            None => self.check_and_run_now(submission, by, Promise::Checked),
        };
        self.executed(ran)
    }

    /// Runs a program now, as far as nothing blocks.
    ///
    /// # Errors
    /// As for [`Ring::push_program`].
    ///
    /// # Safety
    /// As for [`Ring::push_program`].
    pub unsafe fn exec_program(&mut self, program: &Program) -> Result<Executed<'_>, Refused> {
        let mut fresh = Verdict::default();
        let verdict = self.check_program(program.bytes(), Some(program.seen()), &mut fresh)?;
        let head = syslet_abi::Program::admitted(program.bytes()).head();
        self.begin_now();
        let ran = self.run_with_slot(&head, &verdict.at_push(&head, now_ns), None);
        self.executed(ran)
    }

    #[inline(always)]
    fn executed(&mut self, ran: Ran) -> Result<Executed<'_>, Refused> {
        self.step_out();
        Ok(match ran? {
            Step::Done(words) => Executed::Done(Completion::new(self.executor.runner.done(words))),
            Step::Suspended(ticket) => Executed::InFlight(ticket),
        })
    }

    /// What a wait does before it runs calls.
    #[inline(always)]
    fn begin_now(&mut self) {
        (self.looked, self.wait_ends) = (Looked::Not, None);
        self.lane.set_open(false);
        self.notice_cancellers();
        self.meet_thief();
    }

    #[inline(never)]
    fn check_and_run_now(&mut self, submission: &Submission, by: Circumstances, promise: Promise) -> Ran {
        let verdict = self.check_anew(submission, by, promise)?;
        self.run_now(submission, &verdict)
    }

    /// Runs a call that was admitted.
    #[inline(always)]
    fn run_now(&mut self, submission: &Submission, verdict: &Verdict) -> Ran {
        let call = Call::admitted(submission.bytes());
        let admission = verdict.at_push(&call, now_ns);
        self.begin_now();
        let is_hidden = call.flags().contains(CallFlags::NO_COMPLETE);
        if !verdict.is_private || self.slot_owner.is_watched() || is_hidden {
            return self.run_with_slot(&call, &admission, Some(submission));
        }
        self.assure_room(verdict)?;
        if verdict.answering {
            self.lane_slot.admit(&call, &admission);
        }
        if verdict.dispatch != DispatchFlags::INSTANT {
            return self.run_watched(submission, &admission);
        }
        let runner = &mut self.executor.runner;
        if verdict.is_bare {
            // SAFETY: `run_bare` wants the promise of `Ring::push` for this record; the caller of `exec` has made it, or the check
            // of `exec_safe` stands for it.
            return Ok(Step::Done(unsafe { runner.run_bare(submission.words(), 0) }));
        }
        let claim = Claim::instant(&self.lane_slot, SlotTicket::NONE);
        // SAFETY: as above.
        Ok(Step::Done(unsafe { runner.run(submission.words(), &claim, 0) }))
    }

    /// The same for a call that may sleep.
    #[inline]
    fn run_watched(&mut self, submission: &Submission, admission: &Admission<'_>) -> Ran {
        let others_wait = !self.lane.is_empty() || self.has_shared_work();
        let is_alone = self.open_pool().is_none() || others_wait && !self.may_be_relieved();
        let by_attempt = admission.verdict.dispatch.contains(DispatchFlags::NONBLOCKING) && !is_alone;
        if others_wait && !is_alone {
            self.open_pool().inspect(|pool| pool.watch_closely());
            self.lane.go_away();
        }
        let may_hold = !is_alone && self.may_hold();
        let hold = may_hold.then(|| &self.state.hold);
        let claim = Claim::instant(&self.lane_slot, SlotTicket::NONE);
        let (runner, abilities) = (&mut self.executor.runner, self.engine.terms.abilities);
        let step = if by_attempt {
            // SAFETY: `attempt` wants the promise of `Ring::push` for this record, as in `run_now`.
            unsafe { runner.attempt(submission.words(), &claim, (abilities, hold), 0) }
        } else if admission.verdict.is_bare {
            // SAFETY: `run_bare` wants the promise of `Ring::push` for this record, as in `run_now`.
            Step::Done(unsafe { runner.run_bare(submission.words(), 0) })
        } else {
            // SAFETY: `run_held` wants the promise of `Ring::push` for this record, as in `run_now`.
            unsafe { runner.run_held(submission.words(), &claim, hold, 0) }
        };
        self.meet_thief();
        match step {
            Step::Done(words) => Ok(Step::Done(words)),
            Step::Suspended(progress) => {
                Ok(Step::Suspended(self.go_on_in_flight(submission, admission, progress)))
            }
        }
    }

    /// A call that was begun has slot and room from here on, and goes on in a worker, or here where none may have it.
    #[cold]
    fn go_on_in_flight(
        &mut self,
        submission: &Submission,
        admission: &Admission<'_>,
        progress: Progress,
    ) -> Ticket {
        let call = Call::admitted(submission.bytes());
        let state = if progress.bytes > 0 { State::PARTIAL } else { State::QUEUED };
        let has_room = self.credit.take(admission.verdict.room());
        let ticket = self.slot_owner.take_in(&call, admission, state).filter(|_| has_room);
        let ticket =
            ticket.expect("slot and room were there before the attempt, and this thread alone takes them");
        self.state.submitter.accepted.add(1);
        self.lend_to(ticket, Some(submission));
        self.batch.put_marked(submission.words(), ticket.pack(), admission.verdict.dispatch);
        self.hand_over_or_finish(Rest::Call(progress));
        self.state.number.names(Name::Slot(ticket))
    }

    /// Runs a call that other threads have to know of, or a program, with its slot; or queues it for workers.
    #[inline(never)]
    fn run_with_slot(
        &mut self,
        call: &Call<'_>,
        admission: &Admission<'_>,
        submission: Option<&Submission>,
    ) -> Ran {
        let (verdict, dispatch) = (admission.verdict, admission.verdict.dispatch);
        if dispatch.contains(DispatchFlags::WORKER) || verdict.placement == Placement::StagedCall {
            let is_first = self.staged.is_empty();
            let ticket = self.enqueue(call, admission)?;
            self.lend_to(ticket, submission);
            if verdict.in_lane.is_none() || !is_first {
                self.submit_queues();
            } else if self.claim_in_lane() == InLane::Claimed(ticket) {
                self.batch.unhide();
                let words = self.run_claimed_in_lane(ticket);
                return Ok(self.ran_with_slot(ticket, words));
            }
            return Ok(Step::Suspended(self.state.number.names(Name::Slot(ticket))));
        }
        self.assure_room(verdict)?;
        let has_room = self.credit.take(verdict.room());
        let ticket = self.slot_owner.take(call, admission).filter(|_| has_room);
        let ticket = ticket.expect("slot and room are there");
        self.state.submitter.accepted.add(1);
        self.lend_to(ticket, submission);
        self.set_deadline(ticket, admission);
        self.batch.put_marked(bytemuck::cast_slice(call.bytes()), ticket.pack(), dispatch);
        let words = self.run_one_inline(0, 0);
        Ok(self.ran_with_slot(ticket, words))
    }

    /// The answer about a call that was run with its slot: its completion has so many words, none if it goes on in a worker.
    fn ran_with_slot(&mut self, ticket: slots::Ticket, words: usize) -> Step<usize, Ticket> {
        if words == 0 {
            return Step::Suspended(self.state.number.names(Name::Slot(ticket)));
        }
        let (user_data, held) = self.slot_owner.settle(ticket);
        self.credit.give_back(held);
        self.executor.runner.done[USER_DATA_OFFSET / 8] = user_data;
        Step::Done(words)
    }

    fn lend_to(&mut self, ticket: slots::Ticket, submission: Option<&Submission>) {
        let lending = submission.filter(|submission| submission.lends());
        lending.into_iter().for_each(|submission| self.slot_owner.lend(ticket, submission.lent().clone()));
    }
}
