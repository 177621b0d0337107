//! A submission as fields, and the emitter of its bytes. The builders of the engine and the command call it.

use super::{CallFlags, field};
use crate::argument::ArgKinds;
use crate::attribute::AskRepr;
use crate::bytes::{len32, put};
use crate::word::{Kind, RecordWord};

/// A submission to emit.
#[derive(Clone, Copy, Debug)]
pub struct CallRepr<'a> {
    /// The submission's flags.
    pub flags: CallFlags,
    /// The application's own word.
    pub user_data: u64,
    /// The number of the system call.
    pub nr: u32,
    /// The kind of each argument.
    pub kinds: ArgKinds,
    /// The arguments, at most six.
    pub args: &'a [u64],
    /// Size of the out area in bytes.
    pub out_len: u32,
    /// The attributes, at most [`ATTRIBUTES_MAX`](crate::ATTRIBUTES_MAX).
    pub attributes: &'a [AskRepr<'a>],
}

impl CallRepr<'_> {
    /// Length of the record in bytes.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        field::ARGS + 8 * self.args.len() + self.attributes.iter().map(AskRepr::len_bytes).sum::<usize>()
    }

    /// Writes the record to the start of `record` and gives its length.
    ///
    /// # Panics
    /// When `record` is shorter than [`CallRepr::len_bytes`], or more than 255 arguments or attributes are given.
    pub fn emit(&self, record: &mut [u8]) -> usize {
        let word = RecordWord { len: len32(self.len_bytes()), kind: Kind::CALL, flags: self.flags.0 };
        put(record, 0, &word.pack().to_ne_bytes());
        put(record, field::USER_DATA, &self.user_data.to_ne_bytes());
        put(record, field::NR, &self.nr.to_ne_bytes());
        record[field::ARGC] = count8(self.args.len());
        record[field::ATTR_COUNT] = count8(self.attributes.len());
        put(record, field::RESERVED, &[0, 0]);
        put(record, field::ARG_KINDS, &self.kinds.0.to_ne_bytes());
        put(record, field::OUT_LEN, &self.out_len.to_ne_bytes());
        let mut at = field::ARGS;
        for arg in self.args {
            put(record, at, &arg.to_ne_bytes());
            at += 8;
        }
        for attribute in self.attributes {
            at = attribute.emit(record, at);
        }
        at
    }
}

fn count8(count: usize) -> u8 {
    u8::try_from(count).expect("a record counts arguments and attributes in 8 bits")
}
