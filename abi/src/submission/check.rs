//! What the structure of a submission is checked for, in this order.

use super::{CALL_BYTES_MIN, Call, CallFlags, Limits, field};
use crate::argument::{ARGS_MAX, ArgKind, Inout};
use crate::attribute::{self, ATTRIBUTES_MAX};
use crate::bytes::u16_at;
use crate::refusal::{Fault, Refusal};
use crate::word::{KIND_OFFSET, Kind, LEN_OFFSET, RecordWord};

/// Checks the whole record.
#[inline(always)]
pub(super) fn record(record: &[u8], limits: &Limits) -> Result<(), Fault> {
    let head = match record.first_chunk() {
        Some(head) if is_framed(head, record.len(), limits) => head,
        _ => return Err(frame_fault(record, Kind::CALL, limits)),
    };
    let call = Call { record, head, shared: None };
    fields(&call, limits)?;
    argument_kinds(&call)?;
    if call.attribute_count() > 0 || call.attributes_offset() != record.len() {
        attribute::check(record, call.attributes_offset(), call.attribute_count())?;
    }
    if call.kinds().all_values() { Ok(()) } else { offsets(&call) }
}

/// Whether length and kind are right.
#[inline(always)]
fn is_framed(head: &[u8; CALL_BYTES_MIN], len: usize, limits: &Limits) -> bool {
    len <= limits.record_bytes_max && RecordWord::at(head).is(Kind::CALL, len)
}

/// Checks length and kind of a record that has as many fields as a call.
pub(crate) fn frame(record: &[u8], kind: Kind, limits: &Limits) -> Result<(), Fault> {
    let is_long = record.len() >= CALL_BYTES_MIN && record.len() <= limits.record_bytes_max;
    if is_long && RecordWord::at(record).is(kind, record.len()) {
        return Ok(());
    }
    Err(frame_fault(record, kind, limits))
}

/// What is wrong with a frame that is not right.
#[cold]
fn frame_fault(record: &[u8], kind: Kind, limits: &Limits) -> Fault {
    if record.len() < RecordWord::BYTES {
        return Refusal::RECORD_SHORT.at(LEN_OFFSET);
    }
    let word = RecordWord::at(record);
    if word.kind != kind {
        return Refusal::UNKNOWN_KIND.at(KIND_OFFSET);
    }
    if !word.len.is_multiple_of(8) {
        return Refusal::LENGTH_UNALIGNED.at(LEN_OFFSET);
    }
    if word.len as usize > limits.record_bytes_max {
        return Refusal::TOO_LARGE.at(LEN_OFFSET);
    }
    if word.len as usize != record.len() {
        return Refusal::LENGTH_MISMATCH.at(LEN_OFFSET);
    }
    Refusal::RECORD_SHORT.at(LEN_OFFSET)
}

#[inline(always)]
fn fields(call: &Call<'_>, limits: &Limits) -> Result<(), Fault> {
    let flags = call.flags();
    if !flags.unknown().is_empty() {
        return Err(Refusal::RESERVED_BIT.at(field::FLAGS));
    }
    flags_agree(flags)?;
    if u16_at(call.head, field::RESERVED) != 0 {
        return Err(Refusal::RESERVED_BIT.at(field::RESERVED));
    }
    if call.argc() > ARGS_MAX {
        return Err(Refusal::TOO_MANY_ARGUMENTS.at(field::ARGC));
    }
    if call.attribute_count() > ATTRIBUTES_MAX {
        return Err(Refusal::TOO_MANY_ATTRIBUTES.at(field::ATTR_COUNT));
    }
    if call.attributes_offset() > call.record.len() {
        return Err(Refusal::RECORD_SHORT.at(field::ARGC));
    }
    if call.out_len() > limits.out_bytes_max {
        return Err(Refusal::TOO_LARGE.at(field::OUT_LEN));
    }
    Ok(())
}

/// Whether flags go together.
#[inline(always)]
pub(crate) fn flags_agree(flags: CallFlags) -> Result<(), Fault> {
    let elsewhere = flags.contains(CallFlags::ASYNC) || flags.contains(CallFlags::PRIVATE);
    if elsewhere && flags.contains(CallFlags::SYNC) {
        return Err(Refusal::FLAGS_CONTRADICT.at(field::FLAGS));
    }
    Ok(())
}

#[inline(always)]
fn argument_kinds(call: &Call<'_>) -> Result<(), Fault> {
    let kinds = call.kinds();
    if kinds.exceed(call.argc()) {
        return Err(Refusal::RESERVED_BIT.at(field::ARG_KINDS));
    }
    if kinds.all_values() {
        return Ok(());
    }
    for index in 0..call.argc() {
        let kind = kinds.get(index);
        if kind.is_of_programs() {
            return Err(Refusal::ATOM_ONLY.at(field::ARGS + 8 * index));
        }
        if kind.is_reserved() {
            return Err(Refusal::ARGUMENT_KIND_NOT_YET.at(field::ARGS + 8 * index));
        }
        if !kind.is_supported() {
            return Err(Refusal::ARGUMENT_KIND_UNKNOWN.at(field::ARGS + 8 * index));
        }
    }
    Ok(())
}

/// Every offset lies inside its area. How far the argument reaches from there is the table's to say.
fn offsets(call: &Call<'_>) -> Result<(), Fault> {
    let (data_len, out_len) = (call.data().len() as u64, call.out_len() as u64);
    for index in 0..call.argc() {
        let arg = call.raw_arg(index);
        let (data, out) = match call.kinds().get(index) {
            ArgKind::IN => (Some(arg), None),
            ArgKind::OUT => (None, Some(arg)),
            ArgKind::INOUT => {
                let Inout { out, data } = Inout::unpack(arg);
                (Some(u64::from(data)), Some(u64::from(out)))
            }
            _ => (None, None),
        };
        if data.is_some_and(|offset| offset > data_len) {
            return Err(Refusal::IN_OUTSIDE_DATA.at(field::ARGS + 8 * index));
        }
        if out.is_some_and(|offset| offset > out_len) {
            return Err(Refusal::OUT_OUTSIDE_AREA.at(field::ARGS + 8 * index));
        }
    }
    Ok(())
}
