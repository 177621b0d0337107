//! A submission of one call: the view that checks its structure, and the emitter.

use crate::argument::{ARGS_MAX, ArgKind, ArgKinds};
use crate::attribute::{self, ATTRIBUTES_MAX, AskRepr, Asks, AttributeId};
use crate::bytes::{len32, put, u16_at, u32_at, u64_at};
use crate::refusal::{Fault, Refusal};
use crate::word::{Kind, RecordWord};

mod field {
    pub(super) const FLAGS: usize = 6;
    pub(super) const USER_DATA: usize = 8;
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

const _: () = assert!(field::ARGS.is_multiple_of(8), "arguments are read as aligned words");

/// Flags of a submission.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CallFlags(pub u16);

impl CallFlags {
    /// No flag.
    pub const NONE: CallFlags = CallFlags(0);
    /// Never run in the submitter.
    pub const ASYNC: CallFlags = CallFlags(1);
    /// Run only in the submitter, even if it sleeps there.
    pub const SYNC: CallFlags = CallFlags(2);
    /// The descriptor is a regular local file: the call does not sleep for ever.
    pub const STORAGE: CallFlags = CallFlags(4);
    /// A call that changes its thread gets a worker of its own.
    pub const PRIVATE: CallFlags = CallFlags(8);
    /// No completion when the call succeeds.
    pub const NO_COMPLETE: CallFlags = CallFlags(16);
    /// A second record tells when an abandoned call has really ended.
    pub const RELEASE: CallFlags = CallFlags(32);

    const KNOWN: u16 = 63;

    /// Whether all flags of `other` are set.
    #[must_use]
    pub const fn contains(self, other: CallFlags) -> bool {
        self.0 & other.0 == other.0
    }

    /// These flags and those of `other`.
    #[must_use]
    pub const fn with(self, other: CallFlags) -> CallFlags {
        CallFlags(self.0 | other.0)
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
}

impl<'a> Call<'a> {
    /// Checks the structure of one record; what the call means is checked by the engine.
    ///
    /// # Errors
    /// The first fault found, and where. Nothing has been taken then.
    pub fn check(record: &'a [u8], limits: &Limits) -> Result<Call<'a>, Fault> {
        check_frame(record, limits)?;
        let call = Call { record };
        check_fields(&call, limits)?;
        check_arguments(&call)?;
        attribute::check(record, call.attributes_offset(), call.attribute_count())?;
        if !call.kinds().all_values() {
            check_offsets(&call)?;
        }
        Ok(call)
    }

    /// A record that passed `check` before it was copied here, user_data exchanged or not.
    ///
    /// The accessors panic if it did not.
    #[must_use]
    pub fn admitted(record: &'a [u8]) -> Call<'a> {
        Call { record }
    }

    /// The whole record.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.record
    }

    /// The submission's flags.
    #[must_use]
    pub fn flags(&self) -> CallFlags {
        CallFlags(u16_at(self.record, field::FLAGS))
    }

    /// The application's own word, echoed in the completion.
    #[must_use]
    pub fn user_data(&self) -> u64 {
        u64_at(self.record, field::USER_DATA)
    }

    /// The number of the system call.
    #[must_use]
    pub fn nr(&self) -> u32 {
        u32_at(self.record, field::NR)
    }

    /// How many arguments are given.
    #[must_use]
    pub fn argc(&self) -> usize {
        usize::from(self.record[field::ARGC])
    }

    /// How many attributes are asked for.
    #[must_use]
    pub fn attribute_count(&self) -> usize {
        usize::from(self.record[field::ATTR_COUNT])
    }

    /// What each argument is.
    #[must_use]
    pub fn kinds(&self) -> ArgKinds {
        ArgKinds(u32_at(self.record, field::ARG_KINDS))
    }

    /// Size of the out area in bytes.
    #[must_use]
    pub fn out_len(&self) -> usize {
        u32_at(self.record, field::OUT_LEN) as usize
    }

    /// Argument `index` as it stands in the record; zero beyond `argc`.
    #[must_use]
    pub fn arg(&self, index: usize) -> u64 {
        if index < self.argc() { u64_at(self.record, field::ARGS + 8 * index) } else { 0 }
    }

    /// All six arguments, zero beyond `argc`.
    #[must_use]
    pub fn args(&self) -> [u64; ARGS_MAX] {
        core::array::from_fn(|index| self.arg(index))
    }

    /// The attributes, in the order asked.
    #[must_use]
    pub fn asks(&self) -> Asks<'a> {
        Asks::new(self.record, self.attributes_offset(), self.attribute_count())
    }

    /// Payload of the DATA attribute; empty without one.
    #[must_use]
    pub fn data(&self) -> &'a [u8] {
        self.asks().find(|ask| ask.id == AttributeId::DATA).map_or(&[], |ask| ask.payload)
    }

    fn attributes_offset(&self) -> usize {
        field::ARGS + 8 * self.argc()
    }
}

fn check_frame(record: &[u8], limits: &Limits) -> Result<(), Fault> {
    if record.len() < RecordWord::BYTES {
        return Err(Refusal::RECORD_SHORT.at(0));
    }
    let word = RecordWord::at(record);
    match word.kind {
        Kind::CALL => {}
        Kind::SYSLET | Kind::CANCEL => return Err(Refusal::KIND_NOT_YET.at(4)),
        _ => return Err(Refusal::UNKNOWN_KIND.at(4)),
    }
    if !word.len.is_multiple_of(8) {
        return Err(Refusal::LENGTH_UNALIGNED.at(0));
    }
    if word.len as usize > limits.record_bytes_max {
        return Err(Refusal::TOO_LARGE.at(0));
    }
    if word.len as usize != record.len() {
        return Err(Refusal::LENGTH_MISMATCH.at(0));
    }
    if record.len() < CALL_BYTES_MIN {
        return Err(Refusal::RECORD_SHORT.at(0));
    }
    Ok(())
}

fn check_fields(call: &Call<'_>, limits: &Limits) -> Result<(), Fault> {
    let flags = call.flags();
    if flags.0 & !CallFlags::KNOWN != 0 {
        return Err(Refusal::RESERVED_BIT.at(field::FLAGS));
    }
    if flags.contains(CallFlags::ASYNC.with(CallFlags::SYNC)) {
        return Err(Refusal::FLAGS_CONTRADICT.at(field::FLAGS));
    }
    if u16_at(call.record, field::RESERVED) != 0 {
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

fn check_arguments(call: &Call<'_>) -> Result<(), Fault> {
    let kinds = call.kinds();
    if kinds.exceed(call.argc()) {
        return Err(Refusal::RESERVED_BIT.at(field::ARG_KINDS));
    }
    if kinds.all_values() {
        return Ok(());
    }
    for index in 0..call.argc() {
        let kind = kinds.get(index);
        if kind.is_reserved() {
            return Err(Refusal::ARGUMENT_KIND_NOT_YET.at(field::ARGS + 8 * index));
        }
        if !kind.is_supported() {
            return Err(Refusal::ARGUMENT_KIND_UNKNOWN.at(field::ARGS + 8 * index));
        }
    }
    Ok(())
}

/// Every offset lies inside its area. How far the argument reaches from there is the table's to say.
fn check_offsets(call: &Call<'_>) -> Result<(), Fault> {
    let (data_len, out_len) = (call.data().len() as u64, call.out_len() as u64);
    for index in 0..call.argc() {
        let arg = call.arg(index);
        let (data, out) = match call.kinds().get(index) {
            ArgKind::IN => (Some(arg), None),
            ArgKind::OUT => (None, Some(arg)),
            ArgKind::INOUT => (Some(arg >> 32), Some(arg & 0xffff_ffff)),
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

/// A submission to emit.
#[derive(Clone, Copy, Debug)]
pub struct CallRepr<'a> {
    /// The submission's flags.
    pub flags: CallFlags,
    /// The application's own word.
    pub user_data: u64,
    /// The number of the system call.
    pub nr: u32,
    /// What each argument is.
    pub kinds: ArgKinds,
    /// The arguments, at most six.
    pub args: &'a [u64],
    /// Size of the out area in bytes.
    pub out_len: u32,
    /// The attributes, at most [`ATTRIBUTES_MAX`].
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
