//! The bytes of the out area that a call relies on while it runs, and those that it may write there. A parallel group asks,
//! because its calls share one out area.

use std::ops::Range;

use syslet_abi::Call;

use crate::argument::{Arg, Direction, Len};
use crate::build::inners;
use crate::extent::{NUMBER_BYTES, Place, extent, formed};
use crate::inner::{Entry, Header};
use crate::row::Row;

/// The bytes of the out area that must stay as they are until the call is over: those of strings, and lengths that the
/// kernel reads there, because the check of the call relied on them. `out` is the out area as it is now.
pub fn kept<'a>(
    row: &'a Row,
    call: &'a Call<'_>,
    out: &'a [u8],
) -> impl Iterator<Item = Range<usize>> + use<'a> {
    let number = |at: usize| at..at.saturating_add(NUMBER_BYTES);
    row.args.iter().enumerate().take(call.argc()).filter_map(move |(index, arg)| {
        let arg = formed(arg, call);
        let own = Place::of(call, index).out;
        match arg.len {
            Len::Nul => {
                let at = own?;
                let nul = out.get(at..)?.iter().position(|&byte| byte == 0)?;
                Some(at..at + nul + 1)
            }
            len => {
                let (by, offset) = len.number(index)?;
                Place::of(call, by).out.map(|at| number(at.saturating_add(offset)))
            }
        }
    })
}

/// The bytes of the out area that the call may write, or the engine while it prepares the call.
pub fn reached<'a>(row: &'a Row, call: &'a Call<'_>) -> impl Iterator<Item = Range<usize>> + use<'a> {
    let arguments = row.args.iter().enumerate().take(call.argc()).filter_map(|(index, arg)| {
        let arg = formed(arg, call);
        let at = Place::of(call, index).out.filter(|_| arg.ty.direction() != Direction::In)?;
        Some(at..at.saturating_add(extent(arg.len, index, call).unwrap_or(usize::MAX)))
    });
    let data = call.data();
    let named = inners(row, call).filter(|(_, arg, _)| arg.ty.receives()).flat_map(move |(_, _, inner)| {
        let of_header = |header: Header| [header.name, header.control];
        let vectors = inner.vectors(data).flat_map(move |vector| vector.entries(data));
        inner.headers(data).flat_map(of_header).chain(vectors).map(range)
    });
    arguments.chain(named)
}

/// How many bytes each argument that is an address reaches, by its row. A string that another call leaves in the out area
/// is left out: its end is unknown before that call.
///
/// # Panics
/// When `call` did not pass [`check_arguments`](crate::check_arguments).
pub fn extents<'a>(
    row: &'a Row,
    call: &'a Call<'_>,
) -> impl Iterator<Item = (usize, &'a Arg, usize)> + use<'a> {
    call.kinds().not_values().filter_map(move |index| {
        let arg = formed(row.args.get(index)?, call);
        Some((index, arg, extent(arg.len, index, call).ok()?))
    })
}

fn range(entry: Entry) -> Range<usize> {
    let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
    place(entry.at)..place(entry.at.saturating_add(entry.len))
}
