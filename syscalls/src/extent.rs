//! Where an argument's bytes lie in DATA and in the out area, and how far they reach.

use syslet_abi::{ArgKind, Call, Inout, Refusal};

use crate::argument::Len;

/// The offsets of one argument.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Place {
    /// Offset in DATA, for IN and INOUT.
    pub(crate) data: Option<usize>,
    /// Offset in the out area, for OUT and INOUT.
    pub(crate) out: Option<usize>,
}

impl Place {
    /// Where argument `index` lies; nowhere when it is a value.
    #[inline]
    pub(crate) fn of(call: &Call<'_>, index: usize) -> Place {
        let arg = call.arg(index);
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
        Len::Times(by, bytes) => count(call, by)?.checked_mul(bytes as usize).ok_or(Refusal::TOO_LARGE),
        Len::Plus(by, bytes) => count(call, by)?.checked_add(bytes as usize).ok_or(Refusal::TOO_LARGE),
        Len::Bits(by) => Ok(count(call, by)?.div_ceil(64).saturating_mul(8)),
        Len::Nul => terminated(call, index),
        Len::At(by) => number_at(call, by),
    }
}

/// The value of the argument that counts.
fn count(call: &Call<'_>, by: u8) -> Result<usize, Refusal> {
    let by = usize::from(by);
    if call.kinds().get(by) != ArgKind::VALUE {
        return Err(Refusal::LENGTH_UNREADABLE);
    }
    usize::try_from(call.arg(by)).map_err(|_| Refusal::TOO_LARGE)
}

fn terminated(call: &Call<'_>, index: usize) -> Result<usize, Refusal> {
    let from = Place::of(call, index).data.and_then(|at| call.data().get(at..));
    let nul = from.ok_or(Refusal::IN_OUTSIDE_DATA)?.iter().position(|&byte| byte == 0);
    nul.map(|at| at + 1).ok_or(Refusal::STRING_UNTERMINATED)
}

/// The 32-bit number in DATA to which argument `by` points.
fn number_at(call: &Call<'_>, by: u8) -> Result<usize, Refusal> {
    let at = Place::of(call, usize::from(by)).data.ok_or(Refusal::LENGTH_UNREADABLE)?;
    let number = u32_in(call.data(), at).ok_or(Refusal::IN_OUTSIDE_DATA)?;
    Ok(number as usize)
}

/// A native-endian 32-bit number at `at`, if it lies inside.
pub(crate) fn u32_in(bytes: &[u8], at: usize) -> Option<u32> {
    let raw = bytes.get(at..at.checked_add(4)?)?;
    raw.try_into().ok().map(u32::from_ne_bytes)
}
