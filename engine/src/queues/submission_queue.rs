//! Holds the submission ring: its one producer, the `Ring`, writes and publishes; the `Ring` and the workers copy and take.

use syslet_abi::{Kind, RecordWord, USER_DATA_OFFSET};

use crate::queues::batch::{Batch, CLAIM_MAX};
use crate::queues::ring_buffer::{RingBuffer, Words, pad, words};
use crate::slots::dispatch::DispatchFlags;
use crate::sys::sync::{Arc, AtomicU64, Ordering};

/// The end that consumers share.
#[derive(Debug)]
pub(crate) struct Submissions<W> {
    /// How far records are taken.
    head: W,
    /// How far records are published.
    tail: W,
    buffer: RingBuffer<W>,
    record_max: u64,
}

/// The end of the one producer.
#[derive(Debug)]
pub(crate) struct Producer<W> {
    ring: Arc<Submissions<W>>,
    /// How far records are written; `tail` is how far they are published.
    next: u64,
    published: u64,
    /// The last `head` seen: it only grows, so free room stays free.
    head_seen: u64,
}

/// No room until consumers have taken more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Full;

/// The ring holds a word that begins no record: memory has been overwritten.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Broken;

/// Room for one record, claimed. Dropped without `commit`, nothing has happened.
#[derive(Debug)]
#[must_use]
pub(crate) struct Room<'a, W: Words> {
    producer: &'a mut Producer<W>,
    at: u64,
    len: u64,
}

impl<W: Words> Submissions<W> {
    /// A ring over zeroed words. The first word of each of the slices `head` and `tail` is the position.
    pub(crate) fn new(head: W, tail: W, ring: W, record_max: u64) -> Submissions<W> {
        Submissions { head, tail, buffer: RingBuffer::new(ring), record_max }
    }

    /// How far records are published.
    pub(crate) fn published(&self) -> u64 {
        // Acquire pairs with the release store of `tail` in `Producer::publish` (S3): a position that `RingState::open_to` opens
        // then covers records that this thread sees.
        self.tail[0].load(Ordering::Acquire)
    }

    /// Whether nothing published is left to take. A glance: other threads may take or publish just now.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.queued_bytes() == 0
    }

    /// Published and not taken, in bytes; a glance as well.
    #[inline]
    pub(crate) fn queued_bytes(&self) -> u64 {
        // Acquire pairs with the exchange of `head` in `take` (S6). `head` is loaded first, so that the `tail` loaded after it is
        // never behind it: the difference would wrap.
        let head = self.head[0].load(Ordering::Acquire);
        self.tail[0].load(Ordering::Relaxed) - head
    }

    /// Whether nothing published before `end` is left to take; a glance.
    #[inline]
    pub(crate) fn is_empty_before(&self, end: u64) -> bool {
        self.queued_bytes_before(end) == 0
    }

    /// Published before `end` and not taken, in bytes; a glance.
    #[inline]
    pub(crate) fn queued_bytes_before(&self, end: u64) -> u64 {
        // As in `queued_bytes`; `end` may lie behind `head`, so the difference saturates.
        let head = self.head[0].load(Ordering::Acquire);
        self.tail[0].load(Ordering::Relaxed).min(end).saturating_sub(head)
    }

    /// Takes the next record, and with it those behind it that cannot sleep, as far as they may be taken. `end` is called
    /// once the ring is known to hold a record, and gives a position where a record ends. Nothing is taken when it gives 0.
    pub(crate) fn take(&self, batch: &mut Batch, end: impl Fn() -> u64) -> Result<usize, Broken> {
        // S4: acquire pairs with the exchange of `head` below (S6) in another consumer; the `tail` loaded after it is never
        // behind it.
        let mut head = self.head[0].load(Ordering::Acquire);
        loop {
            // S4: acquire pairs with the release store in `Producer::publish` (S3). Without it `copy` could read words that the
            // producer has not written yet, and the exchange would succeed.
            let tail = self.tail[0].load(Ordering::Acquire);
            batch.clear();
            if head == tail {
                return Ok(0);
            }
            // Records before `tail` are whole, also when `end` gives a later position.
            let tail = tail.min(end());
            if head >= tail {
                return Ok(0);
            }
            let end = self.copy(head, tail, batch);
            // S6: release pairs with the acquire load of `head` in `Producer::is_free` (S1). Without it the loads of `copy` could
            // come after it, and read words that the producer has written over. Nothing is read after it that S4 has not
            // acquired; acquire on failure makes `moved` a `head` as S4 loads it.
            match self.head[0].compare_exchange(head, end, Ordering::Release, Ordering::Acquire) {
                Ok(_) if end == head => return Err(Broken),
                Ok(_) => return Ok(batch.len()),
                Err(moved) => head = moved,
            }
        }
    }

    /// Takes the next records as long as their calls, named by tickets, are dead.
    fn take_dead(&self, is_dead: impl Fn(u64) -> bool) {
        // S4, as in `take`: `head` pairs with its exchange (S6), `tail` with the store in `Producer::publish` (S3).
        let mut head = self.head[0].load(Ordering::Acquire);
        loop {
            let tail = self.tail[0].load(Ordering::Acquire);
            let word = self.buffer.head_of(head, Ordering::Relaxed);
            if head == tail || !self.may_stand_at(head, word, tail) {
                // The ring is empty, or another consumer has taken the record, or the ring is broken, which `take` reports.
                return;
            }
            let len = u64::from(word.len);
            if word.kind != Kind::PAD {
                let ticket = self.buffer.record(head, len)[USER_DATA_OFFSET / 8].load(Ordering::Relaxed);
                if !is_dead(ticket) {
                    return;
                }
            }
            // S6: if it succeeds, the words read were those of the record. Release pairs with the load of `head` in
            // `Producer::is_free` (S1): the read of the ticket stays before it.
            let taken = self.head[0].compare_exchange(head, head + len, Ordering::Release, Ordering::Acquire);
            head = taken.map_or_else(|moved| moved, |_| head + len);
        }
    }

    /// S5: copies records from `at`, as many as one claim may take, and gives the position behind them. Until the
    /// claim succeeds every word here may be garbage, so a word that cannot begin a record ends the walk.
    fn copy(&self, mut at: u64, tail: u64, batch: &mut Batch) -> u64 {
        while at < tail && batch.len() < CLAIM_MAX {
            let word = self.buffer.head_of(at, Ordering::Relaxed);
            if !self.may_stand_at(at, word, tail) {
                break;
            }
            let len = u64::from(word.len);
            if word.kind != Kind::PAD {
                let Some(copy) = batch.room_for(word, words(len)) else { break };
                // Relaxed: the load of `tail` in `take` (S4) has acquired the words, and its exchange of `head` (S6) confirms them.
                for (to, from) in copy.iter_mut().zip(self.buffer.record(at, len)) {
                    *to = from.load(Ordering::Relaxed);
                }
                if !batch.keeps_last() {
                    break;
                }
            }
            at += len;
        }
        at
    }

    /// Whether a record with this first word can begin at `at`: its length is possible, it is published whole, it
    /// does not cross the end, and a PAD reaches it.
    fn may_stand_at(&self, at: u64, word: RecordWord, tail: u64) -> bool {
        let (len, to_end) = (u64::from(word.len), self.buffer.to_end(at));
        len != 0
            && len.is_multiple_of(8)
            && len <= self.record_max.min(tail - at)
            && if word.kind == Kind::PAD { len == to_end } else { len <= to_end }
    }
}

impl<W: Words> Producer<W> {
    /// The producer of a ring, which goes on where its positions stand.
    pub(crate) fn new(ring: Arc<Submissions<W>>) -> Producer<W> {
        // Acquire as in `is_free` (S1); `tail` relaxed: the producer alone writes it.
        let (head_seen, next) = (ring.head[0].load(Ordering::Acquire), ring.tail[0].load(Ordering::Relaxed));
        Producer { ring, next, published: next, head_seen }
    }

    /// Whether a record of `len` bytes has no room now.
    #[inline]
    pub(crate) fn is_full(&mut self, len: u64) -> bool {
        let to_end = self.ring.buffer.to_end(self.next);
        let padding = if len > to_end { to_end } else { 0 };
        !self.is_free(padding + len)
    }

    /// Forgets the records of dead calls, which `is_dead` knows by their tickets: the oldest of the published records, and
    /// the latest of the others. Says whether a record of `len` bytes has room then.
    #[cold]
    pub(crate) fn make_room(&mut self, len: u64, is_dead: impl Fn(u64) -> bool) -> bool {
        self.ring.take_dead(&is_dead);
        let (mut at, mut end) = (self.published, self.published);
        while at < self.next {
            let word = self.ring.buffer.head_of(at, Ordering::Relaxed);
            let len = u64::from(word.len);
            let ticket = |record: &[AtomicU64]| record[USER_DATA_OFFSET / 8].load(Ordering::Relaxed);
            at += len;
            if word.kind != Kind::PAD && !is_dead(ticket(self.ring.buffer.record(at - len, len))) {
                end = at;
            }
        }
        self.next = end;
        !self.is_full(len)
    }

    /// Claims room for a record of `len` bytes, which is at most `record_max`.
    #[inline]
    pub(crate) fn claim(&mut self, len: u64) -> Result<Room<'_, W>, Full> {
        debug_assert!(len <= self.ring.record_max && len.is_multiple_of(8));
        let to_end = self.ring.buffer.to_end(self.next);
        let padding = if len > to_end { to_end } else { 0 };
        if !self.is_free(padding + len) {
            return Err(Full);
        }
        if padding > 0 {
            self.ring.buffer.word(self.next).store(pad(padding, 0), Ordering::Relaxed);
        }
        let at = self.next + padding;
        Ok(Room { producer: self, at, len })
    }

    /// Publishes the committed records. Gives their bytes.
    pub(crate) fn publish(&mut self) -> u64 {
        let news = self.next - self.published;
        if news > 0 {
            // S3: release pairs with the acquire loads of `tail` in `Submissions::take` and `published` (S4). Without it a consumer
            // could see the position before the words that `Room::commit` has stored.
            self.ring.tail[0].store(self.next, Ordering::Release);
            self.published = self.next;
        }
        news
    }

    /// How far records are published.
    pub(crate) fn published(&self) -> u64 {
        self.published
    }

    /// Whether a record was written and not published.
    #[inline]
    pub(crate) fn has_unpublished(&self) -> bool {
        self.next > self.published
    }

    /// Written and not taken, in bytes. A glance, so relaxed: nothing is read or written because of it.
    pub(crate) fn queued_bytes(&self) -> u64 {
        self.next - self.ring.head[0].load(Ordering::Relaxed)
    }

    /// Takes back the unpublished records: gives them to `keep`, in order.
    pub(crate) fn withdraw(&mut self, mut keep: impl FnMut(&[u64])) {
        let (mut at, mut record) = (self.published, Vec::new());
        while at < self.next {
            let word = self.ring.buffer.head_of(at, Ordering::Relaxed);
            let len = u64::from(word.len);
            if word.kind != Kind::PAD {
                record.clear();
                let words = self.ring.buffer.record(at, len).iter();
                record.extend(words.map(|word| word.load(Ordering::Relaxed)));
                keep(&record);
            }
            at += len;
        }
        self.next = self.published;
    }

    fn is_free(&mut self, len: u64) -> bool {
        let limit = (self.next + len).saturating_sub(self.ring.buffer.bytes());
        if self.head_seen < limit {
            // S1: acquire pairs with the exchange of `head` in `Submissions::take` and `take_dead` (S6). Without it the stores of
            // `claim` and `Room::commit` could reach words that a consumer still copies.
            self.head_seen = self.ring.head[0].load(Ordering::Acquire);
        }
        self.head_seen >= limit
    }
}

impl<W: Words> Room<'_, W> {
    /// Writes a record with its ticket in the place of user_data, and its dispatch flags; `Producer::publish` publishes it.
    #[inline]
    pub(crate) fn commit(self, record: &[u8], ticket: u64, dispatch: DispatchFlags) {
        let words =
            record.chunks_exact(8).map(|word| u64::from_ne_bytes(word.try_into().unwrap_or_default()));
        let place = self.producer.ring.buffer.record(self.at, self.len);
        debug_assert_eq!(8 * place.len(), record.len(), "room and record have one length");
        // S2: relaxed; the release store of `tail` in `Producer::publish` (S3) publishes the words.
        for (to, word) in place.iter().zip(words) {
            to.store(word, Ordering::Relaxed);
        }
        place[0].store(dispatch.on(RecordWord::at(record)), Ordering::Relaxed);
        place[USER_DATA_OFFSET / 8].store(ticket, Ordering::Relaxed);
        self.producer.next = self.at + self.len;
    }
}
