//! Structures with offsets in them: `struct iovec` and `struct msghdr` as they stand in DATA, where an offset is in the
//! place of each address. They are read here, and held to their
//! areas, for admission, for building and for the answer.

use syslet_abi::{Call, Refusal};

use crate::argument::{Arg, ArgType};
use crate::bytes::{fits, u32_in, u64_in};
use crate::extent::{Place, extent};

/// A vector has at most this many entries, and a call sends or receives at most this many messages (IOV_MAX).
pub const VECTOR_MAX: usize = 1024;
/// `struct iovec`.
pub(crate) const ENTRY_BYTES: usize = 16;

/// The offsets of the fields of a `struct msghdr`, and of the `struct mmsghdr` around it.
pub(crate) mod field {
    pub(crate) const NAME: usize = 0;
    pub(crate) const NAME_LEN: usize = 8;
    pub(crate) const VECTOR: usize = 16;
    pub(crate) const VECTOR_LEN: usize = 24;
    pub(crate) const CONTROL: usize = 32;
    pub(crate) const CONTROL_LEN: usize = 40;
    pub(crate) const FLAGS: usize = 48;
    /// The end of a `struct msghdr`.
    pub(crate) const MESSAGE_LEN: usize = 56;
    /// The end of a `struct mmsghdr`.
    pub(crate) const END: usize = 64;
}

/// Bytes that a structure names by offset and length.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Entry {
    pub(crate) at: u64,
    pub(crate) len: u64,
}

/// An array of entries in DATA.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vector {
    at: usize,
    pub(crate) count: usize,
}

/// A message's header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    /// Its offset in DATA.
    pub(crate) at: usize,
    pub(crate) name: Entry,
    pub(crate) vector: Vector,
    pub(crate) control: Entry,
    pub(crate) flags: u32,
}

/// The structures of one argument in DATA.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Inner {
    /// One vector.
    Vector(Vector),
    /// Headers: the offset of the first, their count, and the distance from each to the next.
    Headers { at: usize, count: usize, stride: usize },
}

impl Inner {
    /// The structures of argument `index`; `None` for a value, and for an argument without offsets in it.
    pub(crate) fn of(arg: &Arg, index: usize, call: &Call<'_>) -> Result<Option<Inner>, Refusal> {
        if !arg.ty.has_addresses() {
            return Ok(None);
        }
        let Some(at) = Place::of(call, index).data else { return Ok(None) };
        let bytes = extent(arg.len, index, call)?;
        let stride = match arg.ty {
            ArgType::Gather | ArgType::Scatter => {
                return Ok(Some(Inner::Vector(Vector { at, count: bytes / ENTRY_BYTES })));
            }
            ArgType::SendMessage | ArgType::ReceiveMessage => field::MESSAGE_LEN,
            _ => field::END,
        };
        Ok(Some(Inner::Headers { at, count: bytes / stride, stride }))
    }

    /// The headers, if there are any; fewer where DATA ends before.
    pub(crate) fn headers(self, data: &[u8]) -> impl Iterator<Item = Header> {
        let (at, count, stride) = match self {
            Inner::Vector(_) => (0, 0, 0),
            Inner::Headers { at, count, stride } => (at, count, stride),
        };
        (0..count).map_while(move |index| Header::read(data, at + index * stride))
    }

    /// All vectors.
    pub(crate) fn vectors(self, data: &[u8]) -> impl Iterator<Item = Vector> {
        let alone = if let Inner::Vector(vector) = self { Some(vector) } else { None };
        alone.into_iter().chain(self.headers(data).map(|header| header.vector))
    }
}

impl Header {
    fn read(data: &[u8], at: usize) -> Option<Header> {
        let long = |offset| u64_in(data, at + offset);
        let short = |offset| u32_in(data, at + offset);
        // An offset or a count too large for memory lies outside of any area.
        let size = |offset| Some(usize::try_from(long(offset)?).unwrap_or(usize::MAX));
        Some(Header {
            at,
            name: Entry { at: long(field::NAME)?, len: short(field::NAME_LEN)?.into() },
            vector: Vector { at: size(field::VECTOR)?, count: size(field::VECTOR_LEN)? },
            control: Entry { at: long(field::CONTROL)?, len: long(field::CONTROL_LEN)? },
            flags: short(field::FLAGS)?,
        })
    }
}

impl Vector {
    /// Its entries; fewer where DATA ends before.
    pub(crate) fn entries(self, data: &[u8]) -> impl Iterator<Item = Entry> {
        (0..self.count).map_while(move |index| {
            let at = self.at.checked_add(index.checked_mul(ENTRY_BYTES)?)?;
            Some(Entry { at: u64_in(data, at)?, len: u64_in(data, at + 8)? })
        })
    }
}

/// The areas of one submission that offsets point into.
#[derive(Clone, Copy, Debug)]
struct Areas<'a> {
    data: &'a [u8],
    out_len: usize,
    /// Whether the bytes that the entries name lie in the out area.
    receives: bool,
}

/// Checks the ranges that the structures of argument `index` name: each lies inside its area, and no vector is longer than
/// the kernel takes. All vectors of an argument together are no longer than DATA, so the built ones are not, either.
#[inline(never)]
pub(crate) fn check(arg: &Arg, index: usize, call: &Call<'_>) -> Result<(), Refusal> {
    let Some(inner) = Inner::of(arg, index, call)? else { return Ok(()) };
    let areas = Areas { data: call.data(), out_len: call.out_len(), receives: arg.ty.receives() };
    if matches!(inner, Inner::Headers { count, .. } if count > VECTOR_MAX) {
        return Err(Refusal::TOO_LARGE);
    }
    for header in inner.headers(areas.data) {
        areas.check(header.name)?;
        areas.check(header.control)?;
    }
    let mut room = areas.data.len() / ENTRY_BYTES;
    for vector in inner.vectors(areas.data) {
        if vector.count > VECTOR_MAX {
            return Err(Refusal::TOO_LARGE);
        }
        if !fits(vector.at, vector.count * ENTRY_BYTES, areas.data.len()) {
            return Err(Refusal::IN_OUTSIDE_DATA);
        }
        room = room.checked_sub(vector.count).ok_or(Refusal::TOO_LARGE)?;
        vector.entries(areas.data).try_for_each(|entry| areas.check(entry))?;
    }
    Ok(())
}

impl Areas<'_> {
    fn check(&self, entry: Entry) -> Result<(), Refusal> {
        let (len, refusal) = if self.receives {
            (self.out_len, Refusal::OUT_OUTSIDE_AREA)
        } else {
            (self.data.len(), Refusal::IN_OUTSIDE_DATA)
        };
        let inside = entry.at.checked_add(entry.len).is_some_and(|end| end <= len as u64);
        if inside { Ok(()) } else { Err(refusal) }
    }
}

/// Whether argument `index` sends or has room for control data, which can carry descriptors.
pub(crate) fn has_control(arg: &Arg, index: usize, call: &Call<'_>) -> bool {
    let inner = Inner::of(arg, index, call).ok().flatten();
    inner.is_some_and(|inner| inner.headers(call.data()).any(|header| header.control.len != 0))
}
