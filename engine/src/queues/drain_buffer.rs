//! Holds the completions that a `Ring` has copied out of its completion ring, until the application has read them.

use syslet_abi::RecordWord;

use crate::queues::ring_buffer::words;

/// The buffer to which the consumer moves completions: whole records, one behind the other.
#[derive(Debug)]
pub(crate) struct DrainBuffer {
    buffer: Box<[u64]>,
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
        Some(DrainBuffer { buffer, start: 0, end: 0, records: 0 })
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
        if self.records == 0 {
            (self.start, self.end) = (0, 0);
        } else if self.end + record_words > self.buffer.len() {
            // Without this move an application that always leaves a record unread would find the buffer full for ever.
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        let room = self.buffer.get_mut(self.end..self.end + record_words)?;
        self.end += record_words;
        self.records += 1;
        Some(room)
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
