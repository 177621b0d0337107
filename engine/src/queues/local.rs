//! Holds the queue of calls that only the submitter may run, which `Ring` pushes to and pops from, and no worker sees.

use std::collections::{TryReserveError, VecDeque};

use syslet_abi::{RecordWord, USER_DATA_OFFSET};

use crate::queues::batch::Batch;
use crate::queues::ring_buffer::words;
use crate::slots::dispatch::DispatchFlags;

/// The submitter's own queue: records as they stand in the ring, one behind the other.
#[derive(Debug)]
pub(crate) struct LocalQueue {
    queue: VecDeque<u64>,
    /// It holds no more than the ring.
    words_max: usize,
}

impl LocalQueue {
    /// A queue with memory reserved for all it may hold.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn new(ring_bytes: u64) -> Result<LocalQueue, TryReserveError> {
        let words_max = words(ring_bytes);
        let mut queue = VecDeque::new();
        queue.try_reserve_exact(words_max)?;
        Ok(LocalQueue { queue, words_max })
    }

    /// Whether a record of `len` bytes has no room now.
    #[inline]
    pub(crate) fn is_full(&self, len: usize) -> bool {
        self.queue.len() + len / 8 > self.words_max
    }

    /// Forgets the oldest records as long as their calls, named by tickets, are dead; says whether a record of `len` bytes
    /// has room then.
    #[cold]
    pub(crate) fn make_room(&mut self, len: usize, is_dead: impl Fn(u64) -> bool) -> bool {
        while let (Some(&first), Some(&ticket)) = (self.queue.front(), self.queue.get(USER_DATA_OFFSET / 8)) {
            if !is_dead(ticket) {
                break;
            }
            self.queue.drain(..words(u64::from(RecordWord::unpack(first).len)));
        }
        !self.is_full(len)
    }

    /// Appends a record, with its ticket in the place of user_data, and its dispatch flags.
    pub(crate) fn push(&mut self, record: &[u8], ticket: u64, dispatch: DispatchFlags) {
        let start = self.queue.len();
        let words =
            record.chunks_exact(8).map(|word| u64::from_ne_bytes(word.try_into().unwrap_or_default()));
        self.queue.extend(words);
        self.queue[start] = dispatch.on(RecordWord::at(record));
        self.queue[start + USER_DATA_OFFSET / 8] = ticket;
    }

    /// Appends a record that stood in the ring. Ring and queue together hold no more than was accepted, so it has room.
    pub(crate) fn take_over(&mut self, record: &[u64]) {
        self.queue.extend(record);
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Moves the oldest record to the batch.
    pub(crate) fn pop(&mut self, batch: &mut Batch) -> bool {
        let Some(&first) = self.queue.front() else { return false };
        batch.put(self.queue.drain(..words(u64::from(RecordWord::unpack(first).len))));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ENGINE-34: a queue that the system has no memory for is not made; one that is made needs no more memory when it is full.
    #[test]
    fn memory_is_asked_for_once() {
        assert!(LocalQueue::new(1 << 60).is_err());
        let queue = LocalQueue::new(1 << 16).unwrap();
        assert!(queue.queue.capacity() >= words(1 << 16));
    }
}
