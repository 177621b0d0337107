//! Holds the entries of `Ring` that the application pushes with: a submission is admitted, gets slot and room, and is queued.
#![allow(unsafe_code, reason = "declares the unsafe entries and calls one from the safe one")]

use std::sync::OnceLock;

use syslet_abi::{Call, Kind, RecordWord, Refusal};

use crate::admission::admit;
use crate::admission::safe;
use crate::program::{self, Program};
use crate::refused::Refused;
use crate::ring::Ring;
use crate::slots::admission::Placement;
use crate::slots::dispatch::DispatchFlags;
use crate::slots::{self, Slots};
use crate::submission::Submission;
use crate::ticket::Ticket;

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
    pub unsafe fn push(&mut self, submission: &Submission) -> Result<Ticket, Refused> {
        self.admit(submission.bytes())?;
        let ticket = self.enqueue_lending(&Call::admitted(submission.bytes()), submission)?;
        Ok(self.state.number.names(ticket))
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
        let ticket = match kind_of(record) {
            Some(Kind::CANCEL) => self.push_cancel(record),
            Some(Kind::SYSLET) => self.enqueue_program(record, None),
            _ => {
                self.admit(record)?;
                self.enqueue(&Call::admitted(record))
            }
        };
        ticket.map(|ticket| self.state.number.names(ticket))
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
        Ok(self.state.number.names(ticket))
    }

    /// Queues a submission that cannot break memory: a row of the table without memory effects or opaque arguments,
    /// no address as VALUE, every descriptor lent, those in attributes' payloads ([`crate::SubmissionBuilder::cwd`]) too.
    ///
    /// # Errors
    /// As for [`Ring::push`], and when the submission is not of this kind.
    pub fn push_safe(&mut self, submission: &Submission) -> Result<Ticket, Refused> {
        self.admit(submission.bytes())?;
        let call = Call::admitted(submission.bytes());
        safe::check(&call, submission.lent(), self.admission.needs, &self.engine.terms.context)?;
        let ticket = self.enqueue_lending(&call, submission)?;
        Ok(self.state.number.names(ticket))
    }

    /// Checks all that can be checked without taking slot or room. The record is a call then; the decision stands in
    /// `admission`, since a result of that size would travel through memory.
    #[inline(always)]
    fn admit(&mut self, record: &[u8]) -> Result<(), Refused> {
        self.check_home()?;
        if self.engine.is_closed() {
            return Err(Refusal::CLOSED.into());
        }
        Call::verify(record, &self.limits)?;
        let completion_max = self.params.completion_record_max as usize;
        let has_pool = self.open_pool().is_some();
        let admitted =
            admit(&Call::admitted(record), completion_max, &self.engine.terms, has_pool, &mut self.admission);
        if has_pool || !self.is_closed_no_more(&admitted) {
            return admitted;
        }
        admit(&Call::admitted(record), completion_max, &self.engine.terms, true, &mut self.admission)
    }

    /// Whether a submission was refused because the thread differed from the workers when they were last compared, and a
    /// comparison now finds no difference (POOL-45).
    #[cold]
    fn is_closed_no_more(&mut self, admitted: &Result<(), Refused>) -> bool {
        let needs_worker = |refused: &Refused| refused.refusal() == Refusal::NEEDS_WORKER;
        admitted.as_ref().is_err_and(needs_worker) && self.is_equal()
    }

    /// Queues a program of calls.
    fn enqueue_program(
        &mut self,
        record: &[u8],
        seen: Option<&OnceLock<program::Seen>>,
    ) -> Result<slots::Ticket, Refused> {
        self.check_home()?;
        if self.engine.is_closed() {
            return Err(Refusal::CLOSED.into());
        }
        let has_pool = self.open_pool().is_some();
        let admitted = self.admit_program(record, has_pool, seen);
        if !has_pool && self.is_closed_no_more(&admitted) {
            self.admit_program(record, true, seen)?;
        } else {
            admitted?;
        }
        self.enqueue(&syslet_abi::Program::admitted(record).head())
    }

    /// Checks all that can be checked of a program without taking slot or room.
    fn admit_program(
        &mut self,
        record: &[u8],
        has_pool: bool,
        seen: Option<&OnceLock<program::Seen>>,
    ) -> Result<(), Refused> {
        let bounds = (&self.limits, self.params.completion_record_max as usize);
        let validator = self.validator.get_or_insert_with(Box::default);
        program::admit(record, bounds, &self.engine.terms, has_pool, (validator, &mut self.admission), seen)
            .map(drop)
    }

    /// [`Ring::enqueue`], and keeps the descriptors open that the submission lends.
    #[inline(always)]
    fn enqueue_lending(
        &mut self,
        call: &Call<'_>,
        submission: &Submission,
    ) -> Result<slots::Ticket, Refused> {
        let ticket = self.enqueue(call)?;
        if submission.lends() {
            self.slot_owner.lend(ticket, submission.lent().clone());
        }
        Ok(ticket)
    }

    /// Takes slot, room for the completion and room for the record, or nothing (ENGINE-2, ENGINE-3).
    #[inline(always)]
    fn enqueue(&mut self, call: &Call<'_>) -> Result<slots::Ticket, Refused> {
        self.notice_cancellers();
        let worst = self.admission.room();
        if !self.slot_owner.has_free() {
            return Err(Refusal::SLOTS_FULL.into());
        }
        if !self.credit.take(worst) {
            return Err(Refusal::COMPLETION_FULL.into());
        }
        match self.admission.placement {
            Placement::InRing => {}
            Placement::Local => return self.enqueue_own(call, worst),
            Placement::StagedCall => return Ok(self.stage(call)),
        }
        let dispatch = self.admission.dispatch;
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
        let ticket = self.slot_owner.take(call, &self.admission);
        let ticket = ticket.expect("a slot was free above, and nobody else takes any");
        room.commit(call.bytes(), ticket.pack(), dispatch);
        self.state.submitter.accepted.add(1);
        self.set_deadline(ticket);
        Ok(ticket)
    }

    /// [`Ring::enqueue`] for a call that no worker may take.
    fn enqueue_own(&mut self, call: &Call<'_>, worst: u64) -> Result<slots::Ticket, Refused> {
        let len = call.bytes().len();
        if self.own.is_full(len) && !self.own.make_room(len, |ticket| is_dead(&self.slots, ticket)) {
            self.credit.give_back(worst);
            return Err(Refusal::SUBMISSION_FULL.into());
        }
        let ticket = self.slot_owner.take(call, &self.admission);
        let ticket = ticket.expect("a slot was free above, and nobody else takes any");
        self.own.push(call.bytes(), ticket.pack(), self.admission.dispatch);
        self.state.submitter.accepted.add(1);
        self.set_deadline(ticket);
        Ok(ticket)
    }

    /// [`Ring::enqueue`] for a call with a priority or a lane: it takes no room in the ring.
    fn stage(&mut self, call: &Call<'_>) -> slots::Ticket {
        let ticket = self.slot_owner.take(call, &self.admission);
        let ticket = ticket.expect("a slot was free above, and nobody else takes any");
        self.wants_worker |= self.admission.dispatch.contains(DispatchFlags::WORKER);
        self.staged.push(call, ticket, &self.admission);
        self.state.submitter.accepted.add(1);
        self.set_deadline(ticket);
        ticket
    }

    /// Opens the slots to other threads once a canceller of all rings exists (CANCEL-14).
    #[inline(always)]
    fn notice_cancellers(&self) {
        if self.engine.registry.is_watched() && !self.slot_owner.is_watched() {
            self.slot_owner.open_to_others();
        }
    }

    /// Asks the pool to stop the call that was just accepted when its time is up (ATTR-60). Without a pool no thread does.
    #[inline(always)]
    fn set_deadline(&self, ticket: slots::Ticket) {
        if let (true, Some(pool)) =
            (self.admission.dispatch.contains(DispatchFlags::TIMED), &self.engine.pool)
        {
            self.admission.deadline_ns.inspect(|at_ns| pool.stop_at(*at_ns, &self.state, ticket));
        }
    }
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
