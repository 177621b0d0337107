//! The out area around a call: the bytes that go in before, and how many come back after. The runner calls the first before
//! the call and the second when it has a result.

use syslet_abi::{ArgKind, Call, Errno, RawResult};

use crate::argument::{Arg, ArgType, Direction, Written};
use crate::build::inners;
use crate::bytes::u32_in;
use crate::extent::{Place, extent, formed};
use crate::inner::{Entry, Header, Inner, Vector, field};
use crate::row::Row;

/// Prepares the out area: INOUT arguments get their bytes, and every other byte that may come back unwritten is zero.
///
/// # Panics
/// When `call` did not pass [`check_arguments`](crate::check_arguments) or `out` is not its out area.
#[inline]
pub fn prepare(row: &Row, call: &Call<'_>, out: &mut [u8]) {
    if Filled::of(row, call).is_none() {
        prepare_any(row, call, out);
    }
}

#[inline(never)]
fn prepare_any(row: &Row, call: &Call<'_>, out: &mut [u8]) {
    if fills_from_start(row, call) {
        return;
    }
    out.fill(0);
    copy_in(row, call, out);
}

/// The one argument of a call that is no value, where it is written from the start of the out area, as far as the result says: what a
/// read has.
#[derive(Clone, Copy, Debug)]
pub struct Filled<'a> {
    index: usize,
    arg: &'a Arg,
}

impl<'a> Filled<'a> {
    /// That argument of a call, if there is one and no other that is no value.
    #[must_use]
    #[inline]
    pub fn of(row: &'a Row, call: &Call<'_>) -> Option<Filled<'a>> {
        let mut places = call.kinds().not_values();
        let index = places.next().filter(|_| !row.is_built)?;
        let is_alone = places.next().is_none()
            && call.kinds().get(index) == ArgKind::OUT
            && Place::of(call, index).out == Some(0);
        let arg =
            row.args.get(index).filter(|arg| is_alone && arg.forms.is_empty() && arg.ty == ArgType::Out)?;
        matches!(arg.written, Written::Result | Written::Plus(_)).then_some(Filled { index, arg })
    }

    /// Which argument it is.
    #[must_use]
    #[inline]
    pub fn index(self) -> usize {
        self.index
    }

    /// How many bytes the call has written; `None` where the length of the argument is not known.
    #[must_use]
    #[inline]
    pub fn written(self, call: &Call<'_>, result: RawResult) -> Option<usize> {
        let len = extent(self.arg.len, self.index, call).ok()?;
        Some(written_by(self.arg.written, call, result, &[]).min(len))
    }
}

/// Gives INOUT arguments their bytes.
///
/// # Panics
/// As for [`prepare`].
pub fn copy_in(row: &Row, call: &Call<'_>, out: &mut [u8]) {
    for (index, arg) in row.args.iter().enumerate().take(call.argc()) {
        let place = Place::of(call, index);
        let len = extent(formed(arg, call).len, index, call);
        if let (Some(to), Some(from), Ok(len)) = (place.out, place.data, len) {
            out[to..to + len].copy_from_slice(&call.data()[from..from + len]);
        }
    }
}

/// Whether the call's one written argument lies at the start and the result says exactly how far it was written.
/// Elements are not exact: a structure can have padding that the kernel never writes.
fn fills_from_start(row: &Row, call: &Call<'_>) -> bool {
    if row.is_built {
        return false;
    }
    let mut outs = (0..call.argc()).filter(|&index| Place::of(call, index).out.is_some());
    let first = outs.next();
    let exact = |index: usize| {
        let arg = formed(&row.args[index], call);
        arg.ty == ArgType::Out
            && matches!(arg.written, Written::Result | Written::Plus(_))
            && Place::of(call, index).out == Some(0)
    };
    outs.next().is_none() && first.is_none_or(exact)
}

/// How many bytes from the start of the out area come back: up to the last that the call wrote. INOUT arguments come back
/// whole.
///
/// # Panics
/// When `call` did not pass [`check_arguments`](crate::check_arguments) or `out` is not its out area.
#[must_use]
#[inline]
pub fn written(row: &Row, call: &Call<'_>, result: RawResult, out: &[u8]) -> usize {
    let filled = Filled::of(row, call).and_then(|filled| filled.written(call, result));
    filled.unwrap_or_else(|| written_any(row, call, result, out))
}

#[inline(never)]
fn written_any(row: &Row, call: &Call<'_>, result: RawResult, out: &[u8]) -> usize {
    let places = (0..call.argc()).filter_map(|index| written_for(row, call, index, result, out));
    let behind = places.filter(|(_, bytes)| *bytes > 0).map(|(at, bytes)| at + bytes).max().unwrap_or(0);
    if row.is_built { behind.max(received(row, call, result, out)) } else { behind }
}

/// The end of the last byte that the call wrote to a place which a structure names.
#[inline(never)]
fn received(row: &Row, call: &Call<'_>, result: RawResult, out: &[u8]) -> usize {
    let Ok(result) = result.decode() else { return 0 };
    let receives = inners(row, call).filter(|(_, arg, _)| arg.ty.receives());
    receives.map(|(index, arg, inner)| received_for(arg, index, inner, call, result, out)).max().unwrap_or(0)
}

fn received_for(arg: &Arg, index: usize, inner: Inner, call: &Call<'_>, result: u64, out: &[u8]) -> usize {
    let data = call.data();
    if let Inner::Vector(vector) = inner {
        return filled(vector, data, result);
    }
    let Place { data: Some(from), out: Some(to) } = Place::of(call, index) else { return 0 };
    let end = |header: Header| {
        let left = |offset| u32_in(out, to + (header.at - from) + offset).unwrap_or(0).into();
        let bytes = if arg.ty == ArgType::ReceiveMessage { result } else { left(field::MESSAGE_LEN) };
        let name = end_of(header.name, left(field::NAME_LEN));
        let control = end_of(header.control, left(field::CONTROL_LEN));
        filled(header.vector, data, bytes).max(name).max(control)
    };
    let count =
        if arg.ty == ArgType::ReceiveMessage { 1 } else { usize::try_from(result).unwrap_or(usize::MAX) };
    inner.headers(data).take(count).map(end).max().unwrap_or(0)
}

/// The end of the last byte when `bytes` fill the entries of a vector in turn.
fn filled(vector: Vector, data: &[u8], mut bytes: u64) -> usize {
    let mut end = 0;
    for entry in vector.entries(data) {
        let taken = entry.len.min(bytes);
        bytes -= taken;
        end = end.max(end_of(entry, taken));
    }
    end
}

/// The end of the first `bytes` of a range, of as many as it has; 0 for none.
fn end_of(range: Entry, bytes: u64) -> usize {
    let bytes = bytes.min(range.len);
    if bytes == 0 { 0 } else { usize::try_from(range.at + bytes).unwrap_or(usize::MAX) }
}

/// The offset of argument `index` in the out area, and how many bytes the call wrote there; `None` for an argument that
/// does not come back. `out` may be cut to [`written`] bytes.
///
/// # Panics
/// When `call` did not pass [`check_arguments`](crate::check_arguments) or `out` is not its out area.
#[must_use]
pub fn written_for(
    row: &Row,
    call: &Call<'_>,
    index: usize,
    result: RawResult,
    out: &[u8],
) -> Option<(usize, usize)> {
    let arg = formed(row.args.get(index)?, call);
    let at = Place::of(call, index).out?;
    let len = extent(arg.len, index, call).ok()?;
    let inout = arg.ty.direction() == Direction::InOut;
    let bytes = if inout { len } else { written_by(arg.written, call, result, out).min(len) };
    Some((at, bytes))
}

/// How many bytes the rule says were written, before it is cut to the argument's extent.
fn written_by(rule: Written, call: &Call<'_>, result: RawResult, out: &[u8]) -> usize {
    const EINTR: Errno = Errno(libc::EINTR);
    match (rule, result.decode()) {
        (Written::Interrupted, Err(EINTR)) | (Written::Whole, Ok(_)) => usize::MAX,
        (Written::Result | Written::Perhaps, Ok(value)) => usize::try_from(value).unwrap_or(usize::MAX),
        (Written::Plus(bytes), Ok(value)) => {
            usize::try_from(value).unwrap_or(usize::MAX).saturating_add(bytes as usize)
        }
        (Written::Times(bytes), Ok(value)) => {
            usize::try_from(value).unwrap_or(usize::MAX).saturating_mul(bytes as usize)
        }
        (Written::At(by), Ok(_)) => left_at(by, call, out),
        (Written::AtTimes(by, bytes), Ok(_)) => left_at(by, call, out).saturating_mul(bytes as usize),
        _ => 0,
    }
}

/// The 32-bit number that the call left where argument `by` points.
fn left_at(by: u8, call: &Call<'_>, out: &[u8]) -> usize {
    let at = Place::of(call, usize::from(by)).out;
    at.and_then(|at| u32_in(out, at)).map_or(0, |number| number as usize)
}
