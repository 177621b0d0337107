//! A request to cancel submissions of the same ring.

use crate::bytes::{put, u32_at, u64_at};
use crate::refusal::{Fault, Refusal};
use crate::word::{FLAGS_OFFSET, KIND_OFFSET, Kind, LEN_OFFSET, RecordWord};

mod field {
    pub(super) const USER_DATA: usize = 8;
    pub(super) const BY: usize = 16;
    pub(super) const RESERVED: usize = 20;
    pub(super) const VALUE: usize = 24;
    pub(super) const END: usize = 32;
}

/// Size of the record in bytes.
pub const CANCEL_BYTES: usize = field::END;

/// By what the submissions are named that are to be cancelled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CancelBy(pub u32);

impl CancelBy {
    /// All of the ring; the value is zero.
    pub const ALL: CancelBy = CancelBy(0);
    /// By the word they were given.
    pub const USER_DATA: CancelBy = CancelBy(1);
    /// By their first descriptor.
    pub const FD: CancelBy = CancelBy(2);
    /// By their system call number.
    pub const NUMBER: CancelBy = CancelBy(3);
    /// By their TRACE id.
    pub const TRACE: CancelBy = CancelBy(4);
}

/// The request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cancel {
    /// The request's own word; comes back in its completion.
    pub user_data: u64,
    /// What names the submissions.
    pub by: CancelBy,
    /// The word, the descriptor, the number or the id.
    pub value: u64,
}

impl Cancel {
    /// Reads a record.
    ///
    /// # Errors
    /// The first thing at fault: kind, length, flags, what it names by, reserved bytes, a value that is none.
    pub fn check(record: &[u8]) -> Result<Cancel, Fault> {
        if record.len() < RecordWord::BYTES {
            return Err(Refusal::RECORD_SHORT.at(LEN_OFFSET));
        }
        let word = RecordWord::at(record);
        if word.kind != Kind::CANCEL {
            return Err(Refusal::UNKNOWN_KIND.at(KIND_OFFSET));
        }
        if word.len as usize != record.len() || record.len() != CANCEL_BYTES {
            return Err(Refusal::LENGTH_MISMATCH.at(LEN_OFFSET));
        }
        if word.flags != 0 {
            return Err(Refusal::RESERVED_BIT.at(FLAGS_OFFSET));
        }
        let by = CancelBy(u32_at(record, field::BY));
        if by.0 > CancelBy::TRACE.0 {
            return Err(Refusal::RESERVED_BIT.at(field::BY));
        }
        if u32_at(record, field::RESERVED) != 0 {
            return Err(Refusal::RESERVED_BIT.at(field::RESERVED));
        }
        let value = u64_at(record, field::VALUE);
        let most = match by {
            CancelBy::ALL => 0,
            CancelBy::USER_DATA | CancelBy::TRACE => u64::MAX,
            CancelBy::FD => i32::MAX.unsigned_abs().into(),
            _ => u32::MAX.into(),
        };
        if value > most {
            return Err(Refusal::RESERVED_BIT.at(field::VALUE));
        }
        Ok(Cancel { user_data: u64_at(record, field::USER_DATA), by, value })
    }

    /// The record.
    #[must_use]
    pub fn emit(&self) -> [u8; CANCEL_BYTES] {
        let mut record = [0; CANCEL_BYTES];
        let word = RecordWord { len: crate::bytes::len32(CANCEL_BYTES), kind: Kind::CANCEL, flags: 0 };
        put(&mut record, 0, &word.pack().to_ne_bytes());
        put(&mut record, field::USER_DATA, &self.user_data.to_ne_bytes());
        put(&mut record, field::BY, &self.by.0.to_ne_bytes());
        put(&mut record, field::VALUE, &self.value.to_ne_bytes());
        record
    }
}
