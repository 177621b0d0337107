//! Holds the words of one ring and where a position lies among them, for the two rings of `queues`.

use std::ops::Deref;

use syslet_abi::{Kind, RecordWord};

use crate::sys::sync::{AtomicU64, Ordering};

/// Memory shared by the ends of a ring: mapped, on the heap, or loom's.
pub(crate) trait Words: Deref<Target = [AtomicU64]> {}

impl<T: Deref<Target = [AtomicU64]>> Words for T {}

/// The words of one ring. Positions are bytes, only grow, and are masked on use.
#[derive(Debug)]
pub(crate) struct RingBuffer<W> {
    /// INVARIANT: the number of words is a power of two.
    words: W,
}

impl<W: Words> RingBuffer<W> {
    pub(crate) fn new(words: W) -> RingBuffer<W> {
        assert!(words.len().is_power_of_two(), "a ring's size is a power of two");
        RingBuffer { words }
    }

    /// Size of the ring in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        8 * self.words.len() as u64
    }

    /// Bytes from a position to the ring's end.
    pub(crate) fn to_end(&self, position: u64) -> u64 {
        self.bytes() - (position & (self.bytes() - 1))
    }

    /// The word at a position.
    pub(crate) fn word(&self, position: u64) -> &AtomicU64 {
        &self.words[self.index(position)]
    }

    /// The words of a record at a position.
    ///
    /// # Panics
    /// When the record crosses the end; records never do.
    pub(crate) fn record(&self, position: u64, bytes: u64) -> &[AtomicU64] {
        let from = self.index(position);
        &self.words[from..from + words(bytes)]
    }

    /// The first word of the record at a position; it may be garbage.
    pub(crate) fn head_of(&self, position: u64, order: Ordering) -> RecordWord {
        RecordWord::unpack(self.word(position).load(order))
    }

    #[allow(clippy::cast_possible_truncation, reason = "masked to the number of words")]
    fn index(&self, position: u64) -> usize {
        (position / 8) as usize & (self.words.len() - 1)
    }
}

/// How many words a record of so many bytes has.
#[allow(clippy::cast_possible_truncation, reason = "records are shorter than the ring, which is in memory")]
pub(crate) const fn words(bytes: u64) -> usize {
    (bytes / 8) as usize
}

/// A record's length in bytes from its number of words.
pub(crate) const fn bytes(words: usize) -> u64 {
    8 * words as u64
}

/// The first word of a PAD of so many bytes.
#[allow(clippy::cast_possible_truncation, reason = "a pad is shorter than a ring, and that than 4 GiB")]
pub(crate) const fn pad(bytes: u64, flags: u16) -> u64 {
    RecordWord { len: bytes as u32, kind: Kind::PAD, flags }.pack()
}
