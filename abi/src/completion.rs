//! A completion: the view that checks one, for its reader, and the writer by which the engine builds one around a running
//! call.

use crate::attribute::{
    ATTRIBUTE_HEADER_BYTES, AttributeId, Return, Returns, Status, emit_header, pack_header,
};
use crate::bytes::{len32, padded, put, tiles, u64_at};
use crate::refusal::{Fault, Refusal};
use crate::result::RawResult;
use crate::word::{FLAGS_OFFSET, KIND_OFFSET, Kind, LEN_OFFSET, RecordWord};

mod field {
    pub(super) const USER_DATA: usize = super::RecordWord::BYTES;
    pub(super) const RESULT: usize = 16;
    pub(super) const RETURNS: usize = 24;
}

/// A completion without attribute returns.
pub const DONE_BYTES_MIN: usize = field::RETURNS;
/// Offset of the out area in a completion: the DATA return always comes first.
pub const DONE_DATA_OFFSET: usize = field::RETURNS + ATTRIBUTE_HEADER_BYTES;

const _: () = assert!(tiles(RecordWord::BYTES, &[(field::USER_DATA, 8), (field::RESULT, 8)], field::RETURNS));
#[allow(clippy::cast_possible_truncation, reason = "24")]
const BARE_LEN: u32 = DONE_BYTES_MIN as u32;

const _: () = assert!(DONE_DATA_OFFSET.is_multiple_of(16), "the kernel fills structures there in place");

crate::flags! {
    /// Flags of a completion.
    pub struct DoneFlags(pub u16) {
        /// No flag: the call ran and this is its result.
        NONE;
        /// The call never began.
        NOT_RUN = 1;
        /// The result is the engine's, not the kernel's.
        ENGINE_RESULT = 2;
        /// A cancel reached the call; the result is that of the call up to then.
        CANCELLED = 4;
        /// The engine has abandoned the call, which still runs.
        ABANDONED = 8;
        /// More completions of the same submission follow.
        MORE = 16;
        /// A call of the program's way out failed.
        FINALLY_FAILED = 32;
        /// The abandoned call has really ended: its memory is the application's again.
        RELEASED = 64;
    }
}

/// A completion with a checked structure.
#[derive(Clone, Copy, Debug)]
pub struct Done<'a> {
    /// INVARIANT: `check` accepted these bytes, or this process's own engine wrote them.
    record: &'a [u8],
}

impl<'a> Done<'a> {
    /// Checks the structure of one record.
    ///
    /// # Errors
    /// The first fault found, and where.
    #[inline]
    pub fn check(record: &'a [u8]) -> Result<Done<'a>, Fault> {
        if record.len() < DONE_BYTES_MIN {
            return Err(Refusal::RECORD_SHORT.at(LEN_OFFSET));
        }
        let word = RecordWord::at(record);
        if word.kind != Kind::DONE {
            return Err(Refusal::UNKNOWN_KIND.at(KIND_OFFSET));
        }
        if !word.len.is_multiple_of(8) {
            return Err(Refusal::LENGTH_UNALIGNED.at(LEN_OFFSET));
        }
        if word.len as usize != record.len() {
            return Err(Refusal::LENGTH_MISMATCH.at(LEN_OFFSET));
        }
        if !DoneFlags(word.flags).unknown().is_empty() {
            return Err(Refusal::RESERVED_BIT.at(FLAGS_OFFSET));
        }
        Returns::check(record, field::RETURNS)?;
        Ok(Done { record })
    }

    /// A record that this process's own engine wrote. The accessors panic on any other.
    #[must_use]
    #[inline]
    pub fn trusted(record: &'a [u8]) -> Done<'a> {
        Done { record }
    }

    /// A completion without attribute returns, as the rings store it.
    #[must_use]
    #[inline]
    pub const fn bare(user_data: u64, result: RawResult, flags: DoneFlags) -> [u64; DONE_BYTES_MIN / 8] {
        let word = RecordWord { len: BARE_LEN, kind: Kind::DONE, flags: flags.0 };
        [word.pack(), user_data, result.0.cast_unsigned()]
    }

    /// Writes a completion with one return, which was handled and has a value of `N` words, at the start of `record`. Gives its length
    /// in words.
    ///
    /// # Panics
    /// When the record has no room for it.
    #[inline]
    pub fn put_value<const N: usize>(
        record: &mut [u64],
        (user_data, result, flags): (u64, RawResult, DoneFlags),
        (id, value): (AttributeId, [u64; N]),
    ) -> usize {
        let words = DONE_DATA_OFFSET / 8 + N;
        record[DONE_DATA_OFFSET / 8..words].copy_from_slice(&value);
        put_head(&mut record[..words], (user_data, result, flags), (id, 8 * N));
        words
    }

    /// Writes a completion whose one return is that of DATA, around its value: `len` bytes that stand from [`DONE_DATA_OFFSET`] on. Gives its
    /// length in words.
    ///
    /// # Panics
    /// When the record has no room for it.
    #[inline]
    pub fn put_data(
        record: &mut [u64],
        (user_data, result, flags): (u64, RawResult, DoneFlags),
        len: usize,
    ) -> usize {
        let words = (DONE_DATA_OFFSET + padded(len)) / 8;
        let used = len % 8;
        if used > 0 {
            // The bytes behind the value, up to the next word, are zero.
            record[words - 1] &= (1 << (8 * used)) - 1;
        }
        put_head(&mut record[..words], (user_data, result, flags), (AttributeId::DATA, len));
        words
    }

    /// The whole record.
    #[must_use]
    #[inline]
    pub fn bytes(&self) -> &'a [u8] {
        self.record
    }

    /// The completion's flags.
    #[must_use]
    #[inline]
    pub fn flags(&self) -> DoneFlags {
        DoneFlags(RecordWord::at(self.record).flags)
    }

    /// The submission's own word.
    #[must_use]
    #[inline]
    pub fn user_data(&self) -> u64 {
        u64_at(self.record, field::USER_DATA)
    }

    /// The raw result.
    #[must_use]
    #[inline]
    pub fn result(&self) -> RawResult {
        RawResult(u64_at(self.record, field::RESULT).cast_signed())
    }

    /// The attribute returns: DATA first if there is one, the others in the order asked.
    #[must_use]
    #[inline]
    pub fn returns(&self) -> Returns<'a> {
        Returns::new(self.record, field::RETURNS)
    }

    /// The return of one attribute, if it was asked for.
    #[must_use]
    #[inline]
    pub fn attribute(&self, id: AttributeId) -> Option<Return<'a>> {
        self.returns().find(|answer| answer.id == id)
    }
}

/// Writes the words in front of the one value of a completion, which has `len` bytes and was handled.
#[inline(always)]
fn put_head(
    record: &mut [u64],
    (user_data, result, flags): (u64, RawResult, DoneFlags),
    (id, len): (AttributeId, usize),
) {
    let word = RecordWord { len: len32(8 * record.len()), kind: Kind::DONE, flags: flags.0 };
    let header = pack_header(id, Status::HANDLED.0, len32(len));
    record[..DONE_DATA_OFFSET / 8].copy_from_slice(&[
        word.pack(),
        user_data,
        result.0.cast_unsigned(),
        header,
    ]);
}

/// A completion being built. The out area lies where the DATA return's value will stand, so that the kernel
/// writes it in place; the part that the call did not fill is cut afterwards.
#[derive(Debug)]
pub struct DoneWriter<'a> {
    record: &'a mut [u8],
    len: usize,
}

impl<'a> DoneWriter<'a> {
    /// Begins a completion in `record`, which must have room for the worst case.
    #[must_use]
    #[inline]
    pub fn new(record: &'a mut [u8]) -> DoneWriter<'a> {
        DoneWriter { record, len: field::RETURNS }
    }

    /// The first `out_len` bytes of the out area, before the call.
    ///
    /// # Panics
    /// When the record has no room for them.
    #[must_use]
    #[inline]
    pub fn out_area(&mut self, out_len: usize) -> &mut [u8] {
        &mut self.record[DONE_DATA_OFFSET..DONE_DATA_OFFSET + out_len]
    }

    /// Ends the out area with the DATA return: its first `written` bytes are the value.
    ///
    /// # Panics
    /// When another return came before, or the record has no room.
    #[inline]
    pub fn data(&mut self, status: Status, written: usize) {
        assert_eq!(self.len, field::RETURNS, "the DATA return comes first");
        self.close(AttributeId::DATA, status, written);
    }

    /// Adds a return. `fill` writes its value, of at most `len_max` bytes, and gives status and length. A
    /// length beyond `len_max` is cut to it. `fill` is shown the former contents of the record.
    ///
    /// # Panics
    /// When the record has no room for `len_max` bytes.
    #[inline]
    pub fn attribute(
        &mut self,
        id: AttributeId,
        len_max: usize,
        fill: impl FnOnce(&mut [u8]) -> (Status, usize),
    ) {
        let value = self.len + ATTRIBUTE_HEADER_BYTES;
        let (status, len) = fill(&mut self.record[value..value + len_max]);
        self.close(id, status, len.min(len_max));
    }

    /// Writes header and padding of the return, around the value that stands at the end, and moves the end behind it.
    fn close(&mut self, id: AttributeId, status: Status, len: usize) {
        // An application's attribute may answer anything; zero is no status.
        let (status, len) = if status.0 == 0 { (Status::UNAVAILABLE, 0) } else { (status, len) };
        let value = self.len + ATTRIBUTE_HEADER_BYTES;
        emit_header(self.record, self.len, id, status.0, len);
        self.len = value + padded(len);
        self.record[value + len..self.len].fill(0);
    }

    /// Writes the first three words and gives the record's length in bytes.
    ///
    /// # Panics
    /// When the record has no room for a bare completion.
    #[must_use]
    #[inline]
    pub fn finish(self, user_data: u64, result: RawResult, flags: DoneFlags) -> usize {
        let word = RecordWord { len: len32(self.len), kind: Kind::DONE, flags: flags.0 };
        put(self.record, 0, &word.pack().to_ne_bytes());
        put(self.record, field::USER_DATA, &user_data.to_ne_bytes());
        put(self.record, field::RESULT, &result.0.to_ne_bytes());
        self.len
    }
}
