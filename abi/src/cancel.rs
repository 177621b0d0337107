//! A request to cancel submissions of the same ring: the record that the ring's owner writes and the engine checks.

use crate::bytes::{put, u32_at, u64_at};
use crate::refusal::{Fault, Refusal};
use crate::word::{FLAGS_OFFSET, KIND_OFFSET, Kind, LEN_OFFSET, RecordWord};

mod field {
    pub(super) const USER_DATA: usize = 8;
    pub(super) const BY: usize = 16;
    pub(super) const STEPS: usize = 20;
    pub(super) const VALUE: usize = 24;
    pub(super) const SHUTDOWN_NS: usize = 32;
    pub(super) const ABANDON_NS: usize = 40;
    pub(super) const END: usize = 48;
}

/// Size of the record in bytes.
pub const CANCEL_BYTES: usize = field::END;

/// The property that names the submissions to cancel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CancelBy(pub u32);

impl CancelBy {
    /// All of the ring; the value is zero.
    pub const ALL: CancelBy = CancelBy(0);
    /// By their `user_data`.
    pub const USER_DATA: CancelBy = CancelBy(1);
    /// By their first descriptor.
    pub const FD: CancelBy = CancelBy(2);
    /// By their system call number.
    pub const NUMBER: CancelBy = CancelBy(3);
    /// By their TRACE id.
    pub const TRACE: CancelBy = CancelBy(4);
}

crate::flags! {
    /// The steps that follow when the signal does not end the call.
    pub struct CancelSteps(pub u32) {
        /// Nothing.
        NONE;
        /// The call's socket is shut down.
        SHUTDOWN = 1;
        /// The call is abandoned.
        ABANDON = 2;
    }
}

/// The request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cancel {
    /// The request's own word; comes back in its completion.
    pub user_data: u64,
    /// The property that names the submissions.
    pub by: CancelBy,
    /// The value of that property: the word, the descriptor, the number or the id.
    pub value: u64,
    /// The steps that follow when the signal does not end the call.
    pub steps: CancelSteps,
    /// How long after the request the socket is shut down, in nanoseconds; zero without that step.
    pub shutdown_ns: u64,
    /// How long after the request the call is abandoned, in nanoseconds; zero without that step.
    pub abandon_ns: u64,
}

impl Cancel {
    /// A request without further steps.
    #[must_use]
    pub const fn by(user_data: u64, by: CancelBy, value: u64) -> Cancel {
        Cancel { user_data, by, value, steps: CancelSteps::NONE, shutdown_ns: 0, abandon_ns: 0 }
    }

    /// Reads a record.
    ///
    /// # Errors
    /// The first field at fault: kind, length, flags, the naming property, steps, a value outside its range, a time without
    /// its step.
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
        let steps = CancelSteps(u32_at(record, field::STEPS));
        if !steps.unknown().is_empty() {
            return Err(Refusal::RESERVED_BIT.at(field::STEPS));
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
        let [shutdown_ns, abandon_ns] =
            [(CancelSteps::SHUTDOWN, field::SHUTDOWN_NS), (CancelSteps::ABANDON, field::ABANDON_NS)].map(
                |(step, at)| match u64_at(record, at) {
                    1.. if !steps.contains(step) => Err(Refusal::RESERVED_BIT.at(at)),
                    ns => Ok(ns),
                },
            );
        let user_data = u64_at(record, field::USER_DATA);
        Ok(Cancel { user_data, by, value, steps, shutdown_ns: shutdown_ns?, abandon_ns: abandon_ns? })
    }

    /// The record.
    #[must_use]
    pub fn emit(&self) -> [u8; CANCEL_BYTES] {
        let mut record = [0; CANCEL_BYTES];
        let word = RecordWord { len: crate::bytes::len32(CANCEL_BYTES), kind: Kind::CANCEL, flags: 0 };
        put(&mut record, 0, &word.pack().to_ne_bytes());
        put(&mut record, field::USER_DATA, &self.user_data.to_ne_bytes());
        put(&mut record, field::BY, &self.by.0.to_ne_bytes());
        put(&mut record, field::STEPS, &self.steps.0.to_ne_bytes());
        put(&mut record, field::VALUE, &self.value.to_ne_bytes());
        put(&mut record, field::SHUTDOWN_NS, &self.shutdown_ns.to_ne_bytes());
        put(&mut record, field::ABANDON_NS, &self.abandon_ns.to_ne_bytes());
        record
    }
}
