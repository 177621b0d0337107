//! ppoll, select and pselect6.

use std::io::Write;
use std::time::Duration;

use syslet::Submission;

use super::rig::{Bench, at, at_mut, blocked, error, fd, look, plain, same};
use crate::rig::pipe;
use syslet_tests::pool::{pollfd, timespec};

const HOUR: [u64; 2] = [3600, 0];
const SETS: usize = 16;

/// The calls that take sets, with the address of a time each, which is a timespec or a timeval: a hour is the same.
fn selects() -> Vec<i64> {
    let mut calls = vec![libc::SYS_pselect6];
    #[cfg(target_arch = "x86_64")]
    calls.push(libc::SYS_select);
    calls
}

/// The call for one set to read from, by address.
fn select(nr: i64, count: u64, set: u64, time: u64) -> syslet::SubmissionBuilder {
    Submission::call(nr).value(count).value(set).value(0).value(0).value(time)
}

/// A set with one descriptor, and how many descriptors that counts.
fn set_of(fd: u64) -> ([u64; SETS], u64) {
    let (mut set, at) = ([0; SETS], usize::try_from(fd).expect("small"));
    set[at / 64] = 1 << (at % 64);
    (set, fd + 1)
}

fn is_left(time: [u64; 2]) -> bool {
    time[0] < 3600 && time[0] > 3000 && time[1] > 0
}

/// TWIN-37: the ready descriptors are the answer, and the time is the rest of it.
#[test]
fn what_is_ready_is_selected() {
    let mut bench = Bench::new();
    let (reader, mut writer) = pipe();
    writer.write_all(b"x").unwrap();
    let hour = timespec(Duration::from_hours(1));
    let call = Submission::call(libc::SYS_ppoll).inout(&pollfd(&reader)).value(1);
    let done = bench.ready(call.clone().inout(&hour).value(0).value(8));
    let word = |at: usize| u64::from_ne_bytes(done.data()[at..at + 8].try_into().unwrap());
    assert_eq!((done.result, word(0) >> 48), (1, 1), "{done:?}");
    assert!(is_left([word(8), word(16)]), "{done:?}");
    assert_eq!(bench.ready(call.value(0).value(0).value(8)).result, 1);
    for nr in selects() {
        let (mut set, count) = set_of(fd(&reader));
        // Behind the count, in a word that is looked at.
        let (own, last) = [fd(&writer), count - 1].map(|fd| usize::try_from(fd).expect("small")).into();
        if own / 64 == last / 64 {
            set[own / 64] |= 1 << (own % 64);
        }
        let mut time = HOUR;
        let (set, time) = (at_mut(&mut set), at_mut(&mut time));
        assert_eq!(bench.ready(select(nr, count, set, time)).result, 1, "call {nr}");
        assert_eq!(look::<[u64; SETS]>(set), set_of(fd(&reader)).0, "the writer's end is not read from");
        assert!(is_left(look(time)), "call {nr} leaves {:?}", look::<[u64; 2]>(time));
        let pack = [0u64, 8];
        if nr == libc::SYS_pselect6 {
            assert_eq!(bench.ready(select(nr, count, set, 0).value(at(&pack))).result, 1, "no mask is none");
        }
    }
}

/// TWIN-37: a time of zero is no wait, and the plain call is made in place.
#[test]
fn nothing_is_selected_at_once() {
    let mut bench = Bench::new();
    let (reader, _writer) = pipe();
    for nr in selects() {
        let ((mut set, count), mut time) = (set_of(fd(&reader)), [0u64; 2]);
        let set = at_mut(&mut set);
        assert_eq!(bench.here(select(nr, count, set, at_mut(&mut time))).0.result, 0);
        assert_eq!(look::<[u64; SETS]>(set), [0; SETS]);
    }
    let call = Submission::call(libc::SYS_ppoll).inout(&pollfd(&reader)).value(1).inout(&[0; 16]);
    assert_eq!(bench.here(call.value(0).value(8)).0.result, 0);
}

/// TWIN-37: the sets are as they were when a worker waits for them, and the time it writes is the rest of the
/// whole.
#[test]
fn sets_outlive_the_first_attempt() {
    for nr in selects() {
        for limit in [Some(HOUR), None] {
            let (reader, mut writer) = pipe();
            let ((mut set, count), mut time) = (set_of(fd(&reader)), HOUR);
            let (set, time_at) = (at_mut(&mut set), limit.map_or(0, |_| at_mut(&mut time)));
            let mut bench = Bench::new();
            bench.begin(select(nr, count, set, time_at));
            assert_eq!(look::<[u64; SETS]>(set), set_of(fd(&reader)).0, "call {nr} has lost its set");
            bench.release();
            writer.write_all(b"x").unwrap();
            let (done, by) = bench.end();
            assert_eq!((done.result, by.attempts), (1, 2), "call {nr}");
            assert_eq!(look::<[u64; SETS]>(set), set_of(fd(&reader)).0);
            assert!(limit.is_none() || is_left(look(time_at)), "{:?}", look::<[u64; 2]>(time_at));
        }
    }
}

/// TWIN-37: ppoll goes to a worker as well, and its answers are written back.
#[test]
fn a_poll_that_waits_is_the_plain_call() {
    let (reader, mut writer) = pipe();
    let (mut polled, mut time) = ([0u64], HOUR);
    polled[0] = u64::from_ne_bytes(pollfd(&reader).try_into().unwrap());
    let (polled, time) = (at_mut(&mut polled), at_mut(&mut time));
    let call = Submission::call(libc::SYS_ppoll).value(polled).value(1).value(time).value(0).value(8);
    let done = blocked(call, || writer.write_all(b"x").unwrap());
    assert_eq!((done.result, look::<u64>(polled) >> 48), (1, 1));
    assert!(is_left(look(time)), "{:?}", look::<[u64; 2]>(time));
}

/// TWIN-37: a time that runs out is over, and nothing is left of it.
#[test]
fn a_time_that_runs_out_is_zero() {
    for nr in selects() {
        let (reader, _writer) = pipe();
        let ((mut set, count), mut time) = (set_of(fd(&reader)), [0u64, 1000]);
        let (set, time) = (at_mut(&mut set), at_mut(&mut time));
        let mut bench = Bench::new();
        bench.begin(select(nr, count, set, time));
        bench.let_go();
        let (done, by) = bench.end();
        assert_eq!((done.result, by.attempts), (0, 2));
        assert_eq!((look::<[u64; SETS]>(set), look::<[u64; 2]>(time)), ([0; SETS], [0; 2]));
    }
}

/// TWIN-37: a time or a set that cannot be written over is no reason to fail where it is none for the plain call.
#[test]
fn what_cannot_be_written_is_left() {
    static TIME: [u64; 2] = HOUR;
    static SET: ([u64; SETS], u64) = ([0; SETS], 64);
    let (reader, mut writer) = pipe();
    let mut polled = [u64::from_ne_bytes(pollfd(&reader).try_into().unwrap())];
    let polled = at_mut(&mut polled);
    let call = Submission::call(libc::SYS_ppoll).value(polled).value(1).value(at(&TIME)).value(0).value(8);
    assert_eq!(blocked(call.clone(), || writer.write_all(b"x").unwrap()).result, 1);
    assert_eq!(Bench::new().ready(call).result, 1);
    let mut time = [0u64, 1000];
    for nr in selects() {
        assert_eq!(same(nr, &[SET.1, at(&SET.0), 0, 0, at_mut(&mut time)]), error(libc::EFAULT));
    }
    assert_eq!((TIME, SET.0), (HOUR, [0; SETS]));
}

/// TWIN-37, TWIN-23: a fault is refused as the plain call refuses it, and a mask is for a worker to wait under.
#[test]
fn wrong_selects_are_refused() {
    let (nowhere, invalid, minus) = (8, [0u64, 2_000_000_000], u64::MAX);
    for nr in selects() {
        let time = [1u64, 0];
        assert_eq!(same(nr, &[minus, 0, 0, 0, 0, 0]), error(libc::EINVAL));
        assert_eq!(same(nr, &[8, nowhere, 0, 0, at(&time), 0]), error(libc::EFAULT));
        assert_eq!(same(nr, &[8, 0, 0, 0, nowhere, 0]), error(libc::EFAULT));
    }
    assert_eq!(same(libc::SYS_pselect6, &[0, 0, 0, 0, at(&invalid), 0]), error(libc::EINVAL));
    assert_eq!(same(libc::SYS_ppoll, &[0, 0, at(&invalid), 0, 8]), error(libc::EINVAL));
    assert_eq!(same(libc::SYS_ppoll, &[nowhere, 1, at(&HOUR), 0, 8]), error(libc::EFAULT));
    let (reader, mut writer) = pipe();
    writer.write_all(b"x").unwrap();
    let mut polled = [u64::from_ne_bytes(pollfd(&reader).try_into().unwrap())];
    let polled = at_mut(&mut polled);
    let (mut set, count) = set_of(fd(&reader));
    assert_eq!(same(libc::SYS_ppoll, &[polled, 1, at(&invalid), 0, 8]), error(libc::EINVAL));
    assert_eq!(
        same(libc::SYS_pselect6, &[count, at_mut(&mut set), 0, 0, at(&invalid), 0]),
        error(libc::EINVAL)
    );
    let mask = [0u64];
    let (pack, (mut set, count)) = ([at(&mask), 8], set_of(fd(&reader)));
    let call = select(libc::SYS_pselect6, count, at_mut(&mut set), 0).value(at(&pack));
    let mut bench = Bench::new();
    bench.begin(call);
    bench.let_go();
    let (done, by) = bench.end();
    assert_eq!((done.result, by.attempts), (1, 1));
    assert_eq!(plain(libc::SYS_pselect6, &[count, at_mut(&mut set), 0, 0, 0, at(&pack)]), 1);
}
