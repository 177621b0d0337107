//! futex, futex_wait and futex_waitv.

use std::sync::atomic::AtomicU32;

use syslet::{Submission, SubmissionBuilder};

use super::rig::{Bench, at, blocked, error, plain, same};
use syslet_tests::pool::until;

const FUTEX: i64 = libc::SYS_futex;
const WAITV: i64 = libc::SYS_futex_waitv;
/// Since Linux 6.7.
const WAIT: i64 = 455;
const WAIT_PRIVATE: u64 = 128;
const BITSET_PRIVATE: u64 = 9 | 128;
const WAKE_PRIVATE: u64 = 1 | 128;
/// Of the newer calls: 32 bits, private.
const SMALL_PRIVATE: u64 = 2 | 128;
const ALL: u64 = u32::MAX as u64;
/// From now on, and as a point in time.
const HOUR: [u64; 2] = [3600, 0];
const LATER: [u64; 2] = [1 << 33, 0];

/// One of futex_waitv's.
fn waiter(futex: &AtomicU32, value: u64) -> [u64; 3] {
    [value, at(futex), SMALL_PRIVATE]
}

fn call(nr: i64, args: &[u64]) -> SubmissionBuilder {
    args.iter().fold(Submission::call(nr), |call, arg| call.value(*arg))
}

/// The ways of waiting for one futex to hold another value, with a time and without.
fn waits(futex: &AtomicU32, value: u64) -> Vec<SubmissionBuilder> {
    let mut calls: Vec<_> = [0, at(&HOUR)]
        .into_iter()
        .map(|time| call(FUTEX, &[at(futex), WAIT_PRIVATE, value, time]))
        .chain([0, at(&LATER)].map(|time| call(FUTEX, &[at(futex), BITSET_PRIVATE, value, time, 0, ALL])))
        .collect();
    if plain(WAIT, &[0; 6]) != error(libc::ENOSYS) {
        calls.extend(
            [(0, 99), (at(&LATER), 1)]
                .map(|(time, clock)| call(WAIT, &[at(futex), value, ALL, SMALL_PRIVATE, time, clock])),
        );
    }
    calls
}

/// TWIN-42: another value than expected is said at once.
#[test]
fn another_value_is_no_wait() {
    let (futex, mut bench) = (AtomicU32::new(5), Bench::new());
    for call in waits(&futex, 4) {
        assert_eq!(bench.ready(call).result, error(libc::EAGAIN));
    }
    let waiters = [waiter(&futex, 5), waiter(&futex, 6)];
    for (time, clock) in [(0, 99), (at(&LATER), 1)] {
        let done = bench.ready(call(WAITV, &[at(&waiters), 2, 0, time, clock]));
        assert_eq!(done.result, error(libc::EAGAIN));
    }
}

/// TWIN-42: a worker waits for as long as the value is there, and is woken once.
#[test]
fn the_expected_value_is_a_wait() {
    let futex = AtomicU32::new(5);
    let wake = || until("one waits", || plain(FUTEX, &[at(&futex), WAKE_PRIVATE, 9]) == 1);
    for call in waits(&futex, 5) {
        assert_eq!(blocked(call, wake).result, 0);
    }
    let other = AtomicU32::new(1);
    let waiters = [waiter(&other, 1), waiter(&futex, 5)];
    for (time, clock) in [(0, 99), (at(&LATER), 1)] {
        assert_eq!(blocked(call(WAITV, &[at(&waiters), 2, 0, time, clock]), wake).result, 1, "the second");
    }
}

/// TWIN-42, TWIN-22: a time that runs out is over; only FUTEX_WAIT counts it from the call.
#[test]
fn times_of_futexes_run_out() {
    let (futex, short, past) = (AtomicU32::new(5), [0u64, 1000], [1u64, 0]);
    let (relative, absolute) = ([at(&futex), WAIT_PRIVATE, 5, at(&short)], [at(&futex), BITSET_PRIVATE, 5]);
    let absolute = [&absolute[..], &[at(&past), 0, ALL]].concat();
    for call in [call(FUTEX, &relative), call(FUTEX, &absolute)] {
        let mut bench = Bench::new();
        bench.begin(call);
        bench.let_go();
        let (done, by) = bench.end();
        assert_eq!((done.result, by.attempts), (error(libc::ETIMEDOUT), 2));
    }
}

/// TWIN-42: more futexes than are looked at are a worker's.
#[test]
fn many_futexes_are_a_workers() {
    let (futex, mut bench) = (AtomicU32::new(5), Bench::new());
    let waiters = [waiter(&futex, 4); 9];
    bench.begin(call(WAITV, &[at(&waiters), 9, 0, 0, 0]));
    bench.let_go();
    let (done, by) = bench.end();
    assert_eq!((done.result, by.attempts), (error(libc::EAGAIN), 1));
}

/// TWIN-42, TWIN-47: a fault is refused as the plain call refuses it, with any value.
#[test]
fn wrong_futexes_are_refused() {
    let (futex, nowhere, invalid) = (AtomicU32::new(5), 8, [0u64, 1 << 40]);
    let wait = |op, value, time, bits| same(FUTEX, &[at(&futex), op, value, time, 0, bits]);
    for value in [4, 5] {
        assert_eq!(wait(WAIT_PRIVATE, value, at(&invalid), 0), error(libc::EINVAL));
        assert_eq!(wait(WAIT_PRIVATE, value, nowhere, 0), error(libc::EFAULT));
        assert_eq!(wait(BITSET_PRIVATE, value, 0, 0), error(libc::EINVAL));
        assert_eq!(
            wait(WAIT_PRIVATE | 256, value, at(&[0u64, 1]), 0),
            plain(FUTEX, &[at(&futex), WAIT_PRIVATE | 256, value, at(&[0u64, 1])])
        );
    }
    assert_eq!(same(FUTEX, &[nowhere, WAIT_PRIVATE, 5, 0]), error(libc::EFAULT));
    assert_eq!(same(FUTEX, &[at(&futex) + 1, WAIT_PRIVATE, 5, 0]), error(libc::EINVAL));
    assert_eq!(same(WAITV, &[nowhere, 1, 0, 0, 0]), error(libc::EFAULT));
    assert_eq!(same(WAITV, &[at(&[waiter(&futex, 4)]), 1, 1, 0, 0]), error(libc::EINVAL));
    assert_eq!(same(WAITV, &[at(&[waiter(&futex, 4)]), 1, 0, at(&LATER), 99]), error(libc::EINVAL));
    assert_eq!(same(WAITV, &[at(&[[4, at(&futex), 0u64]]), 1, 0, 0, 0]), error(libc::EINVAL));
}
