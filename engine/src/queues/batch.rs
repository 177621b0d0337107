//! Holds the records that one claim on a queue has taken, copied out in their order, for the submitter and the workers.

use std::collections::TryReserveError;

use syslet_abi::{CallFlags, DONE_BYTES_MIN, RecordWord, USER_DATA_OFFSET};

use crate::queues::call_kind::CallKind;
use crate::queues::ring_buffer::{bytes, words};
use crate::slots::dispatch::DispatchFlags;

/// At most this many records are taken by one exchange where little is known of their calls, and at most this many completions
/// are posted by one (RING-8).
pub(crate) const BATCH_MAX: usize = 8;
/// The completions of one batch, when it has several, in bytes: those of calls without attributes or out area.
pub(crate) const BATCH_DONE_BYTES: usize = BATCH_MAX * DONE_BYTES_MIN;
/// At most this many are taken by one exchange where the calls are known to be short.
pub(crate) const CLAIM_MAX: usize = 64;

/// Records copied out of the ring, and the buffer they stand in.
#[derive(Debug)]
pub(crate) struct Batch {
    buffer: Vec<u64>,
    /// Where record i ends in the buffer, in words; it begins where the one before ends.
    ends: [usize; CLAIM_MAX],
    count: usize,
    /// How many records it may hold, given those that it holds.
    limit: usize,
    /// How many records it may hold when one of them sleeps for storage.
    storage_max: usize,
    /// The kind of which it may hold more than `BATCH_MAX` calls that cannot sleep.
    many_of: CallKind,
    /// How many calls that cannot sleep it may hold.
    instant_max: usize,
    is_cut: bool,
}

impl Batch {
    /// A batch with room for several short records; it grows with the longest it meets.
    pub(crate) fn new() -> Batch {
        const SHORT_RECORD_BYTES: u64 = 64;
        Batch {
            buffer: vec![0; words(SHORT_RECORD_BYTES * CLAIM_MAX as u64)],
            ends: [0; CLAIM_MAX],
            count: 0,
            limit: CLAIM_MAX,
            storage_max: 1,
            many_of: CallKind::NONE,
            instant_max: BATCH_MAX,
            is_cut: false,
        }
    }

    /// How many records it holds.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// The words of record `index`.
    pub(crate) fn record(&self, index: usize) -> &[u64] {
        &self.buffer[self.start(index)..self.ends[index]]
    }

    pub(crate) fn clear(&mut self) {
        (self.count, self.limit, self.is_cut) = (0, CLAIM_MAX, false);
    }

    /// From now on at most so many are taken together when one of them sleeps for storage; at least one is.
    pub(crate) fn allow_storage(&mut self, count: usize) {
        self.storage_max = count.clamp(1, BATCH_MAX);
    }

    /// From now on so many calls that cannot sleep are taken together; beyond `BATCH_MAX` only those of that kind.
    pub(crate) fn allow_instant(&mut self, kind: CallKind, count: usize) {
        (self.many_of, self.instant_max) = (kind, count.clamp(1, CLAIM_MAX));
    }

    /// Whether the record that was copied last may be in this batch: calls of which little is known are not many in one.
    pub(crate) fn keeps_last(&mut self) -> bool {
        let keeps =
            self.count <= BATCH_MAX || CallKind::of_record(self.record(self.count - 1)) == self.many_of;
        self.count -= usize::from(!keeps);
        keeps
    }

    /// Holds one record that was not taken from the ring.
    pub(crate) fn put(&mut self, record: impl ExactSizeIterator<Item = u64>) {
        self.buffer.resize(self.buffer.len().max(record.len()), 0);
        self.ends[0] = record.len();
        (self.count, self.is_cut) = (1, false);
        for (to, word) in self.buffer.iter_mut().zip(record) {
            *to = word;
        }
    }

    /// Holds one record, with its ticket in the place of user_data.
    pub(crate) fn put_named(&mut self, record: &[u64], ticket: u64) {
        self.put(record.iter().copied());
        self.buffer[USER_DATA_OFFSET / 8] = ticket;
    }

    /// Holds one record as it would stand in a queue: with its ticket and its dispatch flags. Its success is not hidden.
    pub(crate) fn put_marked(&mut self, record: &[u64], ticket: u64, dispatch: DispatchFlags) {
        self.put_named(record, ticket);
        let word = RecordWord::unpack(record[0]);
        let flags = word.flags & !CallFlags::NO_COMPLETE.0;
        self.buffer[0] = dispatch.on(RecordWord { flags, ..word });
    }

    /// Has the success of the only record not be hidden.
    pub(crate) fn unhide(&mut self) {
        let word = RecordWord::unpack(self.buffer[0]);
        self.buffer[0] = RecordWord { flags: word.flags & !CallFlags::NO_COMPLETE.0, ..word }.pack();
    }

    /// The place to which a record that begins with `word` is copied; `None` when it does not belong into this batch.
    pub(crate) fn room_for(&mut self, word: RecordWord, record_words: usize) -> Option<&mut [u64]> {
        let start = self.start(self.count);
        let limit = self.limit.min(self.limit_with(DispatchFlags::of_record(word)));
        if self.count >= limit {
            return None;
        }
        if start + record_words > self.buffer.len() {
            if self.count > 0 {
                return None;
            }
            if self.grow(record_words).is_err() {
                return Some(self.cut());
            }
        }
        self.limit = limit;
        self.ends[self.count] = start + record_words;
        self.count += 1;
        Some(&mut self.buffer[start..start + record_words])
    }

    /// Reserves memory for a record of so many bytes; it is used once a record is that long.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn expect(&mut self, record_bytes: u64) -> Result<(), TryReserveError> {
        self.buffer.try_reserve_exact(words(record_bytes).saturating_sub(self.buffer.len()))
    }

    /// Whether the one record it holds was too long for the memory there is: its end is missing.
    pub(crate) fn is_cut(&self) -> bool {
        self.is_cut
    }

    fn grow(&mut self, record_words: usize) -> Result<(), TryReserveError> {
        self.expect(bytes(record_words))?;
        self.buffer.resize(record_words, 0);
        Ok(())
    }

    /// Room for the beginning of a record, which has its ticket: the memory ends before the record does.
    #[cold]
    fn cut(&mut self) -> &mut [u64] {
        (self.is_cut, self.count, self.limit) = (true, 1, 1);
        self.ends[0] = self.buffer.len();
        &mut self.buffer
    }

    fn limit_with(&self, dispatch: DispatchFlags) -> usize {
        if dispatch.contains(DispatchFlags::INSTANT) {
            self.instant_max
        } else if dispatch.contains(DispatchFlags::STORAGE) {
            self.storage_max
        } else {
            1
        }
    }

    fn start(&self, index: usize) -> usize {
        if index == 0 { 0 } else { self.ends[index - 1] }
    }
}
