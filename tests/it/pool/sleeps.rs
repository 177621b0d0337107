//! Sleeps that wait without a thread.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use syslet::attrs::{BlockedValue, DeadlineAsked, LaneAsk, Nice, Priority, RetryAsk, RetryOn, RunBy};
use syslet::{
    AttributeFlags, AttributeId, CallFlags, Config, DoneFlags, Engine, NonBlocking, Params, Ring, Submission,
    SubmissionBuilder, Which,
};

use crate::rig::{Seen, drain, getpid, pid, push, run};
use syslet_tests::pool::{PATIENCE, ask_worker, start, timespec, timing, until, worker};

const HOUR: Duration = Duration::from_hours(1);
const GONE: DoneFlags = DoneFlags::CANCELLED.with(DoneFlags::NOT_RUN).with(DoneFlags::ENGINE_RESULT);
const CANCELLED: (i64, DoneFlags) = (-(libc::ECANCELED as i64), GONE);

fn nanosleep(length: Duration) -> SubmissionBuilder {
    Submission::call(libc::SYS_nanosleep).input(&timespec(length)).output(16)
}

fn clock_nanosleep(clock: libc::clockid_t, flags: i32, time: &[u8]) -> SubmissionBuilder {
    Submission::call(libc::SYS_clock_nanosleep).int(clock.into()).int(flags.into()).input(time).output(16)
}

/// A time of this clock, an hour from now.
fn in_an_hour(clock: nix::time::ClockId) -> Vec<u8> {
    let now = Duration::from(nix::time::clock_gettime(clock).expect("a clock"));
    timespec(now + HOUR)
}

fn with(call: SubmissionBuilder, id: AttributeId, payload: &[u8]) -> SubmissionBuilder {
    call.attribute(id, AttributeFlags::NONE, payload)
}

/// Pushes a call and lets the engine have it, in that of the ways.
fn hand_in(ring: &mut Ring, call: SubmissionBuilder, is_waited_for: bool) {
    push(ring, &call.build()).expect("room");
    if is_waited_for {
        assert_eq!(ring.wait(1, Some(Duration::from_millis(1))), Ok(0), "it sleeps");
    } else {
        ring.submit();
    }
}

/// PARK-45, PARK-42: ten thousand sleeps, inline and for workers, need no more workers than one call does. A cancel ends them at once,
/// each once.
#[test]
fn ten_thousand_sleeps_need_no_threads() {
    const CALLS: u32 = 10_000;
    let engine = Engine::start(Config::default().idle(Duration::from_millis(1))).unwrap();
    let params = Params {
        slots: CALLS.next_power_of_two(),
        submission_bytes: 1 << 22,
        completion_bytes: 1 << 22,
        ..Params::default()
    };
    let mut ring = engine.ring(&params).unwrap();
    let flags = [CallFlags::NONE, CallFlags::ASYNC];
    let calls = flags.map(|flags| nanosleep(HOUR).flags(flags));
    for number in 0..u64::from(CALLS) {
        let call = calls[usize::from(number % 2 == 0)].clone();
        push(&mut ring, &call.user_data(number).build()).unwrap();
    }
    assert_eq!(ring.wait(1, Some(Duration::from_millis(1))), Ok(0), "they sleep");
    ring.submit();
    until("all are parked", || engine.stats().parked == CALLS);
    // One that takes a call for longer than usual is joined by another, which retires.
    until("one worker is left, in none", || {
        let stats = engine.stats();
        stats.workers == 1 && stats.blocked == 0
    });
    let stats = engine.stats();
    assert_eq!((ring.in_flight(), stats.in_flight), (CALLS as usize, CALLS.into()));
    assert_eq!(run(&mut ring, getpid()).result, pid(), "the engine is free");
    let found = ring.cancel(Which::All);
    assert_eq!((found.removed, found.signalled), (CALLS, 0), "{found:?}");
    assert_eq!(engine.stats().parked, 0);
    let mut seen = Vec::new();
    while seen.len() < CALLS as usize {
        ring.wait(1, Some(PATIENCE)).unwrap();
        seen.append(&mut drain(&mut ring));
    }
    assert!(seen.iter().all(|seen| seen.end() == CANCELLED), "{:?}", seen[0]);
    let mut numbers: Vec<_> = seen.iter().map(|seen| seen.user_data).collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..CALLS.into()));
    assert_eq!(ring.in_flight(), 0);
}

/// PARK-40: what is parked, by any way in; and what a worker sleeps as ever.
#[test]
fn sleeps_of_these_clocks_are_parked_and_no_others() {
    let (engine, mut ring) = start(Config::default());
    let monotonic = in_an_hour(nix::time::ClockId::CLOCK_MONOTONIC);
    let hour = timespec(HOUR);
    let lane = LaneAsk { id: 9, limit: 1 }.payload();
    let parked = [
        nanosleep(HOUR),
        nanosleep(HOUR).flags(CallFlags::ASYNC),
        clock_nanosleep(libc::CLOCK_MONOTONIC, 0, &hour),
        clock_nanosleep(libc::CLOCK_REALTIME, 0, &hour),
        clock_nanosleep(libc::CLOCK_MONOTONIC, libc::TIMER_ABSTIME, &monotonic),
        nanosleep(Duration::from_secs(i64::MAX.unsigned_abs())),
        with(nanosleep(HOUR), AttributeId::PRIORITY, &Priority::payload(3)),
        with(nanosleep(HOUR), AttributeId::LANE, &lane),
        with(nanosleep(HOUR), AttributeId::BLOCKED, &[]).timing(),
    ];
    let realtime = in_an_hour(nix::time::ClockId::CLOCK_REALTIME);
    let again = RetryAsk { on: RetryOn::SHORT, ..RetryAsk::default() }.payload();
    let slept = [
        clock_nanosleep(libc::CLOCK_REALTIME, libc::TIMER_ABSTIME, &realtime),
        clock_nanosleep(libc::CLOCK_BOOTTIME, 0, &hour),
        nanosleep(HOUR).flags(CallFlags::PRIVATE),
        with(nanosleep(HOUR), AttributeId::NICE, &Nice::payload(19)),
        with(nanosleep(HOUR), AttributeId::RETRY, &again),
    ];
    for is_waited_for in [true, false] {
        for (calls, counts) in [(&parked[..], [1, 0]), (&slept, [0, 1])] {
            for (number, call) in calls.iter().enumerate() {
                hand_in(&mut ring, call.clone(), is_waited_for);
                until("it sleeps", || {
                    let stats = engine.stats();
                    [stats.parked, stats.blocked] == counts
                });
                let found = ring.cancel(Which::All);
                // A thread of its own may be on its way to the call.
                let stopped = [found.removed, found.signalled + found.pending];
                assert_eq!(stopped, counts, "{number}: {found:?}");
                assert_eq!(ring.wait(1, Some(PATIENCE)), Ok(1), "{number}");
                assert!(drain(&mut ring)[0].flags.contains(DoneFlags::CANCELLED), "{number}");
            }
        }
    }
    let (engine, mut ring) = start(Config::default().nonblocking(NonBlocking::Off));
    hand_in(&mut ring, nanosleep(HOUR), true);
    until("a worker sleeps", || engine.stats().blocked == 1);
    assert_eq!(engine.stats().parked, 0);
}

/// PARK-48: what does not sleep is the plain call's.
#[test]
fn times_that_are_none_are_refused_as_by_the_kernel() {
    let (_engine, mut ring) = start(Config::default());
    let words = |words: [i64; 2]| words.map(i64::to_ne_bytes).concat();
    let invalid = -i64::from(libc::EINVAL);
    for flags in [CallFlags::NONE, CallFlags::ASYNC] {
        for (time, result) in [
            ([0, 0], 0),
            ([-1, 0], invalid),
            ([0, -1], invalid),
            ([0, 1_000_000_000], invalid),
            ([i64::MIN, 5], invalid),
        ] {
            let call = Submission::call(libc::SYS_nanosleep).input(&words(time)).output(16).flags(flags);
            let done = run(&mut ring, ask_worker(call));
            assert_eq!(done.result, result, "{time:?}");
            assert_ne!(worker(&done).run_by, RunBy::PARKED, "{time:?}");
        }
        let nowhere = Submission::call(libc::SYS_nanosleep).value(8).value(0).flags(flags);
        assert_eq!(run(&mut ring, nowhere).result, -i64::from(libc::EFAULT));
        let past = clock_nanosleep(libc::CLOCK_MONOTONIC, libc::TIMER_ABSTIME, &words([1, 0])).flags(flags);
        assert_eq!(run(&mut ring, past).result, 0);
    }
}

/// PARK-41: none is over before its time, and they come in the order of their times, whatever the order in which they were pushed. None
/// is late by much more than a plain sleep in the same run.
#[test]
fn sleeps_end_by_time_and_not_before() {
    // Their attempts are microseconds apart, their times two milliseconds, unless the worker loses its processor between two.
    assert!((0..10).any(|_| sleeps_end_in_order()), "in no round of ten");
}

/// Says whether sleeps ended in the order of their lengths.
fn sleeps_end_in_order() -> bool {
    const CALLS: u32 = 40;
    let (engine, mut ring) = start(Config::default().workers_max(1));
    let length = |number: u64| Duration::from_millis(20 + number / 2 * 2);
    // Backwards; two of each length, which end in the order pushed.
    for number in (0..u64::from(CALLS)).rev().map(|number| number ^ 1) {
        let call = ask_worker(nanosleep(length(number))).flags(CallFlags::ASYNC);
        push(&mut ring, &call.timing().user_data(number).build()).expect("it is there");
    }
    ring.submit();
    let mut other = engine.ring(&Params::default()).expect("it is there");
    let times = timing(&run(&mut other, nanosleep(length(0)).flags(CallFlags::SYNC).timing()));
    let plain_late = Duration::from_nanos(times.finished_ns - times.started_ns) - length(0);
    let mut seen: Vec<Seen> = Vec::new();
    while seen.len() < CALLS as usize {
        ring.wait(1, Some(PATIENCE)).expect("it is there");
        seen.append(&mut drain(&mut ring));
    }
    let mut least_late = Duration::MAX;
    for done in &seen {
        let (times, by) = (timing(done), worker(done));
        let took = Duration::from_nanos(times.finished_ns - times.started_ns);
        assert_eq!((done.result, by.run_by, by.attempts), (0, RunBy::PARKED, 2), "{done:?}");
        assert!(took >= length(done.user_data), "{took:?} of {:?}", length(done.user_data));
        least_late = least_late.min(took - length(done.user_data));
    }
    let bound = 100 * plain_late.max(Duration::from_micros(50));
    assert!(least_late <= bound, "{least_late:?} late, a plain sleep {plain_late:?}");
    seen.iter().map(|done| done.user_data / 2).is_sorted()
}

/// PARK-42: a cancel from another thread and a deadline end a parked sleep at once; `rem` is left alone.
#[test]
fn cancels_and_deadlines_end_parked_sleeps() {
    let (engine, mut ring) = start(Config::default());
    let canceller = ring.canceller().unwrap();
    for flags in [CallFlags::NONE, CallFlags::ASYNC] {
        let rem = &*Box::leak(Box::new([AtomicU64::new(7), AtomicU64::new(7)]));
        let address = rem.as_ptr().expose_provenance() as u64;
        let call = Submission::call(libc::SYS_nanosleep).input(&timespec(HOUR)).value(address).flags(flags);
        hand_in(&mut ring, ask_worker(call.user_data(3)), true);
        until("it is parked", || engine.stats().parked == 1);
        let found =
            thread::scope(|scope| scope.spawn(|| canceller.cancel(Which::UserData(3))).join().unwrap());
        assert_eq!((found.removed, found.signalled), (1, 0), "{found:?}");
        assert_eq!(ring.wait(1, Some(PATIENCE)), Ok(1));
        assert_eq!(drain(&mut ring)[0].end(), CANCELLED);
        assert!(rem.iter().all(|word| word.load(Ordering::Relaxed) == 7), "{rem:?}");
        let soon = DeadlineAsked::After(5_000_000).emit();
        let done = run(&mut ring, with(nanosleep(HOUR).flags(flags), AttributeId::DEADLINE, &soon));
        assert_eq!(done.end(), (-i64::from(libc::ETIME), GONE));
        let long = DeadlineAsked::After(3_600_000_000_000).emit();
        let done = run(
            &mut ring,
            with(nanosleep(Duration::from_millis(5)).flags(flags), AttributeId::DEADLINE, &long),
        );
        assert_eq!(done.end(), (0, DoneFlags::NONE));
    }
}

/// PARK-43: BLOCKED counts the time that the call was parked.
#[test]
fn parked_time_is_blocked_time() {
    let (_engine, mut ring) = start(Config::default());
    let length = Duration::from_millis(20);
    for flags in [CallFlags::NONE, CallFlags::ASYNC] {
        let call = with(ask_worker(nanosleep(length).flags(flags)), AttributeId::BLOCKED, &[]).timing();
        let done = run(&mut ring, call);
        let blocked = BlockedValue::parse(done.answer(AttributeId::BLOCKED).unwrap().1).unwrap();
        assert_eq!(worker(&done).run_by, RunBy::PARKED);
        assert!(blocked.sleeps >= 1 && u128::from(blocked.off_cpu_ns) >= length.as_nanos(), "{blocked:?}");
        let times = timing(&done);
        assert!(blocked.off_cpu_ns <= times.finished_ns - times.queued_ns, "{blocked:?} {times:?}");
    }
}

/// PARK-40: a parked call keeps its place in its lane; the next one begins when it is over.
#[test]
fn a_parked_sleep_keeps_its_lane() {
    let (engine, mut ring) = start(Config::default());
    let lane = LaneAsk { id: 77, limit: 1 }.payload();
    hand_in(&mut ring, with(nanosleep(HOUR), AttributeId::LANE, &lane).user_data(4), true);
    until("it is parked", || engine.stats().parked == 1);
    push(&mut ring, &with(getpid(), AttributeId::LANE, &lane).user_data(5).build()).unwrap();
    assert_eq!(ring.wait(1, Some(Duration::from_millis(2))), Ok(0), "it waits for the lane");
    assert_eq!(ring.cancel(Which::UserData(4)).removed, 1);
    assert_eq!(ring.wait(2, Some(PATIENCE)), Ok(2));
    let results: Vec<_> = drain(&mut ring).iter().map(|done| (done.user_data, done.result)).collect();
    assert_eq!(results, [(4, CANCELLED.0), (5, pid())]);
}

/// PARK-44: a close ends parked sleeps as calls that never ran; the drop of their ring leaves none.
#[test]
fn parked_sleeps_end_with_engine_and_ring() {
    let (engine, mut ring) = start(Config::default());
    let mut other = engine.ring(&Params::default()).unwrap();
    for number in 0..10 {
        let flags = if number % 2 == 0 { CallFlags::NONE } else { CallFlags::ASYNC };
        hand_in(&mut ring, nanosleep(HOUR).flags(flags), true);
        hand_in(&mut other, nanosleep(HOUR).flags(flags), true);
    }
    until("all are parked", || engine.stats().parked == 20);
    drop(other);
    assert_eq!((engine.stats().parked, engine.stats().in_flight), (10, 10));
    assert!(engine.close(PATIENCE).is_ok(), "no call runs");
    assert_eq!(ring.wait(10, Some(PATIENCE)), Ok(10));
    let ends: Vec<_> =
        drain(&mut ring).iter().map(|done| (done.result, done.flags.contains(DoneFlags::NOT_RUN))).collect();
    assert_eq!(ends, [(CANCELLED.0, true); 10]);
}
