//! The first word of every record: length, kind and flags. Every check and every emitter begins with it. A zero word
//! means that no record stands there yet.

use crate::bytes::{tiles, u64_at};

mod field {
    pub(super) const LEN: usize = 0;
    pub(super) const KIND: usize = 4;
    pub(super) const FLAGS: usize = 6;
    pub(super) const END: usize = 8;
}

const _: () = assert!(tiles(0, &[(field::LEN, 4), (field::KIND, 2), (field::FLAGS, 2)], field::END));

/// Offset of a record's length.
pub(crate) const LEN_OFFSET: usize = field::LEN;
/// Offset of a record's kind.
pub(crate) const KIND_OFFSET: usize = field::KIND;
/// Offset of a record's flags.
pub(crate) const FLAGS_OFFSET: usize = field::FLAGS;

/// The kind of a record. Numbers come from outside, so this is no closed set.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Kind(pub u16);

impl Kind {
    /// Fills the end of a ring where the next record would have crossed it.
    pub const PAD: Kind = Kind(1);
    /// A submission of one system call.
    pub const CALL: Kind = Kind(2);
    /// A submission of a program of calls.
    pub const SYSLET: Kind = Kind(3);
    /// A request to cancel submissions.
    pub const CANCEL: Kind = Kind(4);
    /// A completion.
    pub const DONE: Kind = Kind(5);
    /// Part of a program: an operation without a call.
    pub const STEP: Kind = Kind(6);
}

/// The first 8 bytes of a record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RecordWord {
    /// Length of the whole record in bytes, this word included.
    pub len: u32,
    /// The kind of the record.
    pub kind: Kind,
    /// Flags; their meaning depends on the kind.
    pub flags: u16,
}

impl RecordWord {
    /// Size in bytes.
    pub const BYTES: usize = field::END;

    /// The word at the start of `bytes`.
    ///
    /// # Panics
    /// When `bytes` is shorter than 8.
    #[must_use]
    #[inline]
    pub fn at(bytes: &[u8]) -> RecordWord {
        RecordWord::unpack(u64_at(bytes, 0))
    }

    /// Whether this begins a well-framed record of that kind and length.
    pub(crate) const fn is(self, kind: Kind, len: usize) -> bool {
        self.kind.0 == kind.0 && self.len as usize == len && len.is_multiple_of(8)
    }

    /// The word as the rings store it.
    #[must_use]
    #[inline]
    pub const fn pack(self) -> u64 {
        self.len as u64
            | (self.kind.0 as u64) << (8 * field::KIND)
            | (self.flags as u64) << (8 * field::FLAGS)
    }

    /// The three fields of a stored word.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "each field is cut from its own bits")]
    #[inline]
    pub const fn unpack(word: u64) -> RecordWord {
        RecordWord {
            len: word as u32,
            kind: Kind((word >> (8 * field::KIND)) as u16),
            flags: (word >> (8 * field::FLAGS)) as u16,
        }
    }
}

const _: () =
    assert!(cfg!(target_endian = "little"), "pack() puts the fields where a little-endian struct has them");
const _: () = assert!(RecordWord { len: 24, kind: Kind::DONE, flags: 3 }.pack() == 0x0003_0005_0000_0018);
