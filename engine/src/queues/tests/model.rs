//! Tests both rings in long random runs against the models of `checked`.

use proptest::prelude::*;

use crate::queues::tests::checked::{CheckedCompletions, CheckedSubmissions};
use crate::slots::dispatch::DispatchFlags;

const FLAGS: [DispatchFlags; 3] = [DispatchFlags::INSTANT, DispatchFlags::STORAGE, DispatchFlags::PLAIN];

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// RING-1, RING-2, RING-7, RING-9: records that are pushed, published and taken in any order, on rings of many sizes and
    /// over many laps, are taken once, whole, in order, and only when published.
    #[test]
    fn submissions_are_as_the_model(
        ring_log in 3_usize..8,
        steps in prop::collection::vec((0_u8..4, 2_usize..17, 0_usize..5), 1..600),
    ) {
        let ring_words = 1 << ring_log;
        let record_words_max = ring_words / 2;
        let mut ring = CheckedSubmissions::new(ring_words, record_words_max);
        for (operation, words, other) in steps {
            match operation {
                0 | 1 => ring.push(words.min(record_words_max), FLAGS[other % FLAGS.len()]),
                2 => ring.publish(),
                _ => ring.take(other + 1),
            }
        }
        ring.finish();
    }

    /// RING-10, RING-11, RING-12: completions of any lengths, over many laps, fit whenever credit was given for
    /// them, and the credit is as large as the formula says.
    #[test]
    fn completions_are_as_the_model(
        ring_log in 3_usize..8,
        steps in prop::collection::vec((0_u8..4, 2_usize..17, 0_usize..17), 1..600),
    ) {
        let ring_words = 1 << ring_log;
        let record_words_max = ring_words / 2;
        let mut ring = CheckedCompletions::new(ring_words, record_words_max);
        for (operation, worst, actual) in steps {
            match operation {
                0 | 1 => ring.accept(worst.min(record_words_max)),
                2 => ring.post(if actual == 1 { 2 } else { actual }),
                _ => ring.drain(),
            }
        }
        ring.finish();
    }
}
