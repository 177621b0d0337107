//! A submission of one call: the view that checks its structure, and the emitter.

pub(crate) mod check;
mod repr;

pub use repr::CallRepr;

use crate::argument::{ARGS_MAX, ArgKinds};
use crate::attribute::{Asks, AttributeId};
use crate::bytes::{tiles, u16_at, u32_at, u64_at};
use crate::refusal::Fault;
use crate::word::{FLAGS_OFFSET, RecordWord};

mod field {
    pub(super) const FLAGS: usize = super::FLAGS_OFFSET;
    pub(super) const USER_DATA: usize = super::RecordWord::BYTES;
    pub(super) const NR: usize = 16;
    pub(super) const ARGC: usize = 20;
    pub(super) const ATTR_COUNT: usize = 21;
    pub(super) const RESERVED: usize = 22;
    pub(super) const ARG_KINDS: usize = 24;
    pub(super) const OUT_LEN: usize = 28;
    pub(super) const ARGS: usize = 32;
}

/// Offset of a submission's `user_data`.
pub const USER_DATA_OFFSET: usize = field::USER_DATA;
/// Offset of a submission's call number.
pub const NR_OFFSET: usize = field::NR;
/// Offset of argument 0; each argument is 8 bytes.
pub const CALL_ARGS_OFFSET: usize = field::ARGS;
/// A submission without arguments and attributes.
pub const CALL_BYTES_MIN: usize = field::ARGS;

const _: () = assert!(tiles(
    RecordWord::BYTES,
    &[
        (field::USER_DATA, 8),
        (field::NR, 4),
        (field::ARGC, 1),
        (field::ATTR_COUNT, 1),
        (field::RESERVED, 2),
        (field::ARG_KINDS, 4),
        (field::OUT_LEN, 4),
    ],
    field::ARGS
));
const _: () = assert!(field::ARGS.is_multiple_of(8), "arguments are read as aligned words");

crate::flags! {
    /// Flags of a submission.
    pub struct CallFlags(pub u16) {
        /// No flag.
        NONE;
        /// Never run in the submitter.
        ASYNC = 1;
        /// Run only in the submitter, even if it sleeps there.
        SYNC = 2;
        /// The descriptor is a regular local file: the call does not sleep for ever.
        STORAGE = 4;
        /// A thread of its own makes the call, and ends with it: for a call that changes its thread.
        PRIVATE = 8;
        /// No completion when the call succeeds.
        NO_COMPLETE = 16;
        /// A second record tells when an abandoned call has really ended.
        RELEASE = 32;
    }
}

/// What a submission may ask for at most; from the ring it goes to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// The longest submission record, in bytes.
    pub record_bytes_max: usize,
    /// The largest out area, in bytes.
    pub out_bytes_max: usize,
}

/// A submission whose structure has been checked.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// INVARIANT: `check` accepted these bytes, or they are a copy of bytes it accepted.
    record: &'a [u8],
    /// INVARIANT: the start of `record`. Its length is known to the compiler, so its fields are read unchecked.
    head: &'a [u8; CALL_BYTES_MIN],
    /// The areas of the program whose atom it is, if it is one.
    shared: Option<Shared<'a>>,
}

/// What all calls of a program have in common.
#[derive(Clone, Copy, Debug)]
struct Shared<'a> {
    data: &'a [u8],
    out_len: usize,
}

impl<'a> Call<'a> {
    /// Checks the structure of one record; what the call means is checked by the engine.
    ///
    /// # Errors
    /// The first fault found, and where. Nothing has been taken then.
    #[inline]
    pub fn check(record: &'a [u8], limits: &Limits) -> Result<Call<'a>, Fault> {
        Call::verify(record, limits)?;
        Ok(Call::admitted(record))
    }

    /// [`Call::check`] without making the view; [`Call::admitted`] makes it.
    ///
    /// # Errors
    /// As for [`Call::check`].
    #[inline(always)]
    pub fn verify(record: &[u8], limits: &Limits) -> Result<(), Fault> {
        check::record(record, limits)
    }

    /// A record that passed `check` before it was copied here, user_data exchanged or not.
    ///
    /// The accessors panic if it did not.
    #[must_use]
    #[inline]
    pub fn admitted(record: &'a [u8]) -> Call<'a> {
        let head = record.first_chunk().expect("a checked record has all its fields");
        Call { record, head, shared: None }
    }

    /// A call of a program, which has its areas; as [`Call::admitted`] for the rest.
    #[must_use]
    #[inline]
    pub fn sharing(atom: &'a [u8], data: &'a [u8], out_len: usize) -> Call<'a> {
        Call { shared: Some(Shared { data, out_len }), ..Call::admitted(atom) }
    }

    /// Whether it shares its areas with other calls: what it reads there may be what another has written.
    #[must_use]
    #[inline]
    pub fn is_sharing(&self) -> bool {
        self.shared.is_some()
    }

    /// The whole record.
    #[must_use]
    #[inline]
    pub fn bytes(&self) -> &'a [u8] {
        self.record
    }

    /// The submission's flags.
    #[must_use]
    #[inline]
    pub fn flags(&self) -> CallFlags {
        CallFlags(u16_at(self.head, field::FLAGS))
    }

    /// The application's own word, echoed in the completion.
    #[must_use]
    #[inline]
    pub fn user_data(&self) -> u64 {
        u64_at(self.head, field::USER_DATA)
    }

    /// The number of the system call.
    #[must_use]
    #[inline]
    pub fn nr(&self) -> u32 {
        u32_at(self.head, field::NR)
    }

    /// How many arguments are given.
    #[must_use]
    #[inline]
    pub fn argc(&self) -> usize {
        usize::from(self.head[field::ARGC])
    }

    /// How many attributes are asked for.
    #[must_use]
    #[inline]
    pub fn attribute_count(&self) -> usize {
        usize::from(self.head[field::ATTR_COUNT])
    }

    /// What each argument is.
    #[must_use]
    #[inline]
    pub fn kinds(&self) -> ArgKinds {
        ArgKinds(u32_at(self.head, field::ARG_KINDS))
    }

    /// Size of the out area in bytes.
    #[must_use]
    #[inline]
    pub fn out_len(&self) -> usize {
        self.shared.map_or(u32_at(self.head, field::OUT_LEN) as usize, |shared| shared.out_len)
    }

    /// Argument `index` as it stands in the record; zero beyond `argc`.
    #[must_use]
    #[inline]
    pub fn raw_arg(&self, index: usize) -> u64 {
        if index < self.argc() { u64_at(self.record, field::ARGS + 8 * index) } else { 0 }
    }

    /// All six arguments, zero beyond `argc`.
    #[must_use]
    #[inline]
    pub fn raw_args(&self) -> [u64; ARGS_MAX] {
        let mut args = [0; ARGS_MAX];
        let given = self.record[field::ARGS..self.attributes_offset()].chunks_exact(8);
        for (arg, raw) in args.iter_mut().zip(given) {
            *arg = u64_at(raw, 0);
        }
        args
    }

    /// The attributes, in the order asked.
    #[must_use]
    #[inline]
    pub fn asks(&self) -> Asks<'a> {
        Asks::new(self.record, self.attributes_offset(), self.attribute_count())
    }

    /// Payload of the DATA attribute; empty without one.
    #[must_use]
    #[inline]
    pub fn data(&self) -> &'a [u8] {
        if let Some(shared) = self.shared {
            return shared.data;
        }
        self.asks().find(|ask| ask.id == AttributeId::DATA).map_or(&[], |ask| ask.payload)
    }

    fn attributes_offset(&self) -> usize {
        field::ARGS + 8 * self.argc()
    }
}
