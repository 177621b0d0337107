//! The table's demands on a submission's arguments. Admission calls these checks before it accepts a submission.

use syslet_abi::{ArgKind, CALL_ARGS_OFFSET, Call, Fault, Refusal};

use crate::argument::{Arg, ArgType, Direction, Len};
use crate::bytes::fits;
use crate::extent::{NUMBER_BYTES, Place, extent, formed, plain};
use crate::inner;
use crate::lent::address_names_descriptor;
use crate::lookup::is_safe;
use crate::row::Row;

/// Checks every argument against its row: direction, length, terminator. A call of plain values
/// only passes unless it gives too many.
///
/// # Errors
/// The first argument at fault, by its offset in the record.
#[inline]
pub fn check_arguments(row: &Row, call: &Call<'_>) -> Result<(), Fault> {
    if call.argc() > row.args.len() {
        return Err(Refusal::WRONG_ARGUMENT_COUNT.at(CALL_ARGS_OFFSET + 8 * row.args.len()));
    }
    if call.kinds().all_values() { Ok(()) } else { check_kinds(row, call) }
}

/// Checks that the bytes of argument `index` end before `end` in their area. The call has passed [`check_arguments`].
///
/// # Errors
/// The argument, by its offset in the record.
#[inline]
pub fn check_end(row: &Row, call: &Call<'_>, index: usize, end: usize) -> Result<(), Fault> {
    let Some(arg) = row.args.get(index).filter(|_| end < usize::MAX) else { return Ok(()) };
    check_place(formed(arg, call), index, call, end)
        .map_err(|refusal| refusal.at(CALL_ARGS_OFFSET + 8 * index))
}

fn check_kinds(row: &Row, call: &Call<'_>) -> Result<(), Fault> {
    let mut reads_length = false;
    for index in call.kinds().not_values() {
        // A checked record has no kinds beyond its arguments, which are no more than the row's.
        let arg = formed(&row.args[index], call);
        check_argument(arg, index, call).map_err(|refusal| refusal.at(CALL_ARGS_OFFSET + 8 * index))?;
        reads_length |= arg.len.number(index).is_some();
    }
    if reads_length { check_lengths_kept(row, call) } else { Ok(()) }
}

fn check_lengths_kept(row: &Row, call: &Call<'_>) -> Result<(), Fault> {
    let given = &row.args[..call.argc()];
    each_argument(given, call, |arg, index, call| check_length_kept(row, arg, index, call))
}

/// Checks the needs of safe code beyond [`check_arguments`]: a row that cannot break memory or descriptors, no
/// address as VALUE, every descriptor lent by the caller, and no control data, which could carry others.
///
/// # Errors
/// The first argument at fault, by its offset in the record.
pub fn check_safe(row: Option<&Row>, call: &Call<'_>, lent: &[i32]) -> Result<(), Fault> {
    let row = row.filter(|row| is_safe(row)).ok_or(Refusal::NOT_SAFE_ROW.at(syslet_abi::NR_OFFSET))?;
    for (index, arg) in row.args.iter().enumerate().filter(|(_, arg)| !arg.forms.is_empty()) {
        check_safe_form(arg, call).map_err(|refusal| refusal.at(CALL_ARGS_OFFSET + 8 * index))?;
    }
    // Arguments not given count too: the kernel gets zero for them, which is a descriptor.
    each_argument(row.args, call, |arg, index, call| check_safe_argument(arg, index, call, lent))
}

#[inline]
fn each_argument(
    args: &[Arg],
    call: &Call<'_>,
    check: impl Fn(&Arg, usize, &Call<'_>) -> Result<(), Refusal>,
) -> Result<(), Fault> {
    for (index, arg) in args.iter().enumerate() {
        check(formed(arg, call), index, call).map_err(|refusal| refusal.at(CALL_ARGS_OFFSET + 8 * index))?;
    }
    Ok(())
}

#[inline]
fn check_argument(arg: &Arg, index: usize, call: &Call<'_>) -> Result<(), Refusal> {
    let kind = call.kinds().get(index);
    match (arg.ty.direction(), kind) {
        (Direction::In, ArgKind::IN)
        | (Direction::Out, ArgKind::OUT)
        | (Direction::InOut, ArgKind::INOUT) => {}
        (Direction::Opaque, _) => return Err(Refusal::LENGTH_UNKNOWN),
        // The call reads bytes that other calls of the program have left there.
        (Direction::In | Direction::InOut, ArgKind::OUT) if call.is_sharing() && !arg.ty.has_addresses() => {}
        _ => return Err(Refusal::DIRECTION),
    }
    check_place(arg, index, call, usize::MAX)?;
    if arg.ty.has_addresses() { inner::check(arg, index, call) } else { Ok(()) }
}

/// Checks that argument `index` lies inside its areas, and before `end`.
#[inline]
fn check_place(arg: &Arg, index: usize, call: &Call<'_>, end: usize) -> Result<(), Refusal> {
    // The end of a string that another call will write is unknown until then.
    let is_awaited = arg.len == Len::Nul && call.kinds().get(index) == ArgKind::OUT;
    let extent = if is_awaited { 1 } else { extent(arg.len, index, call)? };
    let place = Place::of(call, index);
    if place.data.is_some_and(|at| !fits(at, extent, call.data().len().min(end))) {
        return Err(Refusal::IN_OUTSIDE_DATA);
    }
    if place.out.is_some_and(|at| !fits(at, extent, call.out_len().min(end))) {
        return Err(Refusal::OUT_OUTSIDE_AREA);
    }
    Ok(())
}

/// A length that the kernel reads from memory during the call is still the one that was checked: nothing else of
/// the call is written over it, neither bytes copied in before nor bytes the kernel writes before it reads there.
fn check_length_kept(row: &Row, arg: &Arg, index: usize, call: &Call<'_>) -> Result<(), Refusal> {
    let Some((by, offset)) = arg.len.number(index) else { return Ok(()) };
    let (Some(_), Some(begin)) = (Place::of(call, index).out, Place::of(call, by).out) else {
        return Ok(());
    };
    let length_at = begin + offset;
    for (other, arg) in row.args.iter().enumerate().take(call.argc()) {
        let place = Place::of(call, other).out.filter(|_| other != by);
        if let Some(at) = place {
            let end = at.saturating_add(extent(formed(arg, call).len, other, call)?);
            if at < length_at + NUMBER_BYTES && length_at < end {
                return Err(Refusal::LENGTH_UNREADABLE);
            }
        }
    }
    Ok(())
}

/// An argument that others decide is safe where they make it something safe.
fn check_safe_form(arg: &Arg, call: &Call<'_>) -> Result<(), Refusal> {
    let is_safe = match arg.form(|by| plain(call, by)) {
        Some(form) => form.is_safe(),
        None => arg.ty.direction() != Direction::Opaque,
    };
    if is_safe { Ok(()) } else { Err(Refusal::NOT_SAFE_ROW) }
}

#[inline]
fn check_safe_argument(arg: &Arg, index: usize, call: &Call<'_>, lent: &[i32]) -> Result<(), Refusal> {
    if call.kinds().get(index) != ArgKind::VALUE {
        let carries = arg.ty.has_addresses() && inner::has_control(arg, index, call);
        let names = arg.ty == ArgType::SocketAddress && address_names_descriptor(given(arg, index, call));
        return if carries || names { Err(Refusal::NOT_SAFE_DESCRIPTOR) } else { Ok(()) };
    }
    let value = plain(call, index).unwrap_or_default();
    if arg.ty.direction() != Direction::Value && value != 0 {
        return Err(Refusal::NOT_SAFE_ADDRESS);
    }
    if arg.ty.is_descriptor() && !is_lent(value, lent) {
        return Err(Refusal::NOT_SAFE_DESCRIPTOR);
    }
    Ok(())
}

/// The bytes of DATA that argument `index` reaches.
fn given<'a>(arg: &Arg, index: usize, call: &Call<'a>) -> &'a [u8] {
    let at = Place::of(call, index).data.unwrap_or_default();
    let len = extent(arg.len, index, call).unwrap_or_default();
    at.checked_add(len).and_then(|end| call.data().get(at..end)).unwrap_or_default()
}

/// Whether the descriptor the kernel will see is lent, or is none: negative ones are AT_FDCWD or an error.
#[allow(clippy::cast_possible_truncation, reason = "the kernel takes a descriptor's low 32 bits")]
fn is_lent(value: u64, lent: &[i32]) -> bool {
    let fd = (value as u32).cast_signed();
    fd < 0 || lent.contains(&fd)
}
