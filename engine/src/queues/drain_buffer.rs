//! Holds the completions that a `Ring` has copied out of its completion ring, until the application has read them.

use syslet_abi::RecordWord;

use crate::queues::batch::BATCH_DONE_BYTES;
use crate::queues::ring_buffer::words;

/// Words that stay free behind a record that is built in place: its builder wants room for a batch there, and would make the
/// memory longer with each record.
const BEHIND_WORDS: usize = BATCH_DONE_BYTES / 8;

/// The buffer to which the consumer moves completions: whole records, one behind the other.
#[derive(Debug)]
pub(crate) struct DrainBuffer {
    buffer: Vec<u64>,
    /// Where the first record not read begins, in words.
    start: usize,
    /// Where the last one ends.
    end: usize,
    records: usize,
}

/// Reads the records of a drain buffer; those not read stay.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    buffer: &'a [u64],
    start: &'a mut usize,
    records: &'a mut usize,
}

impl DrainBuffer {
    /// A drain buffer for records of `capacity` bytes in all; `None` when there is no memory.
    pub(crate) fn new(capacity: u64) -> Option<DrainBuffer> {
        let buffer = bytemuck::try_zeroed_slice_box(words(capacity)).ok()?;
        Some(DrainBuffer { buffer: buffer.into_vec(), start: 0, end: 0, records: 0 })
    }

    /// How many records it holds.
    pub(crate) fn len(&self) -> usize {
        self.records
    }

    /// Forgets the records that were not read.
    pub(crate) fn clear(&mut self) {
        self.records = 0;
    }

    pub(crate) fn read(&mut self) -> Reader<'_> {
        Reader { buffer: &self.buffer, start: &mut self.start, records: &mut self.records }
    }

    /// Room behind the last record, if the records not read leave as much.
    pub(crate) fn room_for(&mut self, record_words: usize) -> Option<&mut [u64]> {
        let at =
            DrainBuffer::place(&mut self.buffer, &mut self.start, &mut self.end, self.records, record_words)?;
        self.end += record_words;
        self.records += 1;
        Some(&mut self.buffer[at..at + record_words])
    }

    /// Whether a record of so many words can be built in place.
    pub(crate) fn has_place_for(&self, record_words: usize) -> bool {
        self.records == 0 || self.end - self.start + record_words + BEHIND_WORDS <= self.buffer.len()
    }

    /// Exchanges its memory with `other`: a thread that builds completions itself builds them in place.
    #[inline(always)]
    pub(crate) fn swap(&mut self, other: &mut Vec<u64>) {
        std::mem::swap(&mut self.buffer, other);
    }

    /// Where a record of at most so many words can be built, in the memory that was taken by [`DrainBuffer::swap`].
    #[inline(always)]
    pub(crate) fn place_for(&mut self, record_words: usize, memory: &mut [u64]) -> Option<usize> {
        let words = record_words + BEHIND_WORDS;
        DrainBuffer::place(memory, &mut self.start, &mut self.end, self.records, words)
    }

    /// Adds the record that was built at that place.
    #[inline(always)]
    pub(crate) fn commit(&mut self, at: usize, record_words: usize) {
        self.end = at + record_words;
        self.records += 1;
    }

    #[inline(always)]
    fn place(
        memory: &mut [u64],
        start: &mut usize,
        end: &mut usize,
        records: usize,
        record_words: usize,
    ) -> Option<usize> {
        if records == 0 {
            (*start, *end) = (0, 0);
        } else if *end + record_words > memory.len() {
            // Without this move an application that always leaves a record unread would find the buffer full for ever.
            memory.copy_within(*start..*end, 0);
            (*start, *end) = (0, *end - *start);
        }
        (*end + record_words <= memory.len()).then_some(*end)
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = &'a [u64];

    fn next(&mut self) -> Option<&'a [u64]> {
        *self.records = self.records.checked_sub(1)?;
        let start = *self.start;
        *self.start += words(u64::from(RecordWord::unpack(self.buffer[start]).len));
        Some(&self.buffer[start..*self.start])
    }
}

#[cfg(test)]
#[cfg(not(syslet_loom))]
mod tests {
    use super::*;

    /// A buffer that the system has no memory for is not made, and the process is not aborted.
    #[test]
    fn more_than_there_is() {
        assert!(DrainBuffer::new(1 << 60).is_none());
        assert_eq!(DrainBuffer::new(4096).map(|drain_buffer| drain_buffer.len()), Some(0));
    }
}
