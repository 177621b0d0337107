//! The bytes that a call has moved: where they are when it is over, and their checksum. The runner asks it for CHECKSUM and for calls
//! that were cancelled.
#![allow(unsafe_code, reason = "reads memory that a call's arguments name")]

use syslet_abi::{ArgKind, Call, PAGE_BYTES, RawResult};
use syslet_attrs::Transferred;
use syslet_syscalls::{ArgType, Len, Memory, RawArgs, Row, VECTOR_MAX, Written, Yields, row};

use crate::nonblocking::is_readable;

/// Which argument of a call has the bytes that its result counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Moved {
    arg: usize,
    shape: Shape,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Shape {
    /// As many bytes as that argument counts, behind a header of so many.
    Bytes { counted_by: u8, behind: u64 },
    /// As many `struct iovec` as that argument counts.
    Vector { counted_by: u8 },
    /// A `struct msghdr`.
    Message,
}

/// `struct iovec`.
const ENTRY_BYTES: u64 = 16;
/// Where a `struct msghdr` has its vector, and behind that the number of entries.
const MESSAGE_VECTOR: u64 = 16;
/// Whether memory is readable is asked page by page.
const PAGE: u64 = PAGE_BYTES as u64;

impl Moved {
    /// The argument with the bytes, if the result of this row's calls counts bytes that are in memory when the call is over.
    pub(crate) fn of(row: &Row) -> Option<Moved> {
        if row.yields != Yields::Bytes || row.memory != Memory::Kept {
            return None;
        }
        row.args.iter().enumerate().find_map(|(arg, of)| {
            let shape = match (of.ty, of.len, of.written) {
                (ArgType::In, Len::Arg(counted_by), _)
                | (ArgType::Out, Len::Arg(counted_by), Written::Result | Written::Perhaps) => {
                    Shape::Bytes { counted_by, behind: 0 }
                }
                (ArgType::Out, Len::Plus(counted_by, header), Written::Plus(_)) => {
                    Shape::Bytes { counted_by, behind: header.into() }
                }
                (ArgType::Gather | ArgType::Scatter, Len::Times(counted_by, _), _) => {
                    Shape::Vector { counted_by }
                }
                (ArgType::SendMessage | ArgType::ReceiveMessage, ..) => Shape::Message,
                _ => return None,
            };
            Some(Moved { arg, shape })
        })
    }

    /// The checksum of the bytes that were moved; `None` when the memory is not there.
    ///
    /// # Safety
    /// `args` are those that the call was made with, and the call is over. The memory that they name, as far as the kernel says
    /// that it can be read, is still there, and no other thread writes it.
    pub(crate) unsafe fn checksum(
        self,
        call: &Call<'_>,
        args: &RawArgs,
        result: RawResult,
    ) -> Option<Transferred> {
        let Ok(bytes) = result.decode() else { return Some(Transferred::default()) };
        let is_own = call.kinds().get(self.arg) != ArgKind::VALUE;
        let mut reader = Reader { is_own, left: bytes, sum: Transferred::default() };
        let args = row(call.nr())?.narrow(args);
        let at = args.get(self.arg);
        match self.shape {
            Shape::Bytes { counted_by, behind } => {
                reader.range(at.checked_add(behind)?, args.get(counted_by.into()))?;
            }
            Shape::Vector { counted_by } => reader.vector(at, args.get(counted_by.into()))?,
            Shape::Message => {
                let [vector, count] = reader.pair(at.checked_add(MESSAGE_VECTOR)?)?;
                reader.vector(vector, count)?;
            }
        }
        Some(reader.sum)
    }
}

/// How many bytes a call is asked to move, if its result counts bytes.
///
/// # Safety
/// As for [`Moved::checksum`].
pub(crate) unsafe fn asked_bytes(call: &Call<'_>, args: &RawArgs) -> Option<u64> {
    let row = row(call.nr()).filter(|row| row.yields == Yields::Bytes)?;
    let args = row.narrow(args);
    let Some(moved) = Moved::of(row) else {
        // Between two files: one number says how many. Where memory is named in other ways, that is not known.
        let is_between = row.args.iter().any(|arg| arg.ty.is_descriptor())
            && row.args.iter().all(|arg| arg.ty != ArgType::Opaque);
        let size = row.args.iter().position(|arg| arg.ty == ArgType::Size);
        return size.filter(|_| is_between).map(|at| args.get(at));
    };
    let is_own = call.kinds().get(moved.arg) != ArgKind::VALUE;
    let reader = Reader { is_own, left: 0, sum: Transferred::default() };
    let at = args.get(moved.arg);
    match moved.shape {
        Shape::Bytes { counted_by, .. } => Some(args.get(counted_by.into())),
        Shape::Vector { counted_by } => reader.total(at, args.get(counted_by.into())),
        Shape::Message => {
            let [vector, count] = reader.pair(at.checked_add(MESSAGE_VECTOR)?)?;
            reader.total(vector, count)
        }
    }
}

/// Reads the bytes that one call has moved.
struct Reader {
    /// Whether the memory is the engine's: it is there.
    is_own: bool,
    /// Bytes moved and not yet read.
    left: u64,
    sum: Transferred,
}

impl Reader {
    /// The entries of a vector, one after the other, as far as they were moved.
    fn vector(&mut self, at: u64, count: u64) -> Option<()> {
        for index in 0..count.min(VECTOR_MAX as u64) {
            if self.left == 0 {
                break;
            }
            let [base, len] = self.pair(at.checked_add(index * ENTRY_BYTES)?)?;
            self.range(base, len)?;
        }
        Some(())
    }

    /// How many bytes the entries of a vector name.
    fn total(&self, at: u64, count: u64) -> Option<u64> {
        (0..count.min(VECTOR_MAX as u64)).try_fold(0_u64, |total, index| {
            let [_, len] = self.pair(at.checked_add(index * ENTRY_BYTES)?)?;
            Some(total.saturating_add(len))
        })
    }

    /// Two words.
    fn pair(&self, at: u64) -> Option<[u64; 2]> {
        let is_there = self.is_own || is_readable(at) && is_readable(at.checked_add(8)?);
        if !is_there {
            return None;
        }
        let words: *const [u64; 2] = std::ptr::with_exposed_provenance(usize::try_from(at).ok()?);
        // SAFETY: both words are readable, and the caller of `checksum` promises that this stays so.
        Some(unsafe { words.read_unaligned() })
    }

    /// At most `len` bytes from `at`.
    fn range(&mut self, mut at: u64, len: u64) -> Option<()> {
        let mut left = len.min(self.left);
        self.left -= left;
        while left > 0 {
            let page = at - at % PAGE;
            let bytes = if self.is_own { left } else { left.min(page.checked_add(PAGE)? - at) };
            if !self.is_own && !is_readable(page) {
                return None;
            }
            let from: *const u8 = std::ptr::with_exposed_provenance(usize::try_from(at).ok()?);
            // SAFETY: readable, as the memory is the engine's or the kernel said so of its page; the caller of `checksum`
            // promises that this stays so, and that no thread writes there.
            let bytes_there = unsafe { std::slice::from_raw_parts(from, usize::try_from(bytes).ok()?) };
            self.sum = self.sum.then(bytes_there);
            at = at.checked_add(bytes)?;
            left -= bytes;
        }
        Some(())
    }
}
