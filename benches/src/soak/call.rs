//! A call of the soak: what is submitted, what is expected of it, and what its ring owes from then on.

use fastrand::Rng;
use syslet::{AttributeId, CallFlags, Submission, SubmissionBuilder};

use super::bytes::BLANK;
use super::debt::Debt;
use super::entry::{Entry, Expected};

/// A call, what is expected of it, and what its ring owes from then on.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) builder: SubmissionBuilder,
    pub(super) entry: Entry,
    pub(super) debts: Vec<Debt>,
}

impl Call {
    pub(super) fn arg(mut self, value: i64) -> Call {
        self.builder = self.builder.int(value);
        self
    }

    /// The submission, with attributes at random.
    pub(super) fn submission(&self, rng: &mut Rng, user_data: u64) -> Submission {
        let mut builder = self.builder.clone().flags(self.entry.flags).user_data(user_data);
        if rng.u8(..4) == 0 {
            builder = builder.timing();
        }
        if rng.u8(..4) == 0 {
            builder = builder.attribute(AttributeId::WORKER, syslet::AttributeFlags::NONE, &[]);
        }
        builder.build()
    }
}

/// A call without arguments.
pub(super) fn plain(name: &'static str, nr: libc::c_long, result: Expected) -> Call {
    Call { builder: Submission::call(nr), entry: Entry::new(name, result), debts: Vec::new() }
}

/// Mostly left to the engine, sometimes a worker's from the start. Never SYNC: it may have to wait for its ring.
pub(super) fn sleepy_flags(rng: &mut Rng) -> CallFlags {
    if rng.u8(..4) == 0 { CallFlags::ASYNC } else { CallFlags::NONE }
}

/// Appends a buffer and its length: by address, or as an area that comes back.
pub(super) fn read_into(
    builder: SubmissionBuilder,
    entry: &mut Entry,
    len: usize,
    rng: &mut Rng,
) -> SubmissionBuilder {
    let builder = if rng.bool() {
        builder.output(len)
    } else {
        entry.buffer = vec![BLANK; len];
        builder.value(entry.buffer.as_mut_ptr().expose_provenance() as u64)
    };
    builder.value(len as u64)
}

/// A length as a result.
pub(super) fn signed(len: usize) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX)
}
