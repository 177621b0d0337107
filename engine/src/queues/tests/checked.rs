//! Holds both rings beside models of a few obvious lines, for the tests beside it: each operation is done to both and compared.

use std::collections::VecDeque;

use crate::queues::batch::{BATCH_MAX, Batch};
use crate::queues::completion_queue::{Completions, Consumer, hidden};
use crate::queues::credit::Credit;
use crate::queues::drain_buffer::DrainBuffer;
use crate::queues::submission_queue::{Producer, Submissions};
use crate::queues::tests::heap::Heap;
use crate::queues::tests::records::{completion, number_of, submission};
use crate::slots::dispatch::DispatchFlags;
use crate::sys::sync::Arc;

/// A queued submission as the model knows it.
#[derive(Clone, Copy)]
struct Queued {
    ticket: u64,
    words: usize,
    dispatch: DispatchFlags,
    /// Where it ends, counted in words from the beginning of time.
    end: usize,
}

/// The submission ring and its model.
pub(crate) struct CheckedSubmissions {
    producer: Producer<Heap>,
    ring: Arc<Submissions<Heap>>,
    batch: Batch,
    ring_words: usize,
    next_ticket: u64,
    written: VecDeque<Queued>,
    published: usize,
    next: usize,
    head: usize,
}

impl CheckedSubmissions {
    pub(crate) fn new(ring_words: usize, record_words_max: usize) -> CheckedSubmissions {
        let record_max = 8 * record_words_max as u64;
        let memory = Heap::zeroed(ring_words);
        let ring = Arc::new(Submissions::new(Heap::zeroed(1), Heap::zeroed(1), memory, record_max));
        CheckedSubmissions {
            producer: Producer::new(Arc::clone(&ring)),
            ring,
            batch: Batch::new(),
            ring_words,
            next_ticket: 1,
            written: VecDeque::new(),
            published: 0,
            next: 0,
            head: 0,
        }
    }

    /// Pushes without publishing. Refused exactly when record and padding do not fit behind the records not taken.
    pub(crate) fn push(&mut self, words: usize, dispatch: DispatchFlags) {
        let place = self.next % self.ring_words;
        let padding = if place + words > self.ring_words { self.ring_words - place } else { 0 };
        let end = self.next + padding + words;
        let record = submission(self.next_ticket, words);
        let room = self.producer.claim(record.len() as u64);
        assert_eq!(room.is_ok(), end - self.head <= self.ring_words, "full exactly when there is no room");
        if let Ok(room) = room {
            room.commit(&record, self.next_ticket, dispatch);
            self.written.push_back(Queued { ticket: self.next_ticket, words, dispatch, end });
            (self.next, self.next_ticket) = (end, self.next_ticket + 1);
        }
    }

    pub(crate) fn publish(&mut self) {
        let news = self.producer.publish() > 0;
        assert_eq!(news, self.published < self.written.len(), "news exactly when something was written");
        self.published = self.written.len();
    }

    /// Claims once: the first published record, and those that cannot sleep behind one that cannot; with those that
    /// sleep for storage `storage_max`.
    pub(crate) fn take(&mut self, storage_max: usize) {
        self.batch.allow_storage(storage_max);
        let most = |queued: &Queued| match queued.dispatch {
            DispatchFlags::INSTANT => BATCH_MAX,
            DispatchFlags::STORAGE => storage_max,
            _ => 1,
        };
        let published = || self.written.iter().take(self.published);
        let fits = |count: &usize| published().take(*count).all(|queued| *count <= most(queued));
        let expected = (0..=self.published).filter(fits).max().unwrap_or_default();
        assert_eq!(self.ring.take(&mut self.batch, || u64::MAX), Ok(expected));
        for index in 0..expected {
            let queued = self.written.pop_front().expect("the model has as many");
            let record = self.batch.record(index);
            assert_eq!(DispatchFlags::of(record[0]), queued.dispatch, "the dispatch flags are as pushed");
            assert_eq!((number_of(record), record.len()), (queued.ticket, queued.words));
            self.head = queued.end;
        }
        self.published -= expected;
        if self.published > 0 && expected < BATCH_MAX {
            // A claim that stops before a record has taken the PAD in front of it.
            self.head = self.written[0].end - self.written[0].words;
        }
    }

    /// Takes everything.
    pub(crate) fn finish(mut self) {
        self.publish();
        while self.published > 0 {
            self.take(1);
        }
        self.take(1);
    }
}

/// A completion in flight as the model knows it.
struct Running {
    number: u64,
    worst: u64,
}

/// The completion ring with its credit, and its model.
pub(crate) struct CheckedCompletions {
    completions: Arc<Completions<Heap>>,
    consumer: Consumer<Heap>,
    credit: Credit,
    drain_buffer: DrainBuffer,
    usable: u64,
    next_number: u64,
    running: VecDeque<Running>,
    /// Number, words (0 of a hidden success) and the credit it holds.
    posted: VecDeque<(u64, usize, u64)>,
    held: u64,
}

impl CheckedCompletions {
    pub(crate) fn new(ring_words: usize, record_words_max: usize) -> CheckedCompletions {
        let completions = Arc::new(Completions::new(Heap::zeroed(1), Heap::zeroed(ring_words)));
        let (ring_bytes, record_max) = (8 * ring_words as u64, 8 * record_words_max as u64);
        CheckedCompletions {
            consumer: Consumer::new(Arc::clone(&completions), Heap::zeroed(1)),
            completions,
            credit: Credit::new(ring_bytes, record_max),
            drain_buffer: DrainBuffer::new(ring_bytes).unwrap(),
            usable: ring_bytes - (record_max - 8),
            next_number: 1,
            running: VecDeque::new(),
            posted: VecDeque::new(),
            held: 0,
        }
    }

    /// Accepts a call that has a completion of at most so many words. Refused exactly when the credit is used up.
    pub(crate) fn accept(&mut self, worst_words: usize) {
        let worst = 8 * worst_words as u64;
        let accepted = self.credit.take(worst);
        assert_eq!(accepted, self.held + worst <= self.usable, "credit exactly as long as there is room");
        if accepted {
            self.held += worst;
            self.running.push_back(Running { number: self.next_number, worst });
            self.next_number += 1;
        }
    }

    /// Ends the oldest call with a completion of at most so many words, or a hidden success.
    pub(crate) fn post(&mut self, words: usize) {
        let Some(Running { number, worst }) = self.running.pop_front() else { return };
        let words = words.min(usize::try_from(worst / 8).expect("short"));
        let done = if words > 0 { completion(number, words) } else { hidden(number).to_vec() };
        self.completions.post(&done);
        self.posted.push_back((number, words, worst));
    }

    /// Consumes everything that is ready.
    pub(crate) fn drain(&mut self) {
        assert_eq!(self.consumer.is_ready(), !self.posted.is_empty());
        let mut posted = std::mem::take(&mut self.posted).into_iter();
        let mut expected = Vec::new();
        let has_room = self.consumer.drain(&mut self.drain_buffer, |ticket, _| {
            let (number, words, worst) = posted.next().expect("only what was posted is consumed");
            assert_eq!(ticket, number, "in the order posted");
            self.credit.give_back(worst);
            self.held -= worst;
            expected.extend((words > 0).then_some((number, words)));
            ticket
        });
        assert!(has_room && posted.next().is_none(), "everything posted is consumed");
        let read: Vec<_> = self.drain_buffer.read().map(|record| (number_of(record), record.len())).collect();
        assert_eq!(read, expected);
    }

    /// Ends everything; all credit is back then.
    pub(crate) fn finish(mut self) {
        while !self.running.is_empty() {
            self.post(2);
            self.drain();
        }
        self.drain();
        assert_eq!(self.held, 0);
        assert!(self.credit.take(self.usable) && !self.credit.take(8), "all credit is back, and no more");
    }
}
