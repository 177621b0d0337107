//! The door. Everything that can be refused is refused here; a refusal has taken nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};

use syslet_abi::{
    ATTRIBUTE_HEADER_BYTES, Ask, AttributeId, Call, CallFlags, DONE_BYTES_MIN, Limits, NR_OFFSET, Refusal,
    Status, padded,
};
use syslet_attrs::{Attribute, CallFacts, Needs, Plan, Registry};
use syslet_syscalls::{Class, Row, Scope, check_arguments, ends_the_thread, is_foreign, row};

use crate::answers::{Answers, VALUE_BYTES_MAX};
use crate::clock::now_ns;
use crate::refused::Refused;
use crate::slot::Admitted;

/// Offset of a record's flags.
const FLAGS_OFFSET: usize = 6;

/// What the door decides about a submission it lets in.
#[derive(Debug)]
pub(crate) struct Admission<'a> {
    pub(crate) call: Call<'a>,
    pub(crate) row: Option<&'static Row>,
    pub(crate) slot: Admitted,
    /// Decided only when the call has attributes.
    pub(crate) answers: Option<Answers>,
    /// Whether the call cannot sleep.
    pub(crate) instant: bool,
}

/// Checks one submission (ENGINE-1): structure, number, row, flags, attributes. Room and slot come after.
pub(crate) fn admit<'a>(
    record: &'a [u8],
    limits: &Limits,
    completion_max: usize,
    registry: &Registry,
) -> Result<Admission<'a>, Refused> {
    let call = Call::check(record, limits)?;
    let (nr, args) = (call.nr(), call.args());
    if is_foreign(nr) {
        return Err(Refusal::FOREIGN_NUMBER.at(NR_OFFSET).into());
    }
    if let Some(reason) = ends_the_thread(nr, &args) {
        return Err(Refused::because(Refusal::ENGINE_LIFE, NR_OFFSET, reason));
    }
    let row = row(nr);
    match row {
        Some(row) => check_arguments(row, &call)?,
        None if !call.kinds().all_values() => return Err(Refusal::VALUE_ONLY.at(NR_OFFSET).into()),
        None => {}
    }
    let class = row.map_or(Class::Descriptor, |row| row.class_with(&args));
    check_flags(call.flags(), row, class)?;

    let mut slot =
        Admitted { user_data: call.user_data(), nr, fd: descriptor(row, &args), ..Admitted::default() };
    let mut done_bytes = DONE_BYTES_MIN;
    if call.out_len() > 0 {
        done_bytes += value_bytes(call.out_len());
    }
    let mut answers = None;
    if call.attribute_count() > 0 {
        let facts = CallFacts { nr, args, out_len: call.out_len() };
        let decided = answers.insert(Answers::default());
        let (bytes, needs) = decide(&call, &facts, registry, decided)?;
        done_bytes += bytes;
        slot.needs = needs.0;
        if needs.contains(Needs::CLOCK) {
            slot.queued_ns = now_ns();
        }
    }
    slot.credit = u32::try_from(done_bytes)
        .ok()
        .filter(|&bytes| bytes as usize <= completion_max)
        .ok_or(Refusal::TOO_LARGE)?;
    Ok(Admission { call, row, slot, answers, instant: class == Class::Instant && answers.is_none() })
}

/// What the flags, the row's scope and the absence of workers have to say to each other (ENGINE-8, ENGINE-18).
fn check_flags(flags: CallFlags, row: Option<&Row>, class: Class) -> Result<(), Refused> {
    if flags.contains(CallFlags::PRIVATE) || flags.contains(CallFlags::RELEASE) {
        return Err(Refusal::FLAG_NOT_YET.at(FLAGS_OFFSET).into());
    }
    if flags.contains(CallFlags::ASYNC) {
        return Err(Refusal::NEEDS_WORKER.at(FLAGS_OFFSET).into());
    }
    let sync = flags.contains(CallFlags::SYNC);
    match row.map_or(Scope::Process, |row| row.scope) {
        Scope::WritesThread => return Err(Refusal::THREAD_STATE.at(NR_OFFSET).into()),
        Scope::BoundToThread if !sync => return Err(Refusal::THREAD_BOUND.at(NR_OFFSET).into()),
        _ => {}
    }
    if class == Class::Sleeps && !sync {
        return Err(Refusal::NEEDS_WORKER.at(NR_OFFSET).into());
    }
    Ok(())
}

/// The first descriptor among the arguments, or −1.
#[allow(clippy::cast_possible_truncation, reason = "the kernel takes a descriptor's low 32 bits")]
fn descriptor(row: Option<&Row>, args: &[u64; 6]) -> i32 {
    let index = row.and_then(|row| row.args.iter().position(|arg| arg.ty.is_descriptor()));
    index.map_or(-1, |index| (args[index] as u32).cast_signed())
}

/// Bytes that a return with a value of `len` bytes takes.
const fn value_bytes(len: usize) -> usize {
    ATTRIBUTE_HEADER_BYTES + padded(len)
}

/// Asks every attribute for its plan, and gives the room for all returns but an unasked DATA, and what must be
/// observed.
fn decide(
    call: &Call<'_>,
    facts: &CallFacts,
    registry: &Registry,
    answers: &mut Answers,
) -> Result<(usize, Needs), Refused> {
    let (mut bytes, mut needs) = (0, Needs::NONE);
    for (index, ask) in call.asks().enumerate() {
        match plan(&ask, facts, registry) {
            Ok(plan) if !plan.may_help => return Err(Refusal::NEEDS_WORKER.at(ask.payload_offset).into()),
            Ok(_) if ask.id == AttributeId::DATA => {
                // The out area is counted once, asked for or not; without one the return is a bare header.
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
    contained(attribute, || attribute.check(ask.payload, facts)).unwrap_or(Err(Status::UNAVAILABLE))
}

/// Runs a method of an attribute; `None` when it is the application's own and panicked (ENGINE-27).
pub(crate) fn contained<T>(attribute: &dyn Attribute, method: impl FnOnce() -> T) -> Option<T> {
    if attribute.id().is_application() { catch_unwind(AssertUnwindSafe(method)).ok() } else { Some(method()) }
}
