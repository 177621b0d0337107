//! The door. Everything that can be refused is refused here; a refusal has taken nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};

use syslet_abi::{
    ATTRIBUTE_HEADER_BYTES, Ask, AttributeId, Call, CallFlags, DONE_BYTES_MIN, NR_OFFSET, Refusal, Status,
    padded,
};
use syslet_attrs::{CallFacts, Needs, Plan, Registry};
use syslet_syscalls::{Class, Row, Scope, check_arguments, ends_the_thread, is_foreign, row};

use crate::admission::{Admission, Answers, VALUE_BYTES_MAX};
use crate::clock::now_ns;
use crate::refused::Refused;

/// Offset of a record's flags.
const FLAGS_OFFSET: usize = 6;
/// Room held for a completion without attribute returns.
#[allow(clippy::cast_possible_truncation, reason = "24")]
const BARE_CREDIT: u32 = DONE_BYTES_MIN as u32;

/// Checks what a well-formed submission means (ENGINE-1): number, row, flags, attributes. Room and slot come after.
#[inline(always)]
pub(crate) fn admit(
    call: &Call<'_>,
    completion_max: usize,
    registry: &Registry,
    admission: &mut Admission,
) -> Result<(), Refused> {
    let row = row(call.nr());
    check_number(call)?;
    let (class, scope) = match row {
        Some(row) => {
            check_arguments(row, call)?;
            row.nature(|| call.args())
        }
        None if !call.kinds().all_values() => return Err(Refusal::VALUE_ONLY.at(NR_OFFSET).into()),
        None => (Class::Descriptor, Scope::Process),
    };
    check_flags(call.flags(), scope, class)?;
    admission.fd = descriptor(row, call);
    admission.credit = BARE_CREDIT;
    admission.needs = Needs::NONE;
    admission.answering = call.out_len() > 0 || call.attribute_count() > 0;
    admission.instant = class == Class::Instant && !admission.answering;
    if admission.answering { admit_answering(call, completion_max, registry, admission) } else { Ok(()) }
}

/// The part of admission that only calls with attributes or an out area need.
fn admit_answering(
    call: &Call<'_>,
    completion_max: usize,
    registry: &Registry,
    admission: &mut Admission,
) -> Result<(), Refused> {
    admission.answers = Answers::default();
    let (bytes, needs) = decide(call, registry, &mut admission.answers)?;
    if bytes > completion_max {
        return Err(Refusal::TOO_LARGE.into());
    }
    admission.credit = u32::try_from(bytes).map_err(|_| Refusal::TOO_LARGE)?;
    admission.needs = needs;
    admission.queued_ns = if needs.contains(Needs::CLOCK) { now_ns() } else { 0 };
    Ok(())
}

/// Refuses numbers of other interfaces, and calls that no thread of an engine survives (ENGINE-6, ENGINE-7).
#[inline]
fn check_number(call: &Call<'_>) -> Result<(), Refused> {
    let nr = call.nr();
    if is_foreign(nr) {
        return Err(Refusal::FOREIGN_NUMBER.at(NR_OFFSET).into());
    }
    match ends_the_thread(nr, || call.args()) {
        Some(reason) => Err(Refused::because(Refusal::ENGINE_LIFE, NR_OFFSET, reason)),
        None => Ok(()),
    }
}

/// What the flags, the row's scope and the absence of workers have to say to each other (ENGINE-8, ENGINE-18).
#[inline]
fn check_flags(flags: CallFlags, scope: Scope, class: Class) -> Result<(), Refused> {
    let sync = flags.contains(CallFlags::SYNC);
    let refusal = if flags.contains(CallFlags::PRIVATE) || flags.contains(CallFlags::RELEASE) {
        Refusal::FLAG_NOT_YET.at(FLAGS_OFFSET)
    } else if flags.contains(CallFlags::ASYNC) {
        Refusal::NEEDS_WORKER.at(FLAGS_OFFSET)
    } else if scope == Scope::WritesThread {
        Refusal::THREAD_STATE.at(NR_OFFSET)
    } else if scope == Scope::BoundToThread && !sync {
        Refusal::THREAD_BOUND.at(NR_OFFSET)
    } else if class == Class::Sleeps && !sync {
        Refusal::NEEDS_WORKER.at(NR_OFFSET)
    } else {
        return Ok(());
    };
    Err(refusal.into())
}

/// The first descriptor among the arguments, or −1.
#[inline]
#[allow(clippy::cast_possible_truncation, reason = "the kernel takes a descriptor's low 32 bits")]
fn descriptor(row: Option<&Row>, call: &Call<'_>) -> i32 {
    let index = row.and_then(|row| row.args.iter().position(|arg| arg.ty.is_descriptor()));
    index.map_or(-1, |index| (call.arg(index) as u32).cast_signed())
}

/// Bytes that a return with a value of `len` bytes takes.
const fn value_bytes(len: usize) -> usize {
    ATTRIBUTE_HEADER_BYTES + padded(len)
}

/// Asks every attribute for its plan, and gives the longest completion and what must be observed.
fn decide(call: &Call<'_>, registry: &Registry, answers: &mut Answers) -> Result<(usize, Needs), Refused> {
    let facts = CallFacts { nr: call.nr(), args: call.args(), out_len: call.out_len() };
    let mut bytes = DONE_BYTES_MIN + if facts.out_len > 0 { value_bytes(facts.out_len) } else { 0 };
    let mut needs = Needs::NONE;
    for (index, ask) in call.asks().enumerate() {
        match plan(&ask, &facts, registry) {
            Ok(plan) if !plan.may_help => return Err(Refusal::NEEDS_WORKER.at(ask.payload_offset).into()),
            Ok(_) if ask.id == AttributeId::DATA => {
                // The out area is counted above, asked for or not; without one the return is a bare header.
                bytes += if facts.out_len == 0 { ATTRIBUTE_HEADER_BYTES } else { 0 };
            }
            Ok(plan) if plan.return_bytes_max > VALUE_BYTES_MAX => return Err(Refusal::TOO_LARGE.into()),
            Ok(plan) => {
                answers.allow(index, padded(plan.return_bytes_max));
                bytes += value_bytes(plan.return_bytes_max);
                needs = needs.with(plan.needs);
            }
            Err(status) => {
                answers.refuse(index, status);
                bytes += ATTRIBUTE_HEADER_BYTES;
            }
        }
    }
    Ok((bytes, needs))
}

fn plan(ask: &Ask<'_>, facts: &CallFacts, registry: &Registry) -> Result<Plan, Status> {
    let attribute = registry.get(ask.id).ok_or(Status::UNSUPPORTED)?;
    let plan = contained(ask.id, || attribute.check(ask.payload, facts)).unwrap_or(Err(Status::UNAVAILABLE));
    plan.map_err(|status| match status {
        Status::UNSUPPORTED | Status::INAPPLICABLE | Status::INVALID | Status::DENIED => status,
        // An application's attribute may answer anything; what means nothing before the call is a failure.
        _ => Status::UNAVAILABLE,
    })
}

/// Runs a method of the attribute with this id; `None` when it is the application's own and panicked (ENGINE-27).
pub(crate) fn contained<T>(id: AttributeId, method: impl FnOnce() -> T) -> Option<T> {
    if !id.is_application() {
        return Some(method());
    }
    // What was thrown is the application's as well: dropping it could panic again.
    catch_unwind(AssertUnwindSafe(method)).map_err(std::mem::forget).ok()
}
