//! A submission of one call: the view, and the check of its structure that makes one. The engine reads every call through
//! the view.

mod repr;

pub use repr::CallRepr;

use crate::argument::{ARGS_MAX, ArgKind, ArgKinds, Inout};
use crate::attribute::{self, ATTRIBUTES_MAX, Asks, AttributeId};
use crate::bytes::{tiles, u16_at, u32_at, u64_at};
use crate::refusal::{Fault, Refusal};
use crate::word::{FLAGS_OFFSET, KIND_OFFSET, Kind, LEN_OFFSET, RecordWord};

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
        /// Never run inline.
        ASYNC = 1;
        /// Run only inline, even if the call sleeps there.
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

/// The most that a submission may ask for; set by its ring.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// The longest submission record, in bytes.
    pub record_bytes_max: usize,
    /// The largest out area, in bytes.
    pub out_bytes_max: usize,
}

/// A submission with a checked structure.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// INVARIANT: `check` accepted these bytes, or they are a copy of bytes that it accepted.
    record: &'a [u8],
    /// INVARIANT: the start of `record`. Its length is known to the compiler, so its fields are read unchecked.
    head: &'a [u8; CALL_BYTES_MIN],
    /// The areas of the program, for a call that is an atom.
    shared: Option<Shared<'a>>,
}

/// The areas that all calls of a program have in common.
#[derive(Clone, Copy, Debug)]
struct Shared<'a> {
    data: &'a [u8],
    out_len: usize,
}

impl<'a> Call<'a> {
    /// Checks the structure of one record; the engine checks the meaning of the call.
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
        check(record, limits)
    }

    /// A record that passed `check` before it was copied here, `user_data` exchanged or not.
    ///
    /// The accessors panic on any other.
    #[must_use]
    #[inline]
    pub fn admitted(record: &'a [u8]) -> Call<'a> {
        let head = record.first_chunk().expect("a checked record has all its fields");
        Call { record, head, shared: None }
    }

    /// A call of a program, with the areas of that program; otherwise as [`Call::admitted`].
    #[must_use]
    #[inline]
    pub fn sharing(atom: &'a [u8], data: &'a [u8], out_len: usize) -> Call<'a> {
        Call { shared: Some(Shared { data, out_len }), ..Call::admitted(atom) }
    }

    /// Whether the call shares its areas with other calls, so that it may read bytes there that another has written.
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

    /// The kind of each argument.
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

/// Checks the whole record, in the order of the functions below.
#[inline(always)]
fn check(record: &[u8], limits: &Limits) -> Result<(), Fault> {
    let head = match record.first_chunk() {
        Some(head) if is_framed(head, record.len(), limits) => head,
        _ => return Err(frame_fault(record, Kind::CALL, limits)),
    };
    let call = Call { record, head, shared: None };
    fields(&call, limits)?;
    argument_kinds(&call)?;
    if call.attribute_count() > 0 || call.attributes_offset() != record.len() {
        attribute::check(record, call.attributes_offset(), call.attribute_count())?;
    }
    if call.kinds().all_values() { Ok(()) } else { offsets(&call) }
}

/// Whether length and kind are right.
#[inline(always)]
fn is_framed(head: &[u8; CALL_BYTES_MIN], len: usize, limits: &Limits) -> bool {
    len <= limits.record_bytes_max && RecordWord::at(head).is(Kind::CALL, len)
}

/// Checks length and kind of a record that has as many fields as a call.
pub(crate) fn frame(record: &[u8], kind: Kind, limits: &Limits) -> Result<(), Fault> {
    let is_long = record.len() >= CALL_BYTES_MIN && record.len() <= limits.record_bytes_max;
    if is_long && RecordWord::at(record).is(kind, record.len()) {
        return Ok(());
    }
    Err(frame_fault(record, kind, limits))
}

/// The first fault of a frame that is wrong.
#[cold]
fn frame_fault(record: &[u8], kind: Kind, limits: &Limits) -> Fault {
    if record.len() < RecordWord::BYTES {
        return Refusal::RECORD_SHORT.at(LEN_OFFSET);
    }
    let word = RecordWord::at(record);
    if word.kind != kind {
        return Refusal::UNKNOWN_KIND.at(KIND_OFFSET);
    }
    if !word.len.is_multiple_of(8) {
        return Refusal::LENGTH_UNALIGNED.at(LEN_OFFSET);
    }
    if word.len as usize > limits.record_bytes_max {
        return Refusal::TOO_LARGE.at(LEN_OFFSET);
    }
    if word.len as usize != record.len() {
        return Refusal::LENGTH_MISMATCH.at(LEN_OFFSET);
    }
    Refusal::RECORD_SHORT.at(LEN_OFFSET)
}

#[inline(always)]
fn fields(call: &Call<'_>, limits: &Limits) -> Result<(), Fault> {
    let flags = call.flags();
    if !flags.unknown().is_empty() {
        return Err(Refusal::RESERVED_BIT.at(field::FLAGS));
    }
    flags_agree(flags)?;
    if u16_at(call.head, field::RESERVED) != 0 {
        return Err(Refusal::RESERVED_BIT.at(field::RESERVED));
    }
    if call.argc() > ARGS_MAX {
        return Err(Refusal::TOO_MANY_ARGUMENTS.at(field::ARGC));
    }
    if call.attribute_count() > ATTRIBUTES_MAX {
        return Err(Refusal::TOO_MANY_ATTRIBUTES.at(field::ATTR_COUNT));
    }
    if call.attributes_offset() > call.record.len() {
        return Err(Refusal::RECORD_SHORT.at(field::ARGC));
    }
    if call.out_len() > limits.out_bytes_max {
        return Err(Refusal::TOO_LARGE.at(field::OUT_LEN));
    }
    Ok(())
}

/// Whether the flags go together.
#[inline(always)]
pub(crate) fn flags_agree(flags: CallFlags) -> Result<(), Fault> {
    let elsewhere = flags.contains(CallFlags::ASYNC) || flags.contains(CallFlags::PRIVATE);
    if elsewhere && flags.contains(CallFlags::SYNC) {
        return Err(Refusal::FLAGS_CONTRADICT.at(field::FLAGS));
    }
    Ok(())
}

#[inline(always)]
fn argument_kinds(call: &Call<'_>) -> Result<(), Fault> {
    let kinds = call.kinds();
    if kinds.exceed(call.argc()) {
        return Err(Refusal::RESERVED_BIT.at(field::ARG_KINDS));
    }
    if kinds.all_values() {
        return Ok(());
    }
    for index in 0..call.argc() {
        let kind = kinds.get(index);
        if kind.is_of_programs() {
            return Err(Refusal::ATOM_ONLY.at(field::ARGS + 8 * index));
        }
        if kind.is_reserved() {
            return Err(Refusal::ARGUMENT_KIND_NOT_YET.at(field::ARGS + 8 * index));
        }
        if !kind.is_supported() {
            return Err(Refusal::ARGUMENT_KIND_UNKNOWN.at(field::ARGS + 8 * index));
        }
    }
    Ok(())
}

/// Checks that every offset lies inside its area. The table of calls checks how far the argument reaches from there.
fn offsets(call: &Call<'_>) -> Result<(), Fault> {
    let (data_len, out_len) = (call.data().len() as u64, call.out_len() as u64);
    for index in 0..call.argc() {
        let arg = call.raw_arg(index);
        let (data, out) = match call.kinds().get(index) {
            ArgKind::IN => (Some(arg), None),
            ArgKind::OUT => (None, Some(arg)),
            ArgKind::INOUT => {
                let Inout { out, data } = Inout::unpack(arg);
                (Some(u64::from(data)), Some(u64::from(out)))
            }
            _ => (None, None),
        };
        if data.is_some_and(|offset| offset > data_len) {
            return Err(Refusal::IN_OUTSIDE_DATA.at(field::ARGS + 8 * index));
        }
        if out.is_some_and(|offset| offset > out_len) {
            return Err(Refusal::OUT_OUTSIDE_AREA.at(field::ARGS + 8 * index));
        }
    }
    Ok(())
}
