//! Holds the entries of `Ring` that the application pushes with: a submission is admitted, gets slot and room, and is queued.
#![allow(unsafe_code, reason = "declares the unsafe entries and calls one from the safe one")]

use std::sync::OnceLock;

use syslet_abi::{Call, Kind, RecordWord, Refusal};

use crate::admission::admit;
use crate::admission::dependence::keep;
use crate::admission::safe;
use crate::program::{self, Program};
use crate::refused::Refused;
use crate::ring::Ring;
use crate::slots::admission::{Admission, Placement, Verdict};
use crate::slots::dispatch::DispatchFlags;
use crate::slots::kept::Circumstances;
use crate::slots::{self, Slots};
use crate::submission::Submission;
use crate::sys::clock::now_ns;
use crate::ticket::{Name, Ticket};

impl Ring {
    /// Queues a submission; [`Ring::submit`] or a wait publishes it.
    ///
    /// # Errors
    /// A [`Refused`] with the reason. Nothing has been taken then, and the submission is as it was; when
    /// [`Refused::is_full`], it can be pushed again once completions are consumed.
    ///
    /// # Safety
    /// Until the completion is consumed, every address passed as VALUE must be valid for the reads and writes of the call.
    /// The call must not break a state that other code relies on: unmap memory in use, close descriptors that other code
    /// owns. When the ring is dropped before, both hold until every call of it is over.
    #[inline]
    pub unsafe fn push(&mut self, submission: &Submission) -> Result<Ticket, Refused> {
        self.push_by(submission, Promise::Given)
    }

    /// Queues a record from its bytes.
    ///
    /// # Errors
    /// As for [`Ring::push`].
    ///
    /// # Safety
    /// As for [`Ring::push`].
    #[inline]
    pub unsafe fn push_bytes(&mut self, record: &[u8]) -> Result<Ticket, Refused> {
        let name = match kind_of(record) {
            Some(Kind::CANCEL) => self.push_cancel(record),
            Some(Kind::SYSLET) => self.enqueue_program(record, None).map(Name::Slot),
            _ => {
                let (by, mut verdict) = (self.enter()?, Verdict::default());
                self.check(record, by, &mut verdict)?;
                let call = Call::admitted(record);
                self.enqueue_call(&call, &verdict, None)
            }
        };
        name.map(|name| self.state.number.names(name))
    }

    /// Queues a program.
    ///
    /// # Errors
    /// As for [`Ring::push`]; [`Refused::at`] lies in the atom at fault.
    ///
    /// # Safety
    /// As for [`Ring::push`], for each of its calls.
    pub unsafe fn push_program(&mut self, program: &Program) -> Result<Ticket, Refused> {
        let ticket = self.enqueue_program(program.bytes(), Some(program.seen()))?;
        Ok(self.state.number.names(Name::Slot(ticket)))
    }

    /// Queues a submission that cannot break memory: a row of the table without memory effects or opaque arguments,
    /// no address as VALUE, every descriptor lent, those in attributes' payloads ([`crate::SubmissionBuilder::cwd`]) too.
    ///
    /// # Errors
    /// As for [`Ring::push`], and when the submission is not of this kind.
    #[inline]
    pub fn push_safe(&mut self, submission: &Submission) -> Result<Ticket, Refused> {
        self.push_by(submission, Promise::Checked)
    }

    /// Queues a submission, by the way of most first.
    #[inline(always)]
    fn push_by(&mut self, submission: &Submission, promise: Promise) -> Result<Ticket, Refused> {
        match self.push_kept(submission, promise) {
            Some(number) => Ok(self.state.number.names(Name::Lane(number))),
            None => self.push_otherwise(submission, promise),
        }
    }

    /// Puts a submission that keeps its verdict into the private lane, if it can wait there: gives its number in the lane. `None` where it
    /// takes another way or is refused: nothing has been taken then.
    #[inline(always)]
    fn push_kept(&mut self, submission: &Submission, promise: Promise) -> Option<u64> {
        let by = self.enter().ok()?;
        let kept = submission.keeper().get(by)?;
        if promise == Promise::Checked && !submission.keeper().is_safe() {
            return None;
        }
        let call = Call::admitted(submission.bytes());
        self.enqueue_private(&call, &kept.verdict, Some(submission))
    }

    /// [`Ring::push`] and [`Ring::push_safe`] on any way.
    #[inline(never)]
    fn push_otherwise(&mut self, submission: &Submission, promise: Promise) -> Result<Ticket, Refused> {
        let by = self.enter()?;
        let name = match submission.keeper().get(by) {
            Some(kept) => {
                if promise == Promise::Checked && !submission.keeper().is_safe() {
                    self.check_safe(submission, &kept.verdict)?;
                    submission.keeper().note_safe(kept);
                }
                self.enqueue_lending(submission, &kept.verdict)
            }
            None => {
                let verdict = self.check_anew(submission, by, promise)?;
                self.enqueue_lending(submission, &verdict)
            }
        };
        name.map(|name| self.state.number.names(name))
    }

    /// The first checks of every push, and the circumstances that the others are made in.
    #[inline(always)]
    pub(super) fn enter(&self) -> Result<Circumstances, Refusal> {
        self.check_home()?;
        if self.engine.is_closed() {
            return Err(Refusal::CLOSED);
        }
        Ok(Circumstances::of(self.engine.terms.number, &self.params, self.open_pool().is_some()))
    }

    /// The verdict on a submission that has none, which it keeps if it is pushed often.
    #[inline(never)]
    pub(super) fn check_anew(
        &mut self,
        submission: &Submission,
        by: Circumstances,
        promise: Promise,
    ) -> Result<Verdict, Refused> {
        let mut verdict = Verdict::default();
        let by = self.check(submission.bytes(), by, &mut verdict)?;
        if promise == Promise::Checked {
            self.check_safe(submission, &verdict)?;
        }
        if submission.keeper().is_due() {
            let (kept, is_safe) = (keep(submission, by, &verdict), promise == Promise::Checked);
            kept.into_iter().for_each(|kept| submission.keeper().keep(kept, is_safe));
        }
        Ok(verdict)
    }

    /// Checks all that can be checked without taking slot or room, and decides in `verdict`, which is the default one before. The
    /// record is a call then. Gives the circumstances in which it was accepted.
    #[inline(always)]
    pub(super) fn check(
        &mut self,
        record: &[u8],
        by: Circumstances,
        verdict: &mut Verdict,
    ) -> Result<Circumstances, Refused> {
        Call::verify(record, &self.limits)?;
        let (call, most) = (Call::admitted(record), by.completion_max());
        let admitted = admit(&call, most, &self.engine.terms, by.has_pool, verdict);
        if by.has_pool || !self.is_closed_no_more(&admitted) {
            return admitted.map(|()| by);
        }
        *verdict = Verdict::default();
        admit(&call, most, &self.engine.terms, true, verdict)?;
        Ok(by.with_pool())
    }

    /// The check for safe code, of a submission that has this verdict.
    #[inline(never)]
    pub(super) fn check_safe(&self, submission: &Submission, verdict: &Verdict) -> Result<(), Refused> {
        let call = Call::admitted(submission.bytes());
        Ok(safe::check(&call, submission.lent(), verdict.needs, &self.engine.terms.context)?)
    }

    /// Whether a submission was refused because the thread differed from the workers when they were last compared, and a
    /// comparison now finds no difference (POOL-45).
    #[cold]
    fn is_closed_no_more<T>(&mut self, admitted: &Result<T, Refused>) -> bool {
        let needs_worker = |refused: &Refused| refused.refusal() == Refusal::NEEDS_WORKER;
        admitted.as_ref().is_err_and(needs_worker) && self.is_equal()
    }

    /// Queues a program of calls.
    fn enqueue_program(
        &mut self,
        record: &[u8],
        seen: Option<&OnceLock<program::Seen>>,
    ) -> Result<slots::Ticket, Refused> {
        let mut fresh = Verdict::default();
        let verdict = self.check_program(record, seen, &mut fresh)?;
        let head = syslet_abi::Program::admitted(record).head();
        self.notice_cancellers();
        self.meet_thief();
        self.enqueue(&head, &verdict.at_push(&head, now_ns))
    }

    /// The verdict on a program. This thread is compared with the workers where that matters.
    pub(super) fn check_program<'v>(
        &mut self,
        record: &[u8],
        seen: Option<&'v OnceLock<program::Seen>>,
        fresh: &'v mut Verdict,
    ) -> Result<&'v Verdict, Refused> {
        let by = self.enter()?;
        let refused = self.admit_program(record, by, seen, fresh).err();
        let by = match refused {
            None => by,
            Some(refused) if !by.has_pool && self.is_closed_no_more::<()>(&Err(refused)) => by.with_pool(),
            Some(refused) => return Err(refused),
        };
        *fresh = Verdict::default();
        self.admit_program(record, by, seen, fresh)
    }

    /// Checks all that can be checked of a program without taking slot or room.
    fn admit_program<'v>(
        &mut self,
        record: &[u8],
        by: Circumstances,
        seen: Option<&'v OnceLock<program::Seen>>,
        fresh: &'v mut Verdict,
    ) -> Result<&'v Verdict, Refused> {
        let validator = self.validator.get_or_insert_with(Box::default);
        program::admit(record, &self.limits, &self.engine.terms, by, (validator, fresh), seen)
    }

    /// [`Ring::enqueue_call`] for a submission with this verdict; keeps the descriptors open that it lends.
    fn enqueue_lending(&mut self, submission: &Submission, verdict: &Verdict) -> Result<Name, Refused> {
        let call = Call::admitted(submission.bytes());
        let name = self.enqueue_call(&call, verdict, Some(submission))?;
        if let (Name::Slot(ticket), true) = (name, submission.lends()) {
            self.slot_owner.lend(ticket, submission.lent().clone());
        }
        Ok(name)
    }

    /// Queues a call that was admitted: in the private lane, or where other threads see it.
    fn enqueue_call(
        &mut self,
        call: &Call<'_>,
        verdict: &Verdict,
        submission: Option<&Submission>,
    ) -> Result<Name, Refused> {
        if let Some(number) = self.enqueue_private(call, verdict, submission) {
            return Ok(Name::Lane(number));
        }
        if self.takes_private(verdict) {
            self.assure_room(verdict)?;
            if self.lane.is_full(call.bytes().len()) {
                return Err(Refusal::SUBMISSION_FULL.into());
            }
            // The lane's memory is full of the decisions about calls: this one waits in the ring, behind those of the lane.
        }
        self.enqueue(call, &verdict.at_push(call, now_ns)).map(Name::Slot)
    }

    /// Puts a call that was admitted into the private lane, if it may wait there and slot and room are free. Gives its number in the lane.
    #[inline(always)]
    fn enqueue_private(
        &mut self,
        call: &Call<'_>,
        verdict: &Verdict,
        submission: Option<&Submission>,
    ) -> Option<u64> {
        self.notice_cancellers();
        self.meet_thief();
        let worst = verdict.room();
        if !self.takes_private(verdict) || !self.slot_owner.has_free() || !self.credit.take(worst) {
            return None;
        }
        let number = self.push_private(call, &verdict.at_push(call, now_ns), submission);
        match number {
            Some(_) => self.step_out(),
            None => self.credit.give_back(worst),
        }
        number
    }

    /// Refuses a call for which there is no slot or no room.
    #[inline(always)]
    pub(super) fn assure_room(&self, verdict: &Verdict) -> Result<(), Refused> {
        if !self.slot_owner.has_free() {
            return Err(Refusal::SLOTS_FULL.into());
        }
        if !self.credit.has(verdict.room()) {
            return Err(Refusal::COMPLETION_FULL.into());
        }
        Ok(())
    }

    /// Takes slot, room for the completion and room for the record, or nothing (ENGINE-2, ENGINE-3).
    pub(super) fn enqueue(
        &mut self,
        call: &Call<'_>,
        admission: &Admission<'_>,
    ) -> Result<slots::Ticket, Refused> {
        let worst = admission.verdict.room();
        self.assure_room(admission.verdict)?;
        let has_room = self.credit.take(worst);
        debug_assert!(has_room, "it was checked");
        match admission.verdict.placement {
            Placement::InRing => {}
            Placement::Local => return self.enqueue_own(call, admission),
            Placement::StagedCall => return Ok(self.stage(call, admission)),
        }
        let dispatch = admission.verdict.dispatch;
        let producer = match &mut self.pooled {
            Some(pooled) if dispatch.contains(DispatchFlags::WORKER) => {
                self.wants_worker = true;
                pooled
            }
            _ => &mut self.producer,
        };
        let len = call.bytes().len() as u64;
        if producer.is_full(len) && !producer.make_room(len, |ticket| is_dead(&self.slots, ticket)) {
            self.credit.give_back(worst);
            return Err(Refusal::SUBMISSION_FULL.into());
        }
        let room = producer.claim(len).expect("there is room");
        let ticket = self.slot_owner.take(call, admission);
        let ticket = ticket.expect("a slot was free above, and nobody else takes any");
        room.commit(call.bytes(), ticket.pack(), dispatch);
        self.state.submitter.accepted.add(1);
        self.set_deadline(ticket, admission);
        Ok(ticket)
    }

    /// [`Ring::enqueue`] for a call that no worker may take.
    fn enqueue_own(&mut self, call: &Call<'_>, admission: &Admission<'_>) -> Result<slots::Ticket, Refused> {
        let len = call.bytes().len();
        if self.own.is_full(len) && !self.own.make_room(len, |ticket| is_dead(&self.slots, ticket)) {
            self.credit.give_back(admission.verdict.room());
            return Err(Refusal::SUBMISSION_FULL.into());
        }
        let ticket = self.slot_owner.take(call, admission);
        let ticket = ticket.expect("a slot was free above, and nobody else takes any");
        self.own.push(call.bytes(), ticket.pack(), admission.verdict.dispatch);
        self.state.submitter.accepted.add(1);
        self.set_deadline(ticket, admission);
        Ok(ticket)
    }

    /// [`Ring::enqueue`] for a call with a priority or a lane: it takes no room in the ring.
    fn stage(&mut self, call: &Call<'_>, admission: &Admission<'_>) -> slots::Ticket {
        let ticket = self.slot_owner.take(call, admission);
        let ticket = ticket.expect("a slot was free above, and nobody else takes any");
        self.wants_worker |=
            admission.verdict.dispatch.contains(DispatchFlags::WORKER) && admission.verdict.in_lane.is_none();
        self.staged.push(call, ticket, admission);
        self.state.submitter.accepted.add(1);
        self.set_deadline(ticket, admission);
        ticket
    }

    /// Opens the slots to other threads once a canceller of all rings exists (CANCEL-14), and carries out what it has left.
    #[inline(always)]
    pub(super) fn notice_cancellers(&mut self) {
        if self.engine.registry.is_watched() {
            self.meet_cancellers();
        }
    }

    #[cold]
    fn meet_cancellers(&mut self) {
        if !self.slot_owner.is_watched() {
            self.open_to_others();
        }
        self.serve_requests();
    }

    /// Asks the pool to stop the call that was just accepted when its time is up (ATTR-60). Without a pool no thread does.
    #[inline(always)]
    pub(super) fn set_deadline(&self, ticket: slots::Ticket, admission: &Admission<'_>) {
        if let (true, Some(pool)) =
            (admission.verdict.dispatch.contains(DispatchFlags::TIMED), &self.engine.pool)
        {
            admission.deadline_ns.inspect(|at_ns| pool.stop_at(*at_ns, &self.state, ticket));
        }
    }
}

/// The ground that a push rests on, beside admission.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Promise {
    /// The promise of [`Ring::push`].
    Given,
    /// The check for safe code.
    Checked,
}

/// Whether the call of a record that no thread has claimed was removed.
fn is_dead(slots: &Slots, ticket: u64) -> bool {
    slots.is_dead(slots::Ticket::unpack(ticket))
}

/// The kind that the record's first word says.
#[inline]
fn kind_of(record: &[u8]) -> Option<Kind> {
    (record.len() >= RecordWord::BYTES).then(|| RecordWord::at(record).kind)
}
