//! Vectors: what the door refuses, what the kernel gets, what comes back.

use syslet_abi::{RawResult, Refusal};
use syslet_syscalls::{VECTOR_MAX, check_arguments, prepare, written};

use crate::native::{DATA, OUT, address_of, built, bytes, call};
use crate::submission::A::{In, InOut, Out, Value};

const OUTSIDE_DATA: Result<(), Refusal> = Err(Refusal::IN_OUTSIDE_DATA);
const OUTSIDE_AREA: Result<(), Refusal> = Err(Refusal::OUT_OUTSIDE_AREA);
const TOO_LARGE: Result<(), Refusal> = Err(Refusal::TOO_LARGE);

/// What the door says of a vector at the start of DATA, with 64 bytes of out area.
fn door(name: &str, entries: &[u64], count: u64, data_len: usize) -> Result<(), Refusal> {
    let mut data = bytes(entries);
    data.resize(data_len, 0);
    let submission = call(name, &[Value(3), In(0), Value(count)], &data, 64);
    check_arguments(submission.row, &submission.call()).map_err(|fault| {
        assert_eq!(fault.at, 40, "the vector is at fault");
        fault.refusal
    })
}

/// ABI-57: a vector lies in DATA, and its bytes in DATA where the call reads them.
#[test]
fn a_gathered_vector_ends_exactly_at_the_boundary() {
    assert_eq!(door("writev", &[32, 8, 0, 40], 2, 40), Ok(()));
    assert_eq!(door("writev", &[32, 9, 0, 40], 2, 40), OUTSIDE_DATA);
    assert_eq!(door("writev", &[32, 8, 1, 40], 2, 40), OUTSIDE_DATA);
    assert_eq!(door("writev", &[32, 8, 0, 40], 3, 40), OUTSIDE_DATA, "half of a third entry");
    assert_eq!(door("writev", &[u64::MAX, 2], 1, 40), OUTSIDE_DATA, "nothing wraps");
    assert_eq!(door("writev", &[2, u64::MAX], 1, 40), OUTSIDE_DATA);
    assert_eq!(door("writev", &[], 0, 0), Ok(()));
}

/// ABI-57: the bytes lie in the out area where the call writes them, whatever DATA has.
#[test]
fn a_scattered_vector_ends_exactly_at_the_boundary() {
    for name in ["readv", "preadv", "preadv2"] {
        assert_eq!(door(name, &[0, 64, 32, 32], 2, 32), Ok(()));
        assert_eq!(door(name, &[0, 65], 1, 128), OUTSIDE_AREA);
        assert_eq!(door(name, &[1, 64], 1, 128), OUTSIDE_AREA);
        assert_eq!(door(name, &[u64::MAX, 2], 1, 128), OUTSIDE_AREA);
        assert_eq!(door(name, &[0, 64], 2, 24), OUTSIDE_DATA, "the vector itself");
    }
}

/// ABI-57: a vector's count is a plain value, and its kind is IN.
#[test]
fn a_vector_is_in_and_counted() {
    for (args, refusal) in [
        ([Value(3), Out(0), Value(1)], Refusal::DIRECTION),
        ([Value(3), InOut(0, 0), Value(1)], Refusal::DIRECTION),
        ([Value(3), In(0), In(0)], Refusal::LENGTH_UNREADABLE),
        ([Value(3), In(0), Value(u64::MAX)], Refusal::IN_OUTSIDE_DATA),
        ([Value(3), In(0), Value(1 << 32 | 2)], Refusal::IN_OUTSIDE_DATA),
    ] {
        for name in ["readv", "writev"] {
            let submission = call(name, &args, &[0; 16], 64);
            let fault = check_arguments(submission.row, &submission.call()).expect_err("refused");
            assert_eq!(fault.refusal, refusal, "{name} {args:?}");
        }
    }
    // Of the count the kernel takes 32 bits.
    let one = call("readv", &[Value(3), In(0), Value(1 << 32 | 1)], &[0; 16], 64);
    assert_eq!(check_arguments(one.row, &one.call()), Ok(()));
}

/// ABI-60: a vector has no more entries than the kernel takes.
#[test]
fn a_vector_has_an_end() {
    let max = VECTOR_MAX as u64;
    let long = |count: u64, words: usize| {
        // Structure alone lets longer records pass than these tests make.
        let submission = crate::submission::Submission::new(
            "writev",
            &[Value(3), In(0), Value(count)],
            &vec![0; 8 * words],
            0,
        );
        check_arguments(submission.row, &submission.long_call()).map_err(|fault| fault.refusal)
    };
    assert_eq!(long(max, 2 * VECTOR_MAX), Ok(()));
    assert_eq!(long(max + 1, 2 * VECTOR_MAX + 2), TOO_LARGE);
    assert_eq!(long(max + 1, 2 * VECTOR_MAX), OUTSIDE_DATA);
}

/// ABI-57, ABI-59: the kernel gets addresses for offsets; an empty range has none.
#[test]
fn offsets_become_addresses() {
    let data = bytes(&[32, 8, 40, 0]);
    let gathered = call("writev", &[Value(3), In(0), Value(2)], &[&data[..], &[7; 8]].concat(), 0);
    let (args, storage) = built(&gathered);
    assert_eq!(storage, [DATA + 32, 8, 0, 0]);
    assert_eq!(args[..3], [3, address_of(&storage, 0), 2]);
    let scattered = call("readv", &[Value(3), In(0), Value(2)], &bytes(&[60, 4, 0, 8]), 64);
    let (args, storage) = built(&scattered);
    assert_eq!(storage, [OUT + 60, 4, OUT, 8]);
    assert_eq!(args[1], address_of(&storage, 0));
    let empty = call("readv", &[Value(3), In(8), Value(0)], &[0; 8], 64);
    assert_eq!((built(&empty).0[1], built(&empty).1.len()), (0, 0));
}

/// ABI-57: other arguments stay what they are, and a vector given as VALUE stays the caller's.
#[test]
fn what_has_no_offsets_stays() {
    let value = call("writev", &[Value(3), Value(0xdead_0000), Value(2)], &[0; 32], 0);
    assert_eq!(built(&value), ([3, 0xdead_0000, 2, 0, 0, 0], Vec::new()));
}

/// ABI-57: the mask that pselect6 and io_pgetevents take by address and size.
#[test]
fn a_packed_mask_is_a_vector_of_one() {
    let data = bytes(&[16, 8, 0xff]);
    let args = [Value(0), Value(0), Value(0), Value(0), Value(0), In(0)];
    let submission = call("pselect6", &args, &data, 0);
    assert_eq!(check_arguments(submission.row, &submission.call()), Ok(()));
    assert_eq!(built(&submission).1, [DATA + 16, 8]);
    let none = call("pselect6", &args, &bytes(&[0, 0]), 0);
    assert_eq!(built(&none).1, [0, 0], "no mask");
}

/// ABI-62: entries are filled in turn, and the area comes back as far as the last byte written.
#[test]
fn a_vector_is_cut_behind_the_last_byte() {
    let comes_back = |entries: &[u64], result| {
        let count = Value(entries.len() as u64 / 2);
        let submission = call("readv", &[Value(3), In(0), count], &bytes(entries), 64);
        written(submission.row, &submission.call(), RawResult(result), &[0; 64])
    };
    let forward: &[u64] = &[0, 8, 16, 8];
    assert_eq!([0, 1, 8, 9, 16, 17].map(|result| comes_back(forward, result)), [0, 1, 8, 17, 24, 24]);
    let backward: &[u64] = &[32, 8, 0, 0, 0, 8];
    assert_eq!([0, 1, 8, 9, 16].map(|result| comes_back(backward, result)), [0, 33, 40, 40, 40]);
    assert_eq!([-1, -4095, i64::MAX].map(|result| comes_back(forward, result)), [0, 0, 24]);
    assert_eq!(comes_back(&[60, 4, 0, 0], i64::MIN), 64, "no error either");
}

/// ABI-62: what the call leaves unwritten between entries is zero.
#[test]
fn gaps_are_zero() {
    let submission = call("readv", &[Value(3), In(0), Value(1)], &bytes(&[0, 8]), 64);
    let mut out = [0xaa; 64];
    prepare(submission.row, &submission.call(), &mut out);
    assert_eq!(out, [0; 64]);
}
