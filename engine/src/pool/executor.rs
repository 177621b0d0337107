//! Runs a claimed record, a call or a program: the one place where the two part. Called by the submitter, inline, and
//! by workers.
#![allow(unsafe_code, reason = "runs records that the unsafe `push` accepted")]

use std::sync::Arc;

use syslet_abi::Errno;
use syslet_attrs::RunBy;

use crate::exec::attempt::Way;
use crate::exec::attributes::AttributeContext;
use crate::exec::claim::Claim;
use crate::exec::outcome::Outcome;
use crate::exec::{Progress, Runner, Step, is_program};
use crate::nonblocking::Abilities;
use crate::program::{Buffers, ParallelGroup, Suspended, Team};
use crate::sys::hold::Hold;

/// A thread's means to run records: a runner for calls, and buffers for programs.
#[derive(Debug)]
pub(crate) struct Executor {
    pub(crate) runner: Runner,
    programs: Buffers,
}

/// The rest of a record that another thread has begun, or only claimed.
#[derive(Debug)]
pub(crate) enum Rest {
    /// A call, or a program that has not begun.
    Call(Progress),
    /// A program between two of its atoms, or in the middle of a call.
    Program(Suspended),
    /// A program with a worker that died. The calls of this group end before the program does.
    Orphan(Arc<ParallelGroup>),
}

impl Default for Rest {
    fn default() -> Rest {
        Rest::Call(Progress::default())
    }
}

impl Rest {
    /// Whether the call is known to sleep.
    pub(crate) fn sleeps(&self) -> bool {
        match self {
            Rest::Call(progress) => progress.sleeps,
            Rest::Program(suspended) => suspended.call.sleeps,
            Rest::Orphan(_) => false,
        }
    }

    /// Whether no thread has tried the call.
    pub(crate) fn is_untried(&self) -> bool {
        matches!(self, Rest::Call(progress) if progress.attempts == 0)
    }

    /// Whether this is a sleep that was parked and is due.
    pub(crate) fn is_due(&self) -> bool {
        matches!(self, Rest::Call(progress) if progress.was_parked)
    }

    /// Whether this is a program on its way out, which no cancel reaches.
    pub(crate) fn is_leaving(&self) -> bool {
        match self {
            Rest::Call(_) => false,
            Rest::Program(suspended) => suspended.is_leaving(),
            Rest::Orphan(_) => true,
        }
    }

    /// Whether bytes were moved or atoms have run. Such a call cannot end as one that has not begun.
    pub(crate) fn has_moved(&self) -> bool {
        match self {
            Rest::Call(progress) => progress.bytes > 0,
            Rest::Program(suspended) => suspended.call.bytes > 0 || suspended.has_begun(),
            Rest::Orphan(_) => true,
        }
    }

    /// Whether this is a program of which atoms have run.
    pub(crate) fn is_begun_program(&self) -> bool {
        match self {
            Rest::Call(_) => false,
            Rest::Program(suspended) => suspended.has_begun(),
            Rest::Orphan(_) => true,
        }
    }

    /// Whether the worker that had the program has died.
    pub(crate) fn is_orphan(&self) -> bool {
        matches!(self, Rest::Orphan(_))
    }
}

impl Executor {
    /// The executor of a submitter.
    pub(crate) fn inline(context: Arc<AttributeContext>) -> Executor {
        Executor { runner: Runner::inline(context), programs: Buffers::default() }
    }

    /// The executor of a worker.
    pub(crate) fn pooled(context: Arc<AttributeContext>) -> Executor {
        Executor { runner: Runner::pooled(context), programs: Buffers::default() }
    }

    /// Runs one record in its submitter: a program until the wait wants the thread. Its completion is built from word `at` of
    /// the buffer.
    ///
    /// # Safety
    /// The same as for [`Runner::run`].
    #[inline]
    pub(crate) unsafe fn run_held(
        &mut self,
        record: &[u64],
        claim: &Claim<'_>,
        hold: Option<&Hold>,
        at: usize,
    ) -> Step<usize, Rest> {
        if !is_program(record) {
            // SAFETY: this function's contract, that of `Runner::run`: the record was admitted, its submitter answers
            // for the call, and the claim is the record's.
            let step = unsafe { self.runner.run_held(record, claim, hold, at) };
            return step.leaving(Rest::Call);
        }
        let way = (Way::Plain(RunBy::INLINE), None);
        // SAFETY: this function's contract, as for a call: an admitted record, and its claim.
        let step = unsafe { self.programs.run(&mut self.runner, way, record, (claim, at), None) };
        step.leaving(Rest::Program)
    }

    /// Runs one record as far as it goes without sleeping. Its completion is built from the buffer's start.
    ///
    /// # Safety
    /// The same as for [`Runner::run`].
    pub(crate) unsafe fn attempt(
        &mut self,
        record: &[u64],
        claim: &Claim<'_>,
        how: (Abilities, Option<&Hold>),
    ) -> Step<usize, Rest> {
        if !is_program(record) {
            // SAFETY: this function's contract, that of `Runner::run`: the record was admitted, its submitter answers
            // for the call, and the claim is the record's.
            let step = unsafe { self.runner.attempt(record, claim, how, 0) };
            return step.leaving(Rest::Call);
        }
        let way = (Way::Attempt(how.0, how.1), None);
        // SAFETY: this function's contract, as for a call: an admitted record, and its claim.
        let step = unsafe { self.programs.run(&mut self.runner, way, record, (claim, 0), None) };
        step.leaving(Rest::Program)
    }

    /// Runs the rest of a record that was begun elsewhere, to its end. Its completion is built from the buffer's
    /// start.
    ///
    /// # Safety
    /// The same as for [`Runner::run`].
    pub(crate) unsafe fn run_rest(
        &mut self,
        record: &[u64],
        claim: &Claim<'_>,
        rest: Rest,
        team: Option<Team<'_>>,
    ) -> usize {
        // SAFETY: this function's contract.
        match unsafe { self.go_on(record, claim, rest, team) } {
            Step::Done(words) => words,
            Step::Suspended(_) => unreachable!("no wait wants this thread"),
        }
    }

    /// The same, but a program only until the wait wants the thread.
    ///
    /// # Safety
    /// The same as for [`Runner::run`].
    pub(crate) unsafe fn go_on(
        &mut self,
        record: &[u64],
        claim: &Claim<'_>,
        rest: Rest,
        team: Option<Team<'_>>,
    ) -> Step<usize, Rest> {
        let (progress, resumed) = match rest {
            Rest::Orphan(group) => {
                group.outlast(team);
                claim.over();
                let outcome = Outcome::unknown(Errno(libc::EOWNERDEAD));
                return Step::Done(self.runner.abandon(record, claim.slot(), 0, outcome));
            }
            Rest::Call(progress) if !is_program(record) => {
                // SAFETY: this function's contract, that of `Runner::run`: the record was admitted, its submitter
                // answers for the call, and the claim is the record's.
                return Step::Done(unsafe { self.runner.run_rest(record, claim, &progress) });
            }
            Rest::Call(progress) => (progress, None),
            Rest::Program(suspended) => (suspended.call, Some(suspended.interpreter)),
        };
        let way = (Way::Rest(&progress), resumed);
        // SAFETY: this function's contract, as for a call: an admitted record, and its claim.
        let step = unsafe { self.programs.run(&mut self.runner, way, record, (claim, 0), team) };
        step.leaving(Rest::Program)
    }

    /// Makes one call of a group.
    ///
    /// # Safety
    /// The submitter of the group's program answers for its calls, as for [`Runner::run`].
    pub(crate) unsafe fn run_member(&mut self, group: &ParallelGroup, index: usize, team: Team<'_>) {
        // SAFETY: this function's contract: the submitter of the group's program answers for its calls.
        unsafe { self.programs.run_member(&self.runner.context, group, index, team) };
    }
}
