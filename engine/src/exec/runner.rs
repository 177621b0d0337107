//! Runs one claimed call: its attributes look, the kernel is entered, its attributes look again, its completion is built. The pool's
//! executor calls it for each call, inline and in a worker; programs share its buffers.
#![allow(unsafe_code, reason = "makes the call that `push` was asked for")]

use std::collections::TryReserveError;
use std::sync::Arc;

use syslet_abi::{
    AttributeId, Call, CallFlags, Done, DoneFlags, Errno, Kind, NR_OFFSET, RawResult, RecordWord,
};
use syslet_attrs::{CacheValue, Evidence, Needs, RunBy, TimingValue};
use syslet_syscalls::{Filled, Invoked, RawArgs, Row, invoke, prepare, row, settle};

use crate::exec::attempt::{Way, enter};
use crate::exec::attributes::{Asked, AttributeContext, Sight};
use crate::exec::checksum::{Moved, asked_bytes};
use crate::exec::claim::{Claim, NEVER};
use crate::exec::completing::{complete, complete_with_data, complete_with_value, hide, out_area};
use crate::exec::outcome::Outcome;
use crate::exec::progress::{Progress, Step};
use crate::exec::resolving::resolve;
use crate::exec::signal_sets;
use crate::exec::usage::{Counters, Unwatched, WATCHED, Watched};
use crate::guard;
use crate::nonblocking::Abilities;
use crate::queues::batch::BATCH_DONE_BYTES;
use crate::shortage::{Shortage, reserve};
use crate::slots::Slot;
use crate::sys::clock::now_ns;
use crate::sys::hold::Hold;
use crate::sys::sync::{self, AtomicBool, Ordering};

/// Whether a submitter may be taken out of the call of this record, by its row.
#[inline(always)]
fn may_be_taken(record: &[u64]) -> bool {
    // The number is the lower half of its word.
    let [nr, _] = bytemuck::cast::<u64, [u32; 2]>(record[NR_OFFSET / 8]);
    row(nr).is_some_and(|row| row.kick.is_possible())
}

/// Whether a submitter that makes the call has no question to ask before or behind it: it has no attribute, no out area and no signal
/// set, its success is not to be hidden, and its row lets no other thread take the submitter out of it.
pub(crate) fn is_bare(call: &Call<'_>, row: Option<&Row>) -> bool {
    call.attribute_count() == 0
        && call.out_len() == 0
        && !call.flags().contains(CallFlags::NO_COMPLETE)
        && !signal_sets::carries(call.nr())
        && row.is_some_and(|row| !row.kick.is_possible())
}

/// Runs calls one after the other and builds their completions in one buffer.
#[derive(Debug)]
pub(crate) struct Runner {
    pub(crate) context: Arc<AttributeContext>,
    /// It grows with the longest completion.
    pub(crate) done: Vec<u64>,
    /// Structures with addresses, for the call that is being made. It grows with the longest.
    pub(crate) built: Vec<u64>,
    /// Performance counters of the thread, once a call has asked for them.
    pub(crate) counters: Counters,
    /// Whether the thread is a worker.
    pub(crate) is_pooled: bool,
    /// When a program leaves the thread to its wait; `None` where no other thread may go on with the program.
    pub(crate) until: Option<Until>,
}

/// The end of a wait, for a program that its thread runs inline meanwhile.
#[derive(Clone, Debug)]
pub(crate) struct Until {
    /// When the wait ends, in nanoseconds of CLOCK_MONOTONIC; `u64::MAX` where it has no timeout.
    pub(crate) at_ns: u64,
    /// Set where a waker has asked for the end of the wait.
    pub(crate) woken: sync::Arc<AtomicBool>,
}

impl Until {
    /// Whether the wait is to end.
    #[inline]
    pub(crate) fn is_due(&self) -> bool {
        // Relaxed: pairs with the store of `RingState::wake_waiter`. The word says nothing of other memory.
        self.woken.load(Ordering::Relaxed) || self.at_ns != u64::MAX && now_ns() >= self.at_ns
    }
}

impl Runner {
    /// The attributes of the engine.
    pub(crate) fn context(&self) -> &Arc<AttributeContext> {
        &self.context
    }

    /// The runner of a submitter.
    pub(crate) fn inline(context: Arc<AttributeContext>) -> Runner {
        Runner::over(context, Vec::new())
    }

    /// The runner of a thread that makes one call, over memory for its completion.
    pub(crate) fn over(context: Arc<AttributeContext>, mut done: Vec<u64>) -> Runner {
        if done.len() < BATCH_DONE_BYTES / 8 {
            done.resize(BATCH_DONE_BYTES / 8, 0);
        }
        Runner {
            context,
            done,
            built: Vec::new(),
            counters: Counters::default(),
            is_pooled: false,
            until: None,
        }
    }

    /// The runner of a worker.
    pub(crate) fn pooled(context: Arc<AttributeContext>) -> Runner {
        Runner { is_pooled: true, ..Runner::inline(context) }
    }

    /// Runs one call and builds its completion from word `at` of the buffer, with the record's ticket in the place of the
    /// user's word. Gives the completion's length in words. A success that is to be hidden has a completion too, which only
    /// the consumer sees.
    ///
    /// # Safety
    /// `record` was admitted by `push`, whose caller answers for the call, and `claim` is the record's.
    #[inline(always)]
    pub(crate) unsafe fn run(&mut self, record: &[u64], claim: &Claim<'_>, at: usize) -> usize {
        let how = if self.is_pooled { RunBy::POOLED } else { RunBy::INLINE };
        // SAFETY: the caller promises that the record was admitted, that its submitter answers for the call, and that `claim` is its.
        match unsafe { self.run_by(Way::Plain(how), record, claim, at) } {
            Step::Done(words) => words,
            Step::Suspended(_) => unreachable!("the plain call is final"),
        }
    }

    /// Runs one call that [`is_bare`] in its submitter, as [`Runner::run`] does, without looking for attributes and the rest.
    ///
    /// # Safety
    /// `record` was admitted by `push`, whose caller answers for the call.
    #[inline(always)]
    pub(crate) unsafe fn run_bare(&mut self, record: &[u64], at: usize) -> usize {
        let call = Call::admitted(bytemuck::cast_slice(record));
        debug_assert!(!self.is_pooled && is_bare(&call, row(call.nr())), "{call:?}");
        // SAFETY: the submitter answers for the call, as the caller promises. Without DATA and out area every argument is a value.
        let Invoked::Result(result) = (unsafe { invoke(&NEVER, call.nr(), &RawArgs::of(&call)) }) else {
            unreachable!("no thread sets that word")
        };
        let done = Done::bare(call.user_data(), RawResult(result), DoneFlags::NONE);
        self.done[at..at + done.len()].copy_from_slice(&done);
        done.len()
    }

    /// Runs one call in its submitter; as [`Runner::run`], but suspended when the submitter was taken out of it.
    ///
    /// # Safety
    /// As for [`Runner::run`].
    #[inline(always)]
    pub(crate) unsafe fn run_held(
        &mut self,
        record: &[u64],
        claim: &Claim<'_>,
        hold: Option<&Hold>,
        at: usize,
    ) -> Step<usize> {
        match hold.filter(|_| may_be_taken(record)) {
            // SAFETY: the caller promises that the record was admitted, that its submitter answers for the call, and that `claim` is its.
            None => Step::Done(unsafe { self.run(record, claim, at) }),
            // SAFETY: as above.
            Some(hold) => unsafe { self.run_shown(record, claim, hold, at) },
        }
    }

    /// Runs a call that its row lets go, and shows it to the thread that may take it. In line as the others are: each return behind
    /// an entry of the kernel is mispredicted.
    ///
    /// # Safety
    /// As for [`Runner::run`].
    #[inline(always)]
    unsafe fn run_shown(&mut self, record: &[u64], claim: &Claim<'_>, hold: &Hold, at: usize) -> Step<usize> {
        // SAFETY: the caller promises that the record was admitted, that its submitter answers for the call, and that `claim` is its.
        unsafe { self.run_by(Way::Held(hold), record, claim, at) }
    }

    /// Makes a non-blocking attempt at one call; as [`Runner::run`].
    ///
    /// # Safety
    /// As for [`Runner::run`].
    pub(crate) unsafe fn attempt(
        &mut self,
        record: &[u64],
        claim: &Claim<'_>,
        how: (Abilities, Option<&Hold>),
        at: usize,
    ) -> Step<usize> {
        // SAFETY: the caller promises that the record was admitted, that its submitter answers for the call, and that `claim` is its.
        unsafe { self.run_by(Way::Attempt(how.0, how.1), record, claim, at) }
    }

    /// Makes another attempt at a call that was parked, at the buffer's start; as [`Runner::attempt`].
    ///
    /// # Safety
    /// As for [`Runner::run`].
    pub(crate) unsafe fn attempt_again(
        &mut self,
        record: &[u64],
        claim: &Claim<'_>,
        abilities: Abilities,
        progress: &Progress,
    ) -> Step<usize> {
        // SAFETY: the caller promises that the record was admitted, that its submitter answers for the call, and that `claim` is its.
        unsafe { self.run_by(Way::Again(abilities, progress), record, claim, 0) }
    }

    /// Runs the rest of a call that was begun elsewhere; as [`Runner::run`] at the buffer's start.
    ///
    /// # Safety
    /// As for [`Runner::run`].
    pub(crate) unsafe fn run_rest(
        &mut self,
        record: &[u64],
        claim: &Claim<'_>,
        progress: &Progress,
    ) -> usize {
        // SAFETY: the caller promises that the record was admitted, that its submitter answers for the call, and that `claim` is its.
        let first = unsafe { self.run_by(Way::Rest(progress), record, claim, 0) };
        match first {
            Step::Done(words) => words,
            Step::Suspended(_) => unreachable!("the rest is a plain call"),
        }
    }

    /// # Safety
    /// As for [`Runner::run`].
    #[inline(always)]
    unsafe fn run_by(&mut self, way: Way<'_>, record: &[u64], claim: &Claim<'_>, at: usize) -> Step<usize> {
        let call = Call::admitted(bytemuck::cast_slice(record));
        if call.attribute_count() > 0 || call.out_len() > 0 {
            // SAFETY: the caller promises that the record was admitted, that its submitter answers for the call, and that `claim` is its.
            return unsafe { self.run_asked(way, &call, claim, at) };
        }
        // SAFETY: the submitter answers for the call, as the caller promises. Without DATA and out area every argument
        // is a value.
        let entered = unsafe {
            enter(
                &way,
                &call,
                claim.cancel(),
                &RawArgs::of(&call),
                Needs::NONE,
                self.is_pooled,
                &mut Unwatched,
            )
        };
        let outcome = match entered {
            Step::Done(outcome) => {
                // SAFETY: the arguments are those of the call, and its submitter answers for the memory that they name.
                claim.end(outcome, || unsafe { asked_bytes(&call, &RawArgs::of(&call)) })
            }
            Step::Suspended(begun) => {
                claim.pause(begun.bytes > 0);
                return Step::Suspended(begun);
            }
        };
        if outcome.is_hidden(&call) {
            return Step::Done(hide(&mut self.done[at..], &call));
        }
        let done = Done::bare(call.user_data(), outcome.result, outcome.flags);
        self.done[at..at + done.len()].copy_from_slice(&done);
        Step::Done(done.len())
    }

    /// Runs a call that has attributes or an out area.
    ///
    /// # Safety
    /// As for [`Runner::run`].
    #[inline(never)]
    unsafe fn run_asked(
        &mut self,
        way: Way<'_>,
        call: &Call<'_>,
        claim: &Claim<'_>,
        at: usize,
    ) -> Step<usize> {
        if call.attribute_count() == 0 && !way.has_moved() {
            if let Some(filled) = row(call.nr()).and_then(|row| Filled::of(row, call)) {
                // SAFETY: this function's contract.
                return unsafe { self.run_filled(way, call, claim, at, filled) };
            }
        } else if call.out_len() == 0 {
            if claim.slot().asks_only(AttributeId::TIMING) {
                // SAFETY: this function's contract.
                return unsafe { self.run_timed(way, call, claim, at) };
            }
            if claim.slot().asks_only(AttributeId::CACHE) && way.abilities().is_some() {
                // SAFETY: this function's contract.
                return unsafe { self.run_tried(way, call, claim, at) };
            }
        }
        // SAFETY: this function's contract.
        unsafe { self.run_answering(way, call, claim, at) }
    }

    /// Runs a call that has TIMING, honoured, and nothing else to answer: what [`Runner::run_answering`] does, without looking for
    /// more.
    ///
    /// # Safety
    /// As for [`Runner::run`].
    unsafe fn run_timed(
        &mut self,
        way: Way<'_>,
        call: &Call<'_>,
        claim: &Claim<'_>,
        at: usize,
    ) -> Step<usize> {
        if self.grow(claim.slot(), at).is_err() {
            return Step::Done(self.starve(call, claim, at, way.has_moved()));
        }
        let (args, needs) = (RawArgs::of(call), Needs::CLOCK);
        // SAFETY: the submitter answers for the call, as the caller promises. Without DATA and out area every argument
        // is a value.
        let entered =
            unsafe { enter(&way, call, claim.cancel(), &args, needs, self.is_pooled, &mut Unwatched) };
        let outcome = match entered {
            Step::Done(outcome) => outcome,
            // SAFETY: this function's contract, with the same record and claim.
            Step::Suspended(begun) => return unsafe { self.suspend(begun, call, claim, at) },
        };
        // SAFETY: the arguments are those of the call, and its submitter answers for the memory that they name.
        let outcome = claim.end(outcome, || unsafe { asked_bytes(call, &args) });
        let Outcome { started_ns, finished_ns, .. } = outcome;
        if outcome.status_of_attributes().is_some() {
            return Step::Done(self.complete(call, claim.slot(), at, (&outcome, &Sight::default())));
        }
        let timing = TimingValue { queued_ns: claim.slot().queued_ns(), started_ns, finished_ns };
        let value = (AttributeId::TIMING, timing.words());
        Step::Done(complete_with_value(&mut self.done[at..], call, &outcome, value))
    }

    /// The same for the attempt at a call that has CACHE. One that is enough says all.
    ///
    /// # Safety
    /// As for [`Runner::run`].
    unsafe fn run_tried(
        &mut self,
        way: Way<'_>,
        call: &Call<'_>,
        claim: &Claim<'_>,
        at: usize,
    ) -> Step<usize> {
        if self.grow(claim.slot(), at).is_err() {
            return Step::Done(self.starve(call, claim, at, false));
        }
        let (args, needs, mut sight) = (RawArgs::of(call), Needs::CACHE, Sight::default());
        let mut watch = Watched::new(needs, &mut self.counters, None, &mut sight.seen);
        // SAFETY: the submitter answers for the call, as the caller promises. Without DATA and out area every argument
        // is a value.
        let entered = unsafe { enter(&way, call, claim.cancel(), &args, needs, self.is_pooled, &mut watch) };
        let outcome = match entered {
            Step::Done(outcome) => outcome,
            // SAFETY: this function's contract, with the same record and claim.
            Step::Suspended(begun) => return unsafe { self.suspend(begun, call, claim, at) },
        };
        // SAFETY: the arguments are those of the call, and its submitter answers for the memory that they name.
        let outcome = claim.end(outcome, || unsafe { asked_bytes(call, &args) });
        let evidence = sight.seen.evidence;
        let is_hit = evidence == Evidence::NONBLOCKING_SUCCEEDED && outcome.status_of_attributes().is_none();
        if !is_hit {
            return Step::Done(self.complete(call, claim.slot(), at, (&outcome, &sight)));
        }
        let value = (AttributeId::CACHE, [CacheValue::of(evidence).word()]);
        Step::Done(complete_with_value(&mut self.done[at..], call, &outcome, value))
    }

    /// The same for a call without attributes that fills its out area from the start, as a read does.
    ///
    /// # Safety
    /// As for [`Runner::run`].
    unsafe fn run_filled(
        &mut self,
        way: Way<'_>,
        call: &Call<'_>,
        claim: &Claim<'_>,
        at: usize,
        filled: Filled<'_>,
    ) -> Step<usize> {
        if self.grow(claim.slot(), at).is_err() {
            return Step::Done(self.starve(call, claim, at, false));
        }
        let (mut args, out) = (RawArgs::of(call), out_area(&mut self.done[at..], call));
        args.set(filled.index(), out.as_mut_ptr().expose_provenance() as u64);
        let mut guarded = guard::enclose(row(call.nr()), call, &mut args);
        // SAFETY: the submitter answers for the call, as the caller promises. The one argument that is no value points to the out area,
        // and reaches as far as the row says, which admission has checked.
        let entered =
            unsafe { enter(&way, call, claim.cancel(), &args, Needs::NONE, self.is_pooled, &mut Unwatched) };
        let outcome = match entered {
            Step::Done(outcome) => outcome,
            Step::Suspended(begun) => {
                guarded.leave(None);
                debug_assert_eq!(begun.bytes, 0, "an attempt at such a call reads all or nothing");
                // SAFETY: this function's contract, with the same record and claim.
                return unsafe { self.suspend(begun, call, claim, at) };
            }
        };
        guarded.leave(Some(outcome.result));
        // SAFETY: the arguments are those of the call, and its submitter answers for the memory that they name.
        let outcome = claim.end(outcome, || unsafe { asked_bytes(call, &args) });
        let written =
            filled.written(call, outcome.result).filter(|_| outcome.status_of_attributes().is_none());
        Step::Done(match written {
            Some(written) => complete_with_data(&mut self.done[at..], call, &outcome, written),
            None => self.complete(call, claim.slot(), at, (&outcome, &Sight::default())),
        })
    }

    /// Builds the completion of a call with attributes that have not seen it.
    #[cold]
    fn complete(&mut self, call: &Call<'_>, slot: &Slot, at: usize, seen: (&Outcome, &Sight<'_>)) -> usize {
        complete(&mut self.done[at..], &Asked::new(call, slot, &self.context), seen, slot)
    }

    /// Runs any other such call.
    ///
    /// # Safety
    /// As for [`Runner::run`].
    unsafe fn run_answering(
        &mut self,
        way: Way<'_>,
        call: &Call<'_>,
        claim: &Claim<'_>,
        at: usize,
    ) -> Step<usize> {
        let slot = claim.slot();
        if self.grow(slot, at).is_err() {
            let is_begun = way.has_moved();
            return Step::Done(self.starve(call, claim, at, is_begun));
        }
        let (row, needs) = (row(call.nr()), slot.needs());
        let out = out_area(&mut self.done[at..], call);
        let mut asked = Asked::new(call, slot, &self.context);
        let mut sight = Sight::default();
        let mut spoilt = None;
        if asked.required_refusal().is_none() {
            if !out.is_empty() {
                row.inspect(|row| prepare(row, call, out));
                way.restore(out);
            }
            asked.look_before();
            if needs.contains(Needs::OWN_THREAD) && asked.required_refusal().is_none() {
                spoilt = asked.act(needs, claim.cancel());
            }
        }
        let outcome = if let Some(errno) = asked.required_refusal().or(spoilt) {
            claim.end(Outcome::not_run(errno), || None)
        } else if !way.has_moved() && asked.is_late(slot) {
            claim.end(Outcome::late(), || None)
        } else {
            let mut args = resolve(row, call, out, &mut self.built);
            let mut guarded = guard::enclose(row, call, &mut args);
            let cancel = claim.cancel();
            let traced = self.context.traced(call, needs);
            if let Some((trace, id)) = traced.filter(|_| !way.is_traced()) {
                trace.begin(id, call.nr(), self.is_pooled);
            }
            let entered = if needs.intersects(WATCHED) {
                let mut watch = Watched::new(needs, &mut self.counters, way.seen(), &mut sight.seen);
                // SAFETY: the submitter answers for the call, as the caller promises. Each argument that is no value points into
                // the record or the out area, as far as the row says, which admission has checked, or to a structure
                // that was built of addresses in both.
                unsafe { enter(&way, call, cancel, &args, needs, self.is_pooled, &mut watch) }
            } else {
                // SAFETY: as in the other branch.
                unsafe { enter(&way, call, cancel, &args, needs, self.is_pooled, &mut Unwatched) }
            };
            match entered {
                Step::Done(outcome) => {
                    guarded.leave(Some(outcome.result));
                    if needs.contains(Needs::RETRY) {
                        asked.note(AttributeId::RETRY, outcome.retry.token());
                    }
                    if let Some(row) = row.filter(|row| row.is_built) {
                        settle(row, call, outcome.result, &self.built, out_area(&mut self.done[at..], call));
                    }
                    // SAFETY: the arguments are those of the call, and its submitter answers for the memory that they name.
                    let outcome = claim.end(outcome, || unsafe { asked_bytes(call, &args) });
                    if let Some((trace, id)) = traced {
                        trace.end(id, outcome.result, self.is_pooled);
                    }
                    if let Some(moved) = row.filter(|_| needs.contains(Needs::BYTES)).and_then(Moved::of) {
                        // SAFETY: the arguments are those of the call, and its submitter answers for the memory that they name.
                        sight.transferred = unsafe { moved.checksum(call, &args, outcome.result) };
                    }
                    outcome
                }
                Step::Suspended(mut begun) => {
                    guarded.leave(None);
                    begun.is_traced = traced.is_some();
                    if begun.bytes > 0 {
                        begun.out.extend_from_slice(out_area(&mut self.done[at..], call));
                    }
                    // SAFETY: this function's contract, with the same record and claim.
                    return unsafe { self.suspend(begun, call, claim, at) };
                }
            }
        };
        Step::Done(complete(&mut self.done[at..], &asked, (&outcome, &sight), slot))
    }

    /// An attempt at a call was not enough: a worker goes on. Where the call has STORAGE the submitter is ready to wait, and goes on
    /// itself: the attempt was for CACHE.
    ///
    /// # Safety
    /// As for [`Runner::run`].
    #[cold]
    unsafe fn suspend(
        &mut self,
        begun: Progress,
        call: &Call<'_>,
        claim: &Claim<'_>,
        at: usize,
    ) -> Step<usize> {
        if call.flags().contains(CallFlags::STORAGE) && !self.is_pooled && !begun.is_kicked {
            // SAFETY: this function's contract.
            return unsafe { self.run_answering(Way::Rest(&begun), call, claim, at) };
        }
        claim.pause(begun.bytes > 0);
        Step::Suspended(begun)
    }

    /// Builds the completion of a call that is not to be run, or was not seen to end.
    pub(crate) fn abandon(&mut self, record: &[u64], slot: &Slot, at: usize, outcome: Outcome) -> usize {
        self.abandon_call(&Call::admitted(bytemuck::cast_slice(record)), slot, at, outcome)
    }

    fn abandon_call(&mut self, call: &Call<'_>, slot: &Slot, at: usize, outcome: Outcome) -> usize {
        // Of a call that is not run only the returns of its attributes come back.
        let bytes = slot.credit().saturating_sub(call.out_len() as u64 & !7);
        let words = at + crate::queues::ring_buffer::words(bytes) + BATCH_DONE_BYTES / 8;
        if self.done.len() < words {
            self.done.resize(words, 0);
        }
        self.complete(call, slot, at, (&outcome, &Sight::default()))
    }

    /// Room for the longest completion that this call can have, and behind it for those of calls without attributes.
    ///
    /// # Errors
    /// When there is no memory for it.
    fn grow(&mut self, slot: &Slot, at: usize) -> Result<(), TryReserveError> {
        self.grow_by(slot, at, 0)
    }

    /// The same with more room for an out area of which not everything comes back.
    pub(crate) fn grow_by(
        &mut self,
        slot: &Slot,
        at: usize,
        more_bytes: usize,
    ) -> Result<(), TryReserveError> {
        let bytes = slot.credit() + more_bytes as u64;
        let words = at + crate::queues::ring_buffer::words(bytes) + BATCH_DONE_BYTES / 8;
        let missing = words.saturating_sub(self.done.len());
        if missing > 0 {
            self.done.try_reserve_exact(missing)?;
            self.done.resize(words, 0);
        }
        Ok(())
    }

    /// Ends a call that has no memory for its completion: it does not run (ENGINE-34). `is_begun`: not any further.
    #[cold]
    pub(crate) fn starve(&mut self, call: &Call<'_>, claim: &Claim<'_>, at: usize, is_begun: bool) -> usize {
        let errno = Errno(libc::ENOMEM);
        let outcome = if is_begun { Outcome::unknown(errno) } else { Outcome::not_run(errno) };
        let outcome = claim.end(outcome, || None);
        self.abandon_call(call, claim.slot(), at, outcome)
    }

    /// Sees that there is memory for completions of so many bytes; it is used when one of them is that long.
    pub(crate) fn expect(&mut self, completion_bytes: u64) -> Result<(), Shortage> {
        let words = crate::queues::ring_buffer::words(completion_bytes) + BATCH_DONE_BYTES / 8;
        reserve(&mut self.done, words, "the longest completion")
    }

    /// The first words of the buffer: the completions built there.
    pub(crate) fn done(&self, words: usize) -> &[u64] {
        &self.done[..words]
    }
}

/// Whether a queued record is a program.
#[inline(always)]
pub(crate) fn is_program(record: &[u64]) -> bool {
    RecordWord::unpack(record[0]).kind == Kind::SYSLET
}
