//! Tests every sequence of operations up to a length, on the smallest rings, and every garbage that a lost race can show.

use syslet_abi::Kind;

use crate::queues::batch::Batch;
use crate::queues::completion_queue::Completions;
use crate::queues::ring_buffer::RingBuffer;
use crate::queues::submission_queue::{Broken, Submissions};
use crate::queues::tests::checked::{CheckedCompletions, CheckedSubmissions};
use crate::queues::tests::heap::Heap;
use crate::queues::tests::records::completion;
use crate::slots::dispatch::DispatchFlags;
use crate::sys::sync::Ordering;

/// Runs `run` with every sequence of `length` digits below `base`.
fn each_sequence(base: usize, length: u32, mut run: impl FnMut(&[usize])) {
    for number in 0..base.pow(length) {
        let digits: Vec<usize> = (0..length).map(|digit| number / base.pow(digit) % base).collect();
        run(&digits);
    }
}

/// RING-2, RING-3, RING-4, RING-7: on a ring of eight words, records of two to four words at every place, with a PAD
/// of one word and of more, and records that end exactly at the end.
#[test]
fn every_short_run_of_submissions() {
    each_sequence(4, 8, |digits| {
        let mut ring = CheckedSubmissions::new(8, 4);
        for &digit in digits {
            match digit {
                3 => ring.take(1),
                words => {
                    ring.push(words + 2, DispatchFlags::PLAIN);
                    ring.publish();
                }
            }
        }
        ring.finish();
    });
}

/// RING-8, RING-9: every mixture of calls that can sleep, sleep for storage or cannot, published or not yet.
#[test]
fn every_short_mixture_of_claims() {
    each_sequence(6, 7, |digits| {
        let mut ring = CheckedSubmissions::new(16, 4);
        for &digit in digits {
            match digit {
                0 => ring.push(2, DispatchFlags::PLAIN),
                1 => ring.push(2, DispatchFlags::STORAGE),
                2 => ring.push(2, DispatchFlags::INSTANT),
                3 => ring.publish(),
                4 => ring.take(1),
                _ => ring.take(2),
            }
        }
        ring.finish();
    });
}

/// RING-8: never more than BATCH_MAX records in one claim.
#[test]
fn a_claim_is_bounded() {
    let mut ring = CheckedSubmissions::new(64, 4);
    for _ in 0..20 {
        ring.push(2, DispatchFlags::INSTANT);
    }
    ring.publish();
    ring.take(1);
    ring.finish();
}

/// RING-5, RING-10, RING-12: completions of two to four words at every place, hidden ones among them.
#[test]
fn every_short_run_of_completions() {
    each_sequence(5, 7, |digits| {
        let mut ring = CheckedCompletions::new(8, 4);
        for &digit in digits {
            match digit {
                0 => ring.accept(4),
                1 => ring.accept(2),
                2 => ring.post(0),
                3 => ring.post(4),
                _ => ring.drain(),
            }
        }
        ring.finish();
    });
}

/// RING-6: for every length and kind that a record seems to have, no memory outside of ring and batch is touched, and
/// garbage that can be no record is told from one.
#[test]
fn garbage_is_harmless() {
    const RECORD_MAX: u64 = 32;
    let lengths = (0..=80).chain([0xfff8, 0xffff_fff8, u64::from(u32::MAX)]);
    for (len, kind) in lengths.flat_map(|len| (0..=6).map(move |kind| (len, kind))) {
        for (at, published) in (0..8).flat_map(|word| [8, 16, 32, 64].map(|published| (8 * word, published)))
        {
            let (head, tail, memory) = (Heap::zeroed(1), Heap::zeroed(1), Heap::zeroed(8));
            head[0].store(at, Ordering::Relaxed);
            tail[0].store(at + published, Ordering::Relaxed);
            for word in memory.iter() {
                word.store(len | kind << 32, Ordering::Relaxed);
            }
            let to_end = 64 - at;
            let whole = len > 0 && len.is_multiple_of(8) && len <= RECORD_MAX.min(published);
            let placed = if kind == u64::from(Kind::PAD.0) { len == to_end } else { len <= to_end };
            let taken = Submissions::new(head, tail, memory, RECORD_MAX).take(&mut Batch::new(), || u64::MAX);
            assert_eq!(taken == Err(Broken), !(whole && placed), "{len} of kind {kind} at {at}: {taken:?}");
        }
    }
}

/// RING-1: places repeat, positions do not, far beyond 32 bits.
#[test]
fn positions_only_grow() {
    let buffer = RingBuffer::new(Heap::zeroed(8));
    for lap in [0, 1, 1 << 29, 1 << 40, (1 << 58) - 1] {
        for word in 0..8 {
            let position = 64 * lap + 8 * word;
            assert_eq!(buffer.to_end(position), 64 - 8 * word);
            assert!(std::ptr::eq(buffer.word(position), buffer.word(8 * word)));
        }
    }
}

/// RING-15: one method claims room and fills it, at every place and for every length: when it returns the claim is filled, so the
/// consumer waits for none.
#[test]
fn a_post_leaves_no_claim_open() {
    for (before, words) in (0..8).flat_map(|before| (2..=4).map(move |words| (before, words))) {
        let (tail, memory) = (Heap::zeroed(1), Heap::zeroed(8));
        tail[0].store(8 * before, Ordering::Relaxed);
        let ring = Completions::new(tail.clone(), memory.clone());
        ring.post(&completion(7, words));
        let end = tail[0].load(Ordering::Relaxed) / 8;
        let first = usize::try_from(end).unwrap() - words;
        assert_ne!(memory[first % 8].load(Ordering::Relaxed), 0, "{words} words behind {before}");
        let is_padded = first > usize::try_from(before).unwrap();
        assert!(!is_padded || memory[usize::try_from(before).unwrap()].load(Ordering::Relaxed) != 0);
    }
}
