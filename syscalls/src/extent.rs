//! The place of an argument's bytes in DATA and in the out area, and how far they reach. Admission, building and the answer
//! ask it.

use syslet_abi::{ArgKind, Call, Inout, Refusal};

use crate::argument::{Arg, Len};
use crate::bytes::u32_in;
use crate::lookup;

/// The offsets of one argument.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Place {
    /// Offset in DATA, for IN and INOUT.
    pub(crate) data: Option<usize>,
    /// Offset in the out area, for OUT and INOUT.
    pub(crate) out: Option<usize>,
}

impl Place {
    /// The place of argument `index`; a value has none.
    #[inline]
    pub(crate) fn of(call: &Call<'_>, index: usize) -> Place {
        let arg = call.raw_arg(index);
        let both = Inout::unpack(arg);
        match call.kinds().get(index) {
            ArgKind::IN => Place { data: usize::try_from(arg).ok(), out: None },
            ArgKind::OUT => Place { data: None, out: usize::try_from(arg).ok() },
            ArgKind::INOUT => Place { data: Some(both.data as usize), out: Some(both.out as usize) },
            _ => Place { data: None, out: None },
        }
    }
}

/// How many bytes argument `index` reaches by the rule `len`.
#[inline]
pub(crate) fn extent(len: Len, index: usize, call: &Call<'_>) -> Result<usize, Refusal> {
    match len {
        Len::None => Err(Refusal::LENGTH_UNKNOWN),
        Len::Const(bytes) => Ok(bytes as usize),
        Len::Arg(by) => count(call, by),
        Len::Times(by, bytes) => times(count(call, by)?, bytes),
        Len::Plus(by, bytes) => count(call, by)?.checked_add(bytes as usize).ok_or(Refusal::TOO_LARGE),
        Len::Bits(by) => Ok(count(call, by)?.div_ceil(64).saturating_mul(8)),
        Len::Nul => terminated(call, index),
        Len::ArgLeast(by, bytes) => Ok(count(call, by)?.max(bytes as usize)),
        Len::At(by) => number_at(call, by.into(), 0),
        Len::AtLeast(by, bytes) => Ok(number_at(call, by.into(), 0)?.max(bytes as usize)),
        Len::AtTimes(by, bytes) => times(number_at(call, by.into(), 0)?, bytes),
        Len::Counted { at, head, each } => {
            let elements = times(number_at(call, index, at)?, each)?;
            elements.checked_add(head as usize).ok_or(Refusal::TOO_LARGE)
        }
        Len::Sized(at, default) => Ok(match number_at(call, index, at)? {
            0 => default as usize,
            bytes => bytes.max(usize::from(at) + NUMBER_BYTES),
        }),
        Len::Headed(bytes) => Ok(number_at(call, index, 0)?.saturating_add(bytes as usize)),
        Len::Pages(by) => Ok(count(call, by)?.div_ceil(PAGE_BYTES)),
    }
}

/// The smallest page.
const PAGE_BYTES: usize = 4096;
/// The size of a length in memory.
pub(crate) const NUMBER_BYTES: usize = 4;

/// Argument `arg` as the other arguments of the call make it.
#[inline]
pub(crate) fn formed<'a>(arg: &'a Arg, call: &Call<'_>) -> &'a Arg {
    if arg.forms.is_empty() { arg } else { arg.formed(|by| plain(call, by)) }
}

/// The bits that the kernel takes of an argument; `None` for an offset.
#[inline]
pub(crate) fn plain(call: &Call<'_>, index: usize) -> Option<u64> {
    lookup::row(call.nr())?.value(call, index)
}

/// The value of the argument that counts.
fn count(call: &Call<'_>, by: u8) -> Result<usize, Refusal> {
    let value = plain(call, by.into()).ok_or(Refusal::LENGTH_UNREADABLE)?;
    usize::try_from(value).map_err(|_| Refusal::TOO_LARGE)
}

fn times(count: usize, bytes: u32) -> Result<usize, Refusal> {
    count.checked_mul(bytes as usize).ok_or(Refusal::TOO_LARGE)
}

fn terminated(call: &Call<'_>, index: usize) -> Result<usize, Refusal> {
    let from = Place::of(call, index).data.and_then(|at| call.data().get(at..));
    let nul = from.ok_or(Refusal::IN_OUTSIDE_DATA)?.iter().position(|&byte| byte == 0);
    nul.map(|at| at + 1).ok_or(Refusal::STRING_UNTERMINATED)
}

/// The 32-bit number in DATA at byte `at` of argument `index`.
fn number_at(call: &Call<'_>, index: usize, at: u8) -> Result<usize, Refusal> {
    let begin = Place::of(call, index).data.ok_or(Refusal::LENGTH_UNREADABLE)?;
    let number = u32_in(call.data(), begin + usize::from(at)).ok_or(Refusal::IN_OUTSIDE_DATA)?;
    Ok(number as usize)
}
