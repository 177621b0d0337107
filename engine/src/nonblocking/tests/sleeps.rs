//! Sleeping for a time.

use std::sync::atomic::AtomicU32;

use syslet_syscalls::{Invoked, RawArgs};

use crate::nonblocking::Attempt;
use crate::nonblocking::tests::rig::{
    at, at_mut, enter_raw, finish_with, nonblocking, plain, shown, tries, words,
};

const S: u64 = 1_000_000_000;

/// The time that the kernel is given when a sleep of `request` is finished after `passed_ns`.
fn left(name: &str, request: [u64; 2], passed_ns: u64) -> [u64; 2] {
    let mut rem = [0u64; 2];
    let (at_request, args) = match name {
        "nanosleep" => (0, [at(&request), at_mut(&mut rem), 0, 0, 0, 0]),
        _ => (2, [1, 0, at(&request), at_mut(&mut rem), 0, 0]),
    };
    let mut seen = [0; 2];
    let result = finish_with(name, args, 0, passed_ns, |nr, given| {
        seen = words(shown(nr, given)[at_request]);
        let same = given.with(at_request, args[at_request]);
        assert_eq!(same, args.into(), "{name}: the caller's address for the remaining time, and all else");
        Invoked::Result(0)
    });
    assert_eq!(result, 0);
    seen
}

/// TWIN-28: a sleep counts from the first attempt.
#[test]
fn sleeps_count_once() {
    for name in ["nanosleep", "clock_nanosleep"] {
        assert_eq!(left(name, [5, 7], 0), [5, 7]);
        assert_eq!(left(name, [5, 7], 2 * S), [3, 7]);
        assert_eq!(left(name, [5, 7], 2 * S + 8), [2, S - 1]);
        assert_eq!(left(name, [5, 7], 5 * S + 7), [0, 0]);
        assert_eq!(left(name, [5, 7], 99 * S), [0, 0]);
        assert_eq!(left(name, [i64::MAX.cast_unsigned(), 0], 1), [i64::MAX.cast_unsigned() - 1, S - 1]);
    }
    let hour = [3600u64, 0];
    let enter = |nr, args: &RawArgs| enter_raw(&AtomicU32::new(0), nr, args);
    assert_eq!(finish_with("nanosleep", [at(&hour), 0], 0, 3600 * S, enter), 0, "an hour has passed");
}

/// TWIN-29: a sleep of nothing and a request that is no time are the plain call's.
#[test]
fn what_does_not_sleep_is_the_plain_call() {
    for request in [[0, 0], [0, S], [u64::MAX, 0], [0, u64::MAX]] {
        let expected = Attempt::Final(plain("nanosleep", [at(&request), 0]));
        assert_eq!(nonblocking("nanosleep", [at(&request), 0]), expected, "{request:?}");
        assert_eq!(nonblocking("clock_nanosleep", [1, 0, at(&request), 0]), expected, "{request:?}");
    }
    assert_eq!(nonblocking("nanosleep", [at(&[0u64, 1]), 0]), Attempt::WouldBlock);
    assert_eq!(nonblocking("nanosleep", [at(&[9u64, 0]), 0]), Attempt::WouldBlock);
}

/// TWIN-30: an absolute time stays, and other clocks do not pass as the engine's.
#[test]
fn clocks_that_pass_otherwise_are_left_to_a_worker() {
    let request = [1u64, 0];
    let tries = |clock: i32, flags: u64| {
        tries("clock_nanosleep", [clock.cast_unsigned().into(), flags, at(&request), 0])
    };
    assert!(tries(libc::CLOCK_MONOTONIC, 0) && tries(libc::CLOCK_REALTIME, 0));
    assert!(tries(libc::CLOCK_MONOTONIC, 1) && !tries(libc::CLOCK_REALTIME, 1));
    for clock in [libc::CLOCK_BOOTTIME, libc::CLOCK_TAI, libc::CLOCK_PROCESS_CPUTIME_ID, -6, 99] {
        assert!(!tries(clock, 0) && !tries(clock, 1), "{clock}");
    }
}

/// TWIN-30: a time of CLOCK_MONOTONIC that has passed is no sleep; one that has not is the worker's, as it is.
#[test]
fn absolute_times_stay() {
    let until = |time: &[u64; 2]| [1, 1, at(time), 0, 0, 0];
    assert_eq!(nonblocking("clock_nanosleep", until(&[0, 1])), Attempt::Final(0));
    let invalid = [0, S];
    let expected = plain("clock_nanosleep", until(&invalid));
    assert_eq!(nonblocking("clock_nanosleep", until(&invalid)), Attempt::Final(expected));
    let later = [1u64 << 33, 0];
    assert_eq!(nonblocking("clock_nanosleep", until(&later)), Attempt::WouldBlock);
    let result = finish_with("clock_nanosleep", until(&later), 0, 99 * S, |_, given| {
        assert_eq!(*given, until(&later).into(), "nothing is taken from it");
        Invoked::Result(0)
    });
    assert_eq!(result, 0);
}
