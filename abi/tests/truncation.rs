//! What is left when the end of a record is missing.

use syslet_abi::{Call, Done, Refusal};

use crate::sample::{LIMITS, with_own_len};

/// Every truncation of a sound submission is refused, its length field left or made to match.
pub(crate) fn refuse_every_cut_of_a_call(record: &[u8]) {
    for end in 0..record.len() {
        let left = &record[..end];
        let expected = if end < 8 { Refusal::RECORD_SHORT } else { Refusal::LENGTH_MISMATCH };
        assert_eq!(
            Call::check(left, &LIMITS).map_err(|fault| fault.refusal).err(),
            Some(expected),
            "cut at {end}"
        );
        if end >= 4 {
            let matching = with_own_len(left.to_vec());
            assert!(Call::check(&matching, &LIMITS).is_err(), "cut at {end}, length made to match");
        }
    }
}

/// Every truncation of a sound completion is refused; only one behind a whole return, its length made to match, is
/// itself a completion, with fewer returns.
pub(crate) fn refuse_every_cut_of_a_done(record: &[u8]) {
    let whole = Done::check(record).expect("the record is sound");
    let mut ends = vec![24];
    for answer in whole.returns() {
        ends.push(ends[ends.len() - 1] + 8 + answer.value.len().next_multiple_of(8));
    }
    for end in 0..record.len() {
        let left = &record[..end];
        assert!(Done::check(left).is_err(), "cut at {end}");
        if end < 4 {
            continue;
        }
        let matching = with_own_len(left.to_vec());
        let kept = ends.iter().position(|&boundary| boundary == end);
        let expected = kept.map(|kept| whole.returns().take(kept).collect::<Vec<_>>());
        assert_eq!(
            Done::check(&matching).ok().map(|done| done.returns().collect()),
            expected,
            "cut at {end}"
        );
    }
}

/// ABI-38: no truncation of the sample records is accepted.
#[test]
fn truncated_samples_are_refused() {
    use crate::sample::{BARE, RICH, emit, rich_done};
    refuse_every_cut_of_a_call(&emit(&BARE));
    refuse_every_cut_of_a_call(&emit(&RICH));
    refuse_every_cut_of_a_done(&rich_done());
}
