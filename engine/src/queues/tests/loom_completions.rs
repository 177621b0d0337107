//! Tests every interleaving of the whole cycle: accept with credit, publish, claim, post, drain, zero, accept again.

use loom::thread;

use crate::queues::batch::Batch;
use crate::queues::completion_queue::{Completions, Consumer, hidden};
use crate::queues::credit::Credit;
use crate::queues::drain_buffer::DrainBuffer;
use crate::queues::submission_queue::{Producer, Submissions};
use crate::queues::tests::heap::Heap;
use crate::queues::tests::records::{completion, number_of, submission};
use crate::slots::dispatch::DispatchFlags;
use crate::sys::sync::{Arc, Ordering};

const DONE_WORDS: usize = 3;
const DONE_BYTES: u64 = 8 * DONE_WORDS as u64;

/// A ticket with this bit is of a call with a hidden success.
const HIDDEN: u64 = 1 << 40;

/// The ends of both rings that the posting threads share.
#[derive(Clone)]
struct Poster {
    submissions: Arc<Submissions<Heap>>,
    completions: Arc<Completions<Heap>>,
}

/// The submitter's side.
struct Submitter {
    producer: Producer<Heap>,
    consumer: Consumer<Heap>,
    credit: Credit,
    drain_buffer: DrainBuffer,
    memory: Heap,
    got: Vec<u64>,
}

/// A completion ring of eight words: with records of three, two can be in flight, and the third meets a PAD.
fn pair() -> (Submitter, Poster) {
    let submissions = Arc::new(Submissions::new(Heap::zeroed(1), Heap::zeroed(1), Heap::zeroed(16), 16));
    let memory = Heap::zeroed(8);
    let completions = Arc::new(Completions::new(Heap::zeroed(1), memory.clone()));
    let submitter = Submitter {
        producer: Producer::new(Arc::clone(&submissions)),
        consumer: Consumer::new(Arc::clone(&completions), Heap::zeroed(1)),
        credit: Credit::new(64, DONE_BYTES),
        drain_buffer: DrainBuffer::new(64).unwrap(),
        memory,
        got: Vec::new(),
    };
    (submitter, Poster { submissions, completions })
}

impl Submitter {
    fn accept(&mut self, ticket: u64) -> bool {
        if !self.credit.take(DONE_BYTES) {
            return false;
        }
        let record = submission(ticket, 2);
        self.producer.claim(record.len() as u64).expect("room for all").commit(
            &record,
            ticket,
            DispatchFlags::PLAIN,
        );
        self.producer.publish();
        true
    }

    fn drain(&mut self) {
        self.consumer.drain(&mut self.drain_buffer, |ticket, _| {
            self.credit.give_back(DONE_BYTES);
            ticket
        });
        self.got.extend(self.drain_buffer.read().map(number_of));
    }

    /// Everything is over: each number came once, the memory is clean, the credit whole.
    fn settle(mut self, poster: &Poster, expected: &[u64]) {
        while poster.run_one() {}
        self.drain();
        self.got.sort_unstable();
        assert_eq!(self.got, expected, "each exactly once");
        assert!(self.memory.iter().all(|word| word.load(Ordering::Relaxed) == 0), "consumed words are zero");
        assert!(self.credit.take(2 * DONE_BYTES) && !self.credit.take(8), "the credit is whole, and no more");
    }
}

impl Poster {
    /// Takes one submission and posts its completion; says whether there was one.
    fn run_one(&self) -> bool {
        let mut batch = Batch::new();
        if self.submissions.take(&mut batch, || u64::MAX).expect("whole records") == 0 {
            return false;
        }
        let ticket = number_of(batch.record(0));
        if ticket & HIDDEN != 0 {
            let done = hidden(ticket);
            self.completions.post(&done);
        } else {
            self.completions.post(&completion(ticket, DONE_WORDS));
        }
        true
    }
}

/// Two threads post; the submitter accepts `third` as soon as it can.
fn explore(first: [u64; 2], third: u64, expected: &'static [u64]) {
    loom::model(move || {
        let (mut submitter, poster) = pair();
        assert!(first.into_iter().all(|ticket| submitter.accept(ticket)));
        let threads: Vec<_> = [2, 1]
            .into_iter()
            .map(|calls| {
                let poster = poster.clone();
                thread::spawn(move || (0..calls).map(|_| poster.run_one()).filter(|&ran| ran).count())
            })
            .collect();
        submitter.drain();
        let accepted = submitter.accept(third);
        submitter.drain();
        let ran: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        assert!(ran <= 3, "no submission is run twice");
        if !accepted {
            while poster.run_one() {}
            submitter.drain();
            assert!(submitter.accept(third), "all credit is back");
        }
        submitter.settle(&poster, expected);
    });
}

/// RING-10, RING-12, RING-13, RING-14: a place that was consumed and zeroed is written again, by a thread that
/// learns of it only through the chain of claims; nothing is lost.
#[test]
fn loom_no_completion_is_lost_to_the_zeroing() {
    explore([1, 2], 3, &[1, 2, 3]);
}

/// RING-11: a hidden success ends its call: its credit comes back, and the application sees no completion.
#[test]
fn loom_credit_of_a_hidden_success_comes_back() {
    explore([1, HIDDEN | 2], 3, &[1, 3]);
}

/// RING-5: a dropped claim becomes a PAD, which is skipped.
#[test]
fn loom_a_dropped_claim_is_skipped() {
    loom::model(|| {
        let (mut submitter, poster) = pair();
        assert!(submitter.accept(1));
        let other = poster.clone();
        let thread = thread::spawn(move || {
            other.completions.skip(16);
            other.run_one()
        });
        poster.run_one();
        submitter.drain();
        thread.join().unwrap();
        submitter.settle(&poster, &[1]);
    });
}
