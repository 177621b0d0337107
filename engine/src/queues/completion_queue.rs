//! Holds the completion ring: `Ring` and `RingState::post` claim and fill, the one consumer in `Ring` copies out and zeroes.

use syslet_abi::{DoneFlags, Kind, USER_DATA_OFFSET};

use crate::queues::drain_buffer::DrainBuffer;
use crate::queues::ring_buffer::{RingBuffer, Words, bytes, pad};
use crate::slots::abandon::BACK_BYTES;
use crate::sys::sync::{Arc, AtomicU64, Ordering};

/// Flag of a PAD that ends a call with a hidden success: its second word is the call's ticket.
const HIDDEN: u16 = 1;

/// The words that end a call with a hidden success.
pub(crate) const fn hidden(ticket: u64) -> [u64; 2] {
    [pad(16, HIDDEN), ticket]
}

/// Flag of a PAD that says that the worker of an abandoned call is back: its second word is the call's ticket.
const BACK: u16 = 2;

/// The words that say that the worker of an abandoned call is back.
pub(crate) const fn back(ticket: u64) -> [u64; 2] {
    [pad(BACK_BYTES, BACK), ticket]
}

/// Until it is consumed a completion has its call's ticket where the user's word will stand: only the submitter
/// touches slots.
const TICKET_WORD: usize = USER_DATA_OFFSET / 8;

/// The end that producers share.
#[derive(Debug)]
pub(crate) struct Completions<W> {
    /// How far room is claimed.
    tail: W,
    buffer: RingBuffer<W>,
}

/// The end of the one consumer.
#[derive(Debug)]
pub(crate) struct Consumer<W> {
    ring: Arc<Completions<W>>,
    /// How far records are consumed; `published_head` says so to a process that shares the ring.
    head: u64,
    published_head: W,
}

/// Room for one record, claimed, and filled at once by [`Completions::post`] (RING-15). Dropped without `commit`, it becomes a PAD.
#[derive(Debug)]
#[must_use]
struct Room<'a, W: Words> {
    ring: &'a Completions<W>,
    at: u64,
    len: u64,
}

impl<W: Words> Completions<W> {
    /// A ring over zeroed words. The first word of the slice `tail` is the position.
    pub(crate) fn new(tail: W, ring: W) -> Completions<W> {
        Completions { tail, buffer: RingBuffer::new(ring) }
    }

    /// Posts the records of one or several calls, which are one record to the ring. Their credit is held, so they fit.
    #[inline(always)]
    pub(crate) fn post(&self, records: &[u64]) {
        self.claim(bytes(records.len())).commit(records);
    }

    /// Claims room, and fills it with nothing, as a thread does that ends in between.
    #[cfg(test)]
    #[cfg(syslet_loom)]
    pub(super) fn skip(&self, len: u64) {
        drop(self.claim(len));
    }

    /// Claims room for a record of `len` bytes.
    fn claim(&self, len: u64) -> Room<'_, W> {
        let tail = &self.tail[0];
        let mut at = tail.load(Ordering::Relaxed);
        loop {
            let to_end = self.buffer.to_end(at);
            let padding = if len > to_end { to_end } else { 0 };
            // C1: acquire pairs with the release of this exchange in the claims before, release with the acquire in those after.
            // One of the chain is of a call that was accepted with credit that `Consumer::drain` has given back, so the zeroing
            // (`clear`, C5) happens before the stores of `Room::commit` (RING-13). Without the chain a zero could overwrite the
            // record.
            match tail.compare_exchange_weak(at, at + padding + len, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => {
                    if padding > 0 {
                        // C3, relaxed: the acquire load in `Consumer::drain` (C4) has no other words of a PAD to see.
                        self.buffer.word(at).store(pad(padding, 0), Ordering::Relaxed);
                    }
                    return Room { ring: self, at: at + padding, len };
                }
                Err(moved) => at = moved,
            }
        }
    }
}

/// C5: relaxed; the chain of claims (C1) orders it before the next stores of `Room::commit` at this place (RING-13).
fn clear(word: &AtomicU64) {
    word.store(0, Ordering::Relaxed);
}

impl<W: Words> Room<'_, W> {
    /// Fills the room with the record; both have one length.
    #[inline]
    fn commit(self, record: &[u64]) {
        let place = self.ring.buffer.record(self.at, self.len);
        debug_assert_eq!(place.len(), record.len(), "room and record have one length");
        // C2: relaxed; the release store of the first word below (C3) publishes them.
        for (to, word) in place.iter().zip(record).skip(1) {
            to.store(*word, Ordering::Relaxed);
        }
        // C3: release pairs with the acquire load of the first word in `Consumer::drain` (C4). Without it the consumer could see
        // the first word before the others.
        place[0].store(record[0], Ordering::Release);
        std::mem::forget(self);
    }
}

impl<W: Words> Drop for Room<'_, W> {
    fn drop(&mut self) {
        // C3, relaxed: the acquire load in `Consumer::drain` (C4) has no other words of this PAD to see.
        self.ring.buffer.word(self.at).store(pad(self.len, 0), Ordering::Relaxed);
    }
}

impl<W: Words> Consumer<W> {
    /// The consumer of a ring, which goes on at the position in the first word of `published_head`.
    /// Relaxed: the consumer alone writes that word.
    pub(crate) fn new(ring: Arc<Completions<W>>, published_head: W) -> Consumer<W> {
        Consumer { ring, head: published_head[0].load(Ordering::Relaxed), published_head }
    }

    /// Whether a record is ready.
    pub(crate) fn is_ready(&self) -> bool {
        // Acquire as in `drain` (C4). The fence between `Wake`'s arming and this load pairs with the one in `Wake::notify`
        // (W2, W5), so a record that it misses wakes the sleeper.
        self.ring.buffer.head_of(self.head, Ordering::Acquire).len != 0
    }

    /// Moves the ready records into the drain buffer, as far as that has room. Each call is over with that: `settle` gets its
    /// ticket and the flags of the record, and gives the call's `user_data`. Says whether all ready records had room.
    #[inline(always)]
    pub(crate) fn drain(
        &mut self,
        drain_buffer: &mut DrainBuffer,
        mut settle: impl FnMut(u64, DoneFlags) -> u64,
    ) -> bool {
        let (from, mut has_room) = (self.head, true);
        loop {
            // C4: acquire pairs with the release store of the first word in `Room::commit` (C3). Without it the words copied below
            // could be older than the first one.
            let word = self.ring.buffer.head_of(self.head, Ordering::Acquire);
            let len = u64::from(word.len);
            if len == 0 {
                break;
            }
            let record = self.ring.buffer.record(self.head, len);
            if word.kind == Kind::PAD {
                if word.flags & HIDDEN != 0 {
                    settle(record[1].load(Ordering::Relaxed), DoneFlags::NONE);
                } else if word.flags & BACK != 0 {
                    let flags = DoneFlags::ABANDONED.with(DoneFlags::RELEASED);
                    settle(record[1].load(Ordering::Relaxed), flags);
                }
                record.iter().for_each(clear);
            } else if let Some(copy) = drain_buffer.room_for(record.len()) {
                for (to, from) in copy.iter_mut().zip(record) {
                    *to = from.load(Ordering::Relaxed);
                    clear(from);
                }
                copy[TICKET_WORD] = settle(copy[TICKET_WORD], DoneFlags(word.flags));
            } else {
                has_room = false;
                break;
            }
            self.head += len;
        }
        if self.head != from {
            // C6: release, for the acquire load of a peer in another process, which then sees the zeros (C5) behind the position.
            // In this process no thread loads it.
            self.published_head[0].store(self.head, Ordering::Release);
        }
        has_room
    }
}
