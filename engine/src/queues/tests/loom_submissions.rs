//! Tests every interleaving of one producer and two consumers on a ring of eight words.

use loom::cell::UnsafeCell;
use loom::thread;

use crate::queues::batch::Batch;
use crate::queues::submission_queue::{Producer, Submissions};
use crate::queues::tests::heap::Heap;
use crate::queues::tests::records::{number_of, submission};
use crate::slots::dispatch::DispatchFlags;
use crate::sys::sync::{Arc, AtomicU64, Ordering};

/// Eight words hold two records of three; the third meets the end with two words left, which become a PAD.
const RECORD_WORDS: usize = 3;

fn ring() -> (Producer<Heap>, Arc<Submissions<Heap>>) {
    let ring = Submissions::new(Heap::zeroed(1), Heap::zeroed(1), Heap::zeroed(8), 8 * RECORD_WORDS as u64);
    let ring = Arc::new(ring);
    (Producer::new(Arc::clone(&ring)), ring)
}

/// Pushes and publishes one record, unless the ring is full.
fn push(producer: &mut Producer<Heap>, ticket: u64, instant: bool) -> bool {
    let record = submission(ticket, RECORD_WORDS);
    let Ok(room) = producer.claim(record.len() as u64) else { return false };
    room.commit(&record, ticket, if instant { DispatchFlags::INSTANT } else { DispatchFlags::PLAIN });
    assert!(producer.publish() > 0, "something was published");
    true
}

/// Takes the records of one claim, and gives the tickets.
fn take(ring: &Submissions<Heap>) -> Vec<u64> {
    let mut batch = Batch::new();
    let count = ring.take(&mut batch, || u64::MAX).expect("whole records");
    assert_eq!(count, batch.len(), "nothing of a lost race is left");
    (0..count).map(|index| number_of(&unmarked(batch.record(index)))).collect()
}

/// The record without the dispatch flag of a call that cannot sleep.
fn unmarked(record: &[u64]) -> Vec<u64> {
    let mut record = record.to_vec();
    record[0] &= !(1 << 63);
    record
}

/// One producer that pushes as much as fits, two consumers; the producer takes the rest.
fn explore(instant: [bool; 3], takes: usize) {
    loom::model(move || {
        let (mut producer, ring) = ring();
        assert!(push(&mut producer, 1, instant[0]));
        let consumers: Vec<_> = (0..2)
            .map(|_| {
                let ring = Arc::clone(&ring);
                thread::spawn(move || (0..takes).flat_map(|_| take(&ring)).collect::<Vec<_>>())
            })
            .collect();
        let mut more = [2, 3].into_iter().zip(&instant[1..]);
        let pushed =
            1 + more.by_ref().take_while(|&(ticket, &instant)| push(&mut producer, ticket, instant)).count();
        let mut taken: Vec<u64> =
            consumers.into_iter().flat_map(|consumer| consumer.join().unwrap()).collect();
        loop {
            match take(&ring) {
                left if left.is_empty() => break,
                left => taken.extend(left),
            }
        }
        taken.sort_unstable();
        assert_eq!(taken, (1..=pushed as u64).collect::<Vec<_>>(), "each exactly once");
    });
}

/// RING-2, RING-6, RING-7: nothing is lost, taken twice or torn while places are written again under a consumer
/// that lags behind.
#[test]
fn loom_every_record_is_taken_once_and_whole() {
    explore([false; 3], 1);
}

/// RING-7, RING-8: the same with claims of several records.
#[test]
fn loom_claims_of_several_records_are_whole() {
    explore([true; 3], 1);
}

/// RING-8: a claim that met a call that can sleep holds nothing else.
#[test]
fn loom_mixed_claims_are_whole() {
    explore([true, false, true], 1);
}

/// RING-7: a place is written again only after the consumer that copied from it is done. Loom shows no load a later store,
/// so a cell that the consumer touches before it takes checks the order. The counter `dispatch` orders nothing: without it
/// loom never swaps the producer's load of `head` and the exchange of a consumer that has loaded it in between.
#[test]
fn loom_a_place_is_written_again_after_it_was_copied() {
    loom::model(|| {
        let (mut producer, ring) = ring();
        let pushed = (1..=3).take_while(|&ticket| push(&mut producer, ticket, false)).count() as u64;
        let (copied, dispatch) = (Arc::new(UnsafeCell::new(())), Arc::new(AtomicU64::new(0)));
        let consumer = {
            let (ring, copied, dispatch) = (Arc::clone(&ring), Arc::clone(&copied), Arc::clone(&dispatch));
            thread::spawn(move || {
                copied.with_mut(|_| ());
                let taken = take(&ring);
                dispatch.fetch_add(1, Ordering::Relaxed);
                taken
            })
        };
        dispatch.fetch_add(1, Ordering::Relaxed);
        if push(&mut producer, pushed + 1, false) {
            copied.with_mut(|_| ());
        }
        assert_eq!(consumer.join().unwrap(), [1]);
    });
}
