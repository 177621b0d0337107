//! The out area around a call: what goes in before, and how much of it comes back after.

use syslet_abi::{Call, Errno, RawResult};

use crate::argument::{ArgType, Direction, Written};
use crate::extent::{Place, extent, u32_in};
use crate::row::Row;

/// Makes the out area ready: INOUT arguments get their bytes, all else that may come back unwritten is zero.
///
/// # Panics
/// When `call` did not pass [`check_arguments`](crate::check_arguments) or `out` is not its out area.
pub fn prepare(row: &Row, call: &Call<'_>, out: &mut [u8]) {
    if fills_from_start(row, call) {
        return;
    }
    out.fill(0);
    for (index, arg) in row.args.iter().enumerate().take(call.argc()) {
        let place = Place::of(call, index);
        if let (Some(to), Some(from), Ok(len)) = (place.out, place.data, extent(arg.len, index, call)) {
            out[to..to + len].copy_from_slice(&call.data()[from..from + len]);
        }
    }
}

/// Whether the call's one written argument lies at the start and the result says exactly how far it was written.
/// Elements are not exact: a structure can have padding that nobody writes.
fn fills_from_start(row: &Row, call: &Call<'_>) -> bool {
    let mut outs = (0..call.argc()).filter(|&index| Place::of(call, index).out.is_some());
    let first = outs.next();
    let exact = |index: usize| {
        let arg = &row.args[index];
        arg.ty == ArgType::Out
            && matches!(arg.written, Written::Result | Written::Plus(_))
            && Place::of(call, index).out == Some(0)
    };
    outs.next().is_none() && first.is_none_or(exact)
}

/// How many bytes from the start of the out area hold what the call wrote. INOUT arguments come back whole.
///
/// # Panics
/// When `call` did not pass [`check_arguments`](crate::check_arguments) or `out` is not its out area.
#[must_use]
pub fn written(row: &Row, call: &Call<'_>, result: RawResult, out: &[u8]) -> usize {
    let places = (0..call.argc()).filter_map(|index| written_for(row, call, index, result, out));
    places.filter(|(_, bytes)| *bytes > 0).map(|(at, bytes)| at + bytes).max().unwrap_or(0)
}

/// Where in the out area argument `index` lies, and how many bytes the call wrote there; nothing for an argument that
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
    let arg = row.args.get(index)?;
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
        (Written::At(by), Ok(_)) => {
            let at = Place::of(call, usize::from(by)).out;
            at.and_then(|at| u32_in(out, at)).map_or(0, |number| number as usize)
        }
        _ => 0,
    }
}
