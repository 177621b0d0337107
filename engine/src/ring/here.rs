//! Holds `Engine::try_here`, a call that any thread makes at once, without a ring: whole, or not at all.
#![allow(unsafe_code, reason = "declares an unsafe entry, and makes the call")]

use std::cell::Cell;

use syslet_abi::{Call, CallFlags, Limits, Params, RawResult, Refusal};
use syslet_syscalls::{RawArgs, row};

use crate::admission::{admit, safe};
use crate::completion::Completion;
use crate::engine_state::EngineState;
use crate::exec::claim::Claim;
use crate::exec::{Runner, Step};
use crate::nonblocking;
use crate::refused::Refused;
use crate::slots::admission::Verdict;
use crate::slots::dispatch::DispatchFlags;
use crate::slots::kept::Circumstances;
use crate::slots::{Slot, Ticket};
use crate::submission::Submission;
use crate::sys::clock::now_ns;

/// A completion that owns its record.
#[derive(Clone, Debug)]
pub struct OwnedCompletion(Words);

#[derive(Clone, Debug)]
enum Words {
    Few([u64; FEW], usize),
    Many(Box<[u64]>),
}

/// As many words as a completion without data and with TIMING has.
const FEW: usize = 8;

impl OwnedCompletion {
    fn of(record: &[u64]) -> OwnedCompletion {
        let mut few = [0; FEW];
        OwnedCompletion(if let Some(place) = few.get_mut(..record.len()) {
            place.copy_from_slice(record);
            Words::Few(few, record.len())
        } else {
            Words::Many(record.into())
        })
    }

    /// The completion.
    #[must_use]
    pub fn completion(&self) -> Completion<'_> {
        Completion::new(match &self.0 {
            Words::Few(words, len) => &words[..*len],
            Words::Many(words) => words,
        })
    }

    /// The raw result.
    #[must_use]
    pub fn result(&self) -> RawResult {
        self.completion().result()
    }
}

thread_local! {
    /// Memory for completions, between the calls of a thread.
    static DONE: Cell<Vec<u64>> = const { Cell::new(Vec::new()) };
}

/// Makes the call here, if nothing can hold it up, and if an attempt at it has either all of its effect or none. `is_safe`: after
/// the check for safe code.
///
/// # Safety
/// As for `Ring::push`, unless `is_safe`.
pub(crate) unsafe fn try_here(
    engine: &EngineState,
    params: &Params,
    submission: &Submission,
    is_safe: bool,
) -> Result<Option<OwnedCompletion>, Refused> {
    if !engine.guard.is_home() {
        return Err(Refusal::FORKED.into());
    }
    if engine.is_closed() {
        return Err(Refusal::CLOSED.into());
    }
    let by = Circumstances::of(engine.terms.number, params, engine.terms.has_workers);
    let mut fresh = Verdict::default();
    let kept = submission.keeper().get(by);
    let verdict = if let Some(kept) = kept {
        &kept.verdict
    } else {
        check(engine, params, submission, by, &mut fresh)?;
        &fresh
    };
    let call = Call::admitted(submission.bytes());
    if is_safe && !(kept.is_some() && submission.keeper().is_safe()) {
        safe::check(&call, submission.lent(), verdict.needs, &engine.terms.context)?;
        kept.into_iter().for_each(|kept| submission.keeper().note_safe(kept));
    }
    if !is_whole(engine, &call, verdict) {
        return Ok(None);
    }
    let (slot, admission) = (Slot::alone(), verdict.at_push(&call, now_ns));
    if verdict.answering {
        slot.admit(&call, &admission);
    }
    let claim = Claim::instant(&slot, Ticket::NONE);
    let mut runner = Runner::over(std::sync::Arc::clone(&engine.terms.context), DONE.take());
    let step = if verdict.dispatch.contains(DispatchFlags::NONBLOCKING) {
        // SAFETY: the caller's promise, or the check above, stands for the call; its record was admitted.
        unsafe { runner.attempt(submission.words(), &claim, (engine.terms.abilities, None), 0) }
    } else {
        // SAFETY: as in the other branch.
        Step::Done(unsafe { runner.run(submission.words(), &claim, 0) })
    };
    let done = match step {
        Step::Done(words) => Some(OwnedCompletion::of(runner.done(words))),
        Step::Suspended(progress) => {
            debug_assert_eq!(progress.bytes, 0, "the attempt is whole or nothing");
            None
        }
    };
    DONE.set(runner.done);
    Ok(done)
}

/// Whether the call can be made here now, or tried without a part of it remaining.
fn is_whole(engine: &EngineState, call: &Call<'_>, verdict: &Verdict) -> bool {
    let dispatch = verdict.dispatch;
    let is_here = verdict.is_private && !call.flags().contains(CallFlags::NO_COMPLETE);
    let never_sleeps = dispatch == DispatchFlags::INSTANT || dispatch == DispatchFlags::STORAGE;
    let for_storage = engine.terms.has_workers && dispatch == DispatchFlags::PLAIN;
    let is_tried = dispatch.contains(DispatchFlags::NONBLOCKING)
        && row(call.nr()).is_some_and(|row| nonblocking::is_whole(row, &RawArgs::known(call)));
    is_here && (never_sleeps || for_storage || is_tried)
}

/// Checks a submission that has no verdict, and lets it keep this one if it is tried often.
#[inline(never)]
fn check(
    engine: &EngineState,
    params: &Params,
    submission: &Submission,
    by: Circumstances,
    verdict: &mut Verdict,
) -> Result<(), Refused> {
    Call::verify(submission.bytes(), &limits(params))?;
    let call = Call::admitted(submission.bytes());
    admit(&call, by.completion_max(), &engine.terms, by.has_pool, verdict)?;
    if submission.keeper().is_due() {
        let kept = crate::admission::dependence::keep(submission, by, verdict);
        kept.into_iter().for_each(|kept| submission.keeper().keep(kept, false));
    }
    Ok(())
}

/// The limits of one submission, so that its completion fits.
pub(super) fn limits(params: &Params) -> Limits {
    Limits {
        record_bytes_max: params.submission_record_max as usize,
        out_bytes_max: params.completion_record_max as usize - syslet_abi::DONE_DATA_OFFSET,
    }
}
