//! What one claim on the submission ring took: records copied out, in the order they were pushed.

use syslet_abi::RecordWord;

use super::track::words;

/// At most this many records are taken by one exchange (RING-8).
pub(crate) const BATCH_MAX: usize = 8;

/// Bit 15 of a queued record's flags: its call cannot sleep, so it may be taken together with others.
pub(crate) const QUEUED_INSTANT: u16 = 1 << 15;

/// Records copied out of the ring, and the buffer they stand in.
#[derive(Debug)]
pub(crate) struct Batch {
    buffer: Box<[u64]>,
    /// Where record i ends in the buffer, in words; it begins where the one before ends.
    ends: [usize; BATCH_MAX],
    count: usize,
    /// Whether more may join: none of its calls can sleep.
    all_instant: bool,
}

impl Batch {
    /// A batch with room for any one record, and for several short ones.
    pub(crate) fn new(record_max: u64) -> Batch {
        const SHORT_RECORD_BYTES: u64 = 128;
        let buffer_bytes = record_max.max(SHORT_RECORD_BYTES * BATCH_MAX as u64);
        Batch {
            buffer: vec![0; words(buffer_bytes)].into_boxed_slice(),
            ends: [0; BATCH_MAX],
            count: 0,
            all_instant: false,
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
        self.count = 0;
    }

    /// Where a record that begins with `word` would be copied to; `None` when it does not belong into this batch.
    pub(super) fn room_for(&mut self, word: RecordWord, record_words: usize) -> Option<&mut [u64]> {
        let start = self.start(self.count);
        let instant = word.flags & QUEUED_INSTANT != 0;
        let joins = self.count == 0 || instant && self.all_instant && self.count < BATCH_MAX;
        if !joins || start + record_words > self.buffer.len() {
            return None;
        }
        self.all_instant = instant;
        self.ends[self.count] = start + record_words;
        self.count += 1;
        Some(&mut self.buffer[start..start + record_words])
    }

    fn start(&self, index: usize) -> usize {
        if index == 0 { 0 } else { self.ends[index - 1] }
    }
}
