//! Admission of a call: checks the meaning of a submission, and decides how it is run, without taking anything yet. The ring calls it
//! for each push, `program` for the head of a program and the attributes of its atoms.

pub(crate) mod dependence;
pub(crate) mod placement;
pub(crate) mod safe;

use std::sync::Arc;

use syslet_abi::{
    ATTRIBUTE_HEADER_BYTES, Ask, AttributeId, Call, CallFlags, DONE_BYTES_MIN, NR_OFFSET, Refusal, Status,
    padded,
};
use syslet_attrs::{CallFacts, DeadlineAsked, Needs, Plan, Priority, Registry, TraceValue};
use syslet_syscalls::{Class, RawArgs, Row, Scope, check_arguments, is_foreign, row};

use crate::exec::attributes::{AttributeContext, contained, facts};
use crate::exec::is_bare;
use crate::exec::usage::may_count;
use crate::nonblocking::{self, Abilities};
use crate::queues::batch::BATCH_MAX;
use crate::refused::Refused;
use crate::slots::admission::{AbandonPolicy, Constraints, Placement, VALUE_BYTES_MAX, Verdict};
use crate::slots::dispatch::DispatchFlags;

/// The facts of an engine that admission decides by. All rings of the engine share them.
#[derive(Debug)]
pub(crate) struct Terms {
    pub(crate) context: Arc<AttributeContext>,
    /// The non-blocking attempts that may be made.
    pub(crate) abilities: Abilities,
    /// False when the submitters run everything themselves.
    pub(crate) has_workers: bool,
    /// No program may have a larger budget.
    pub(crate) program_steps_max: u32,
    /// No other engine of this process has it.
    pub(crate) number: u64,
}

/// Room held for a completion without attribute returns.
#[allow(clippy::cast_possible_truncation, reason = "24")]
const BARE_CREDIT: u32 = DONE_BYTES_MIN as u32;

/// Checks the meaning of a well-formed submission (ENGINE-1): number, row, flags, attributes. Room and slot come after.
/// `has_pool` says whether this submitter may give calls to workers now. `verdict` is the default one before.
#[inline(always)]
pub(crate) fn admit(
    call: &Call<'_>,
    completion_max: usize,
    terms: &Terms,
    has_pool: bool,
    verdict: &mut Verdict,
) -> Result<(), Refused> {
    if is_foreign(call.nr()) {
        return Err(Refusal::FOREIGN_NUMBER.at(NR_OFFSET).into());
    }
    let row = row(call.nr());
    let (class, scope) = match row {
        Some(row) => {
            let (class, scope) = row.nature(|| RawArgs::known(call));
            check_survives(scope)?;
            check_arguments(row, call)?;
            (class, scope)
        }
        None if !call.kinds().all_values() => return Err(Refusal::VALUE_ONLY.at(NR_OFFSET).into()),
        None => (Class::Descriptor, Scope::Process),
    };
    let is_instant_now = |row: &Row| class == Class::Instant && row.class != Class::Instant;
    let signals = row.is_some_and(|row| is_instant_now(row) && nonblocking::may_signal(row));
    let waits_for_device = row.is_some_and(placement::waits_for_device);
    let facts = placement::Facts { flags: call.flags(), class, scope, signals, waits_for_device, has_pool };
    placement::check(facts)?;
    verdict.descriptor = row.and_then(|row| row.descriptor);
    verdict.credit = BARE_CREDIT;
    (verdict.may_run_inline, verdict.lane_alone) = (true, true);
    verdict.is_brief = true;
    verdict.answering = call.out_len() > 0 || call.attribute_count() > 0;
    let may_pool = has_pool && !facts.flags.contains(CallFlags::SYNC);
    if verdict.answering {
        admit_answering(call, completion_max, terms, may_pool, verdict)?;
    }
    let has_nonblocking =
        || row.is_some_and(|row| nonblocking::may_try(terms.abilities, row, &RawArgs::known(call)));
    verdict.dispatch = placement::dispatch(facts, verdict.constraints(), has_nonblocking);
    let wants_attempt = verdict.needs.contains(Needs::CACHE) && !verdict.needs.contains(Needs::RETRY);
    // The plain call would wait for storage here, in an engine that has workers.
    let is_storage = verdict.dispatch == DispatchFlags::PLAIN && may_pool;
    if wants_attempt && (verdict.dispatch == DispatchFlags::WORKER || is_storage) && has_nonblocking() {
        verdict.dispatch = verdict.dispatch.with(DispatchFlags::NONBLOCKING);
    }
    verdict.abandon_policy = abandon_policy(row, call, verdict.dispatch);
    if verdict.needs.contains(Needs::LANE) && may_pool {
        verdict.in_lane = dispatch_in_lane(facts, verdict, has_nonblocking);
    }
    verdict.placement = place(verdict, terms, may_pool);
    verdict.is_private = may_be_private(verdict, call.flags(), terms, may_pool);
    verdict.is_bare = is_bare(call, row);
    Ok(())
}

/// The dispatch flags of a call with LANE where its lane has room. `None` if only a worker may run it all the same, or if it is to be
/// found by its priority or stopped at its deadline.
#[inline(never)]
fn dispatch_in_lane(
    facts: placement::Facts,
    verdict: &Verdict,
    has_nonblocking: impl FnOnce() -> bool,
) -> Option<DispatchFlags> {
    const NOT_HERE: DispatchFlags =
        DispatchFlags::WORKER.with(DispatchFlags::PRIVATE).with(DispatchFlags::TIMED);
    let constraints =
        Constraints { may_run_inline: verdict.lane_alone, is_short: true, ..verdict.constraints() };
    let dispatch = placement::dispatch(facts, constraints, has_nonblocking);
    (verdict.priority == 0 && !dispatch.intersects(NOT_HERE)).then_some(dispatch)
}

/// Whether the call can wait where only its submitter sees it: that thread runs it as far as it goes without a worker, and no other
/// thread has to find it by its slot.
#[inline(always)]
fn may_be_private(verdict: &Verdict, flags: CallFlags, terms: &Terms, may_pool: bool) -> bool {
    let dispatch = verdict.dispatch;
    // SYNC calls of an engine with workers have a queue of their own; so has a thread that differs from the workers, and that one
    // waits for them to be equal again before it makes a call that sleeps.
    let is_theirs = may_pool || !terms.has_workers;
    let is_own = !flags.contains(CallFlags::SYNC) && dispatch == DispatchFlags::INSTANT;
    (is_theirs || is_own)
        && !dispatch.intersects(DispatchFlags::WORKER.with(DispatchFlags::TIMED).with(DispatchFlags::PRIVATE))
        && !verdict.needs.intersects(NOT_PRIVATE)
        && verdict.placement != Placement::StagedCall
        && verdict.abandon_policy != AbandonPolicy::Reported
}

/// Needs for which other threads have to know of the call.
const NOT_PRIVATE: Needs =
    Needs::RETRY.with(Needs::DEADLINE).with(Needs::OWN_THREAD).with(Needs::OWN_FS).with(Needs::LANE);

/// Where a submission waits.
#[inline]
pub(crate) fn place(verdict: &Verdict, terms: &Terms, may_pool: bool) -> Placement {
    if is_local(terms, may_pool) {
        Placement::Local
    } else if verdict.answering && verdict.is_sorted() {
        Placement::StagedCall
    } else {
        Placement::InRing
    }
}

/// Whether a call waits where no worker may look. In an engine without workers every place is such a place, and it waits in the
/// ring.
#[inline]
fn is_local(terms: &Terms, may_pool: bool) -> bool {
    terms.has_workers && !may_pool
}

/// Whether the call may be abandoned when no signal interrupts it (CANCEL-18). Only calls in workers are abandoned, and an instant
/// call is over before.
#[inline(always)]
fn abandon_policy(row: Option<&Row>, call: &Call<'_>, dispatch: DispatchFlags) -> AbandonPolicy {
    if call.flags().contains(CallFlags::RELEASE) {
        return AbandonPolicy::Reported;
    }
    if !dispatch.contains(DispatchFlags::INSTANT) && holds_memory(row, call) {
        AbandonPolicy::Refused
    } else {
        AbandonPolicy::Borne
    }
}

/// Whether an argument is, or may be, an address in the application's memory. Any argument of a call without a row may be one.
fn holds_memory(row: Option<&Row>, call: &Call<'_>) -> bool {
    row.map_or_else(|| RawArgs::of(call) != RawArgs::default(), |row| row.holds_address(call))
}

/// The part of admission that only calls with attributes or an out area need; a program's head is such a call.
pub(crate) fn admit_answering(
    call: &Call<'_>,
    completion_max: usize,
    terms: &Terms,
    may_pool: bool,
    verdict: &mut Verdict,
) -> Result<(), Refused> {
    let (bytes, needs) = decide(call, completion_max, terms, may_pool, verdict)?;
    if bytes > completion_max {
        return Err(Refusal::TOO_LARGE.into());
    }
    verdict.credit = u32::try_from(bytes).map_err(|_| Refusal::TOO_LARGE)?;
    verdict.needs = needs;
    if needs.contains(Needs::DEADLINE) {
        let asked = call.asks().find(|ask| ask.id == AttributeId::DEADLINE);
        verdict.deadline = asked.and_then(|ask| DeadlineAsked::parse(ask.payload).ok());
    }
    Ok(())
}

/// Refuses calls that no thread of an engine survives (ENGINE-7).
#[inline]
pub(crate) fn check_survives(scope: Scope) -> Result<(), Refused> {
    match scope {
        Scope::EngineLife(harm) => Err(Refused::because(Refusal::ENGINE_LIFE, NR_OFFSET, harm.why())),
        _ => Ok(()),
    }
}

/// The bytes of a return with a value of `len` bytes.
pub(crate) const fn value_bytes(len: usize) -> usize {
    ATTRIBUTE_HEADER_BYTES + padded(len)
}

/// Asks every attribute for its plan, and gives the bytes of the longest completion and all needs.
fn decide(
    call: &Call<'_>,
    completion_max: usize,
    terms: &Terms,
    may_pool: bool,
    verdict: &mut Verdict,
) -> Result<(usize, Needs), Refused> {
    let facts = CallFacts { atoms_bytes_max: verdict.atoms_bytes_max, ..facts(call) };
    let mut is_brief = facts.out_len == 0;
    let mut bytes = DONE_BYTES_MIN + if facts.out_len > 0 { value_bytes(facts.out_len) } else { 0 };
    let mut needs = Needs::NONE;
    let (mut will_run, may_run_inline) = (true, verdict.may_run_inline);
    verdict.returns_data = facts.out_len > 0;
    for (index, ask) in call.asks().enumerate() {
        verdict.asked.note(index, ask.id);
        match ask.id {
            AttributeId::TRACE => {
                verdict.trace = TraceValue::parse(ask.payload).map(|trace| trace.id);
            }
            AttributeId::DATA => verdict.returns_data = true,
            // Its code may take long, so the call is made alone, where it is watched.
            id => is_brief &= !id.is_application(),
        }
        let mut plan = plan(&ask, &facts, &terms.context);
        if ask.id == AttributeId::PRIORITY && plan.is_ok() {
            if is_local(terms, may_pool) {
                plan = Err(Status::INAPPLICABLE);
            } else {
                verdict.priority = Priority::parse(ask.payload).unwrap_or(0);
            }
        }
        let is_near = plan.is_err() || plan.is_ok_and(|plan| !keeps_away(&plan));
        verdict.may_run_inline &= is_near;
        verdict.lane_alone &= is_near || ask.id == AttributeId::LANE;
        match plan {
            Ok(plan) if keeps_away(&plan) && !may_pool => {
                return Err(Refusal::NEEDS_WORKER.at(ask.payload_offset).into());
            }
            Ok(_) if ask.id == AttributeId::DATA => {
                // The out area is counted above, whether DATA is asked for or not; without one the return is a bare header.
                bytes += if facts.out_len == 0 { ATTRIBUTE_HEADER_BYTES } else { 0 };
            }
            Ok(plan) if plan.return_bytes_max > VALUE_BYTES_MAX => return Err(Refusal::TOO_LARGE.into()),
            Ok(plan) => {
                verdict.answers.allow(index, padded(plan.return_bytes_max));
                bytes += value_bytes(plan.return_bytes_max);
                needs = needs.with(plan.needs);
            }
            Err(status) => {
                will_run &= !ask.flags.is_required();
                verdict.answers.refuse(index, status);
                bytes += ATTRIBUTE_HEADER_BYTES;
            }
        }
    }
    if !will_run {
        needs = needs.without(FOR_RUNNING);
        verdict.may_run_inline = may_run_inline;
    }
    let fits = bytes * BATCH_MAX <= completion_max;
    let is_traced = needs.contains(Needs::TRACE) && terms.context.trace.is_some();
    verdict.is_brief =
        is_brief && fits && verdict.priority == 0 && !needs.intersects(NOT_BRIEF) && !is_traced;
    Ok((bytes, needs))
}

/// Needs that take longer than the call itself, or stop it.
const NOT_BRIEF: Needs = Needs::RETRY.with(Needs::DEADLINE).with(Needs::OWN_THREAD).with(Needs::LANE);

/// Needs for a place in a lane or for a thread. A call that will not run does not wait for them (ATTR-103).
const FOR_RUNNING: Needs = Needs::LANE.with(Needs::OWN_THREAD).with(Needs::OWN_FS);

/// Whether the submitter may not make the call itself. A call that changes its thread is never the submitter's.
fn keeps_away(plan: &Plan) -> bool {
    !plan.may_run_inline || plan.needs.contains(Needs::OWN_THREAD)
}

/// The plan of an attribute for a call, or the status that it is refused with.
pub(crate) fn plan(ask: &Ask<'_>, facts: &CallFacts, registry: &Registry) -> Result<Plan, Status> {
    let attribute = registry.get(ask.id).ok_or(Status::UNSUPPORTED)?;
    let plan = contained(ask.id, || attribute.check(ask.payload, facts)).unwrap_or(Err(Status::UNAVAILABLE));
    let plan = plan.and_then(|plan| {
        let is_possible = !plan.needs.contains(Needs::COUNTERS) || may_count();
        is_possible.then_some(plan).ok_or(Status::UNAVAILABLE)
    });
    plan.map_err(|status| match status {
        Status::UNSUPPORTED | Status::INAPPLICABLE | Status::INVALID | Status::DENIED => status,
        // An application's attribute may answer anything. A status without a meaning before the call counts as a failure.
        _ => Status::UNAVAILABLE,
    })
}

#[cfg(test)]
#[cfg(not(syslet_loom))]
mod tests;
