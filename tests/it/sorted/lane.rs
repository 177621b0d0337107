//! LANE: at most so many at once.

use std::io::Write;
use std::thread;
use std::time::Duration;

use syslet::{
    AttributeFlags, AttributeId, CallFlags, Config, DoneFlags, Engine, Params, Refusal, Ring, Status,
    Submission, SubmissionBuilder,
};

use super::{Sorted, begun, lane_of, one_busy_worker, read};
use crate::rig::{Seen, drain, getpid, pid, pipe, pooled, push, ring, run, sync};
use syslet_tests::pool;

/// The most of these calls that were being made at once, by their TIMING.
pub(super) fn most_at_once(seen: &[Seen]) -> usize {
    let mut changes: Vec<(u64, i32)> = Vec::new();
    for timing in seen.iter().map(pool::timing) {
        changes.extend([(timing.started_ns, 1), (timing.finished_ns, -1)]);
    }
    // At one instant the end of a call comes before the start of another.
    changes.sort_unstable();
    let counts = changes.iter().scan(0, |count, (_, change)| {
        *count += change;
        Some(*count)
    });
    usize::try_from(counts.max().unwrap_or(0)).expect("not negative")
}

fn nap() -> SubmissionBuilder {
    let length = pool::timespec(Duration::from_micros(50));
    Submission::call(libc::SYS_nanosleep).input(&length).value(0)
}

/// Naps in that lane, some with a priority.
fn naps(ring: &mut Ring, count: u64, limit: u32) -> Vec<Seen> {
    for user_data in 0..count {
        let nap = nap().lane(7, limit).timing();
        let nap =
            if user_data % 3 == 0 { nap.priority(if user_data % 2 == 0 { 9 } else { -9 }) } else { nap };
        push(ring, &nap.user_data(user_data).build()).expect("accepted");
        if user_data % 10 == 0 {
            ring.submit();
        }
    }
    let all = usize::try_from(count).expect("few");
    assert_eq!(ring.wait(all, None), Ok(all));
    drain(ring)
}

/// ATTR-94, ATTR-95: of two rings, and of many calls, never more than the limit are made at once, but as many; each says how
/// many there were, and none waited for less than nothing.
#[test]
fn at_most_so_many() {
    const LIMIT: u32 = 3;
    let engine = Engine::start(Config::default().runnable_max(8)).unwrap();
    let rings: [Ring; 2] = std::array::from_fn(|_| engine.ring(&Params::default()).unwrap());
    let seen: Vec<Seen> = thread::scope(|scope| {
        let threads = rings.map(|mut ring| scope.spawn(move || naps(&mut ring, 200, LIMIT)));
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(most_at_once(&seen), LIMIT as usize);
    for seen in &seen {
        let (lane, timing) = (lane_of(seen), pool::timing(seen));
        assert!((1..=LIMIT).contains(&lane.running) && seen.result == 0, "{seen:?}");
        assert!(lane.waited_ns <= timing.started_ns - timing.queued_ns, "{seen:?}");
    }
    assert!(seen.iter().any(|seen| lane_of(seen).running == LIMIT));
    assert!(seen.iter().any(|seen| lane_of(seen).running == 1));
}

/// ATTR-97, POOL-33: those that wait for a lane hold no worker, whatever their number, keep no other call waiting, and
/// are nothing that a worker would look for.
#[test]
fn waiting_holds_no_worker() {
    let (reader, mut writer) = pipe();
    let (engine, mut ring) = pool::start(Config::default().workers_max(2));
    for user_data in 0..10 {
        push(&mut ring, &read(&reader).lane(1, 1).user_data(user_data).build()).unwrap();
    }
    ring.submit();
    pool::until("one sleeps", || pool::readers(&reader) == 1);
    for _ in 0..100 {
        assert_eq!(run(&mut ring, getpid().flags(CallFlags::ASYNC)).result, pid());
        assert_eq!(run(&mut ring, getpid().lane(2, 1)).result, pid(), "another lane");
    }
    pool::until("nobody searches", || {
        let stats = engine.stats();
        stats.idle + 1 == stats.workers && pool::readers(&reader) == 1
    });
    writer.write_all(&[0; 10]).unwrap();
    assert_eq!(ring.wait(10, None), Ok(10));
    assert_eq!(begun(drain(&mut ring)), (0..10).collect::<Vec<_>>(), "in the order pushed");
}

/// ATTR-96: who waits is let in by priority; and a limit is the call's own.
#[test]
fn in_which_order() {
    let (reader, mut writer) = pipe();
    let (_engine, mut ring) = pool::start(Config::default());
    push(&mut ring, &read(&reader).lane(1, 1).user_data(0).build()).unwrap();
    ring.submit();
    // Behind the first; three that want to be few, and one that would have room for itself.
    for (user_data, priority, limit) in [(1, -1000, 1), (2, 0, 1), (3, 1000, 1), (4, -1000, 5)] {
        let call = read(&reader).lane(1, limit).priority(priority).user_data(user_data);
        push(&mut ring, &call.build()).unwrap();
    }
    ring.submit();
    writer.write_all(&[0; 5]).unwrap();
    assert_eq!(ring.wait(5, None), Ok(5));
    let order = begun(drain(&mut ring));
    // The last two may begin together, and do not if the third is over before.
    assert!(order == [0, 3, 2, 1, 4] || order == [0, 3, 2, 4, 1], "{order:?}");
}

/// ATTR-96: one that wants to be alone waits until it is, and those behind it do not overtake it.
#[test]
fn nobody_overtakes() {
    let (reader, mut writer) = pipe();
    let (other, mut release) = pipe();
    let (_engine, mut ring) = pool::start(Config::default());
    push(&mut ring, &read(&reader).lane(1, 9).user_data(0).build()).unwrap();
    push(&mut ring, &read(&reader).lane(1, 9).user_data(1).build()).unwrap();
    push(&mut ring, &read(&other).lane(1, 1).user_data(2).build()).unwrap();
    push(&mut ring, &read(&reader).lane(1, 9).user_data(3).build()).unwrap();
    ring.submit();
    pool::until("two sleep", || pool::readers(&reader) == 2);
    assert_eq!(pool::readers(&other), 0);
    writer.write_all(&[0; 3]).unwrap();
    ring.wait(3, None).unwrap();
    let mut seen = drain(&mut ring);
    seen.sort_by_key(|seen| seen.user_data);
    // When the one in the middle had its place, nobody else was there; the last came beside it.
    assert_eq!(seen.iter().map(|seen| seen.user_data).collect::<Vec<_>>(), [0, 1, 3]);
    assert_eq!(lane_of(&seen[2]).running, 2, "beside the one that sleeps");
    release.write_all(&[0]).unwrap();
    ring.wait(1, None).unwrap();
    assert_eq!(lane_of(&drain(&mut ring)[0]).running, 1);
}

/// ATTR-99: where there are no workers such calls are refused, and so are those that no worker may run.
#[test]
fn workers_are_wanted() {
    for (mut ring, call) in [(ring(), getpid()), (pooled(), sync(getpid()))] {
        let refused = push(&mut ring, &call.lane(1, 1).build()).expect_err("nobody is there");
        assert_eq!(refused.refusal(), Refusal::NEEDS_WORKER);
    }
}

/// ATTR-94: a limit of 0 lets nobody in: INVALID. So is a reserved field that is set.
#[test]
fn wrong_payloads() {
    let mut ring = pooled();
    let none = syslet::attrs::LaneAsk { id: 1, limit: 0 }.payload();
    let mut reserved = syslet::attrs::LaneAsk { id: 1, limit: 1 }.payload();
    reserved[12] = 1;
    for payload in [&none[..], &reserved, &none[..15], &[]] {
        let seen = run(&mut ring, getpid().attribute(AttributeId::LANE, AttributeFlags::NONE, payload));
        assert_eq!(seen.result, pid());
        assert_eq!(seen.answer(AttributeId::LANE), Some((Status::INVALID, &[][..])));
    }
}

/// ATTR-103: what is not to run, because of something required, waits for no place in a lane that is full, and takes none.
#[test]
fn what_will_not_run_takes_no_place() {
    let (reader, mut writer) = pipe();
    let (_engine, mut ring) = pool::start(Config::default());
    push(&mut ring, &read(&reader).lane(1, 1).user_data(0).build()).unwrap();
    ring.submit();
    pool::until("one sleeps", || pool::readers(&reader) == 1);
    let refused = |call: SubmissionBuilder| {
        call.lane(1, 1).priority(3).attribute(AttributeId(77), AttributeFlags::REQUIRED, &[])
    };
    for call in [getpid(), getpid().flags(CallFlags::ASYNC), read(&reader)] {
        push(&mut ring, &refused(call).build()).unwrap();
        ring.submit();
        assert_eq!(ring.wait(1, Some(Duration::from_secs(20))), Ok(1), "it waits for nobody");
        let seen = drain(&mut ring).remove(0);
        let not_run = DoneFlags::NOT_RUN.with(DoneFlags::ENGINE_RESULT);
        assert_eq!((seen.result, seen.flags), (-i64::from(libc::EOPNOTSUPP), not_run));
        assert_eq!(seen.answer(AttributeId::LANE), Some((Status::INAPPLICABLE, &[][..])));
    }
    push(&mut ring, &read(&reader).lane(1, 2).user_data(1).build()).unwrap();
    ring.submit();
    writer.write_all(&[0; 2]).unwrap();
    assert_eq!(ring.wait(2, None), Ok(2));
    assert_eq!(begun(drain(&mut ring)), [0, 1]);
}

/// ATTR-95: a call has its place until it is over, which is before its completion is seen: the next one of a thread that
/// makes one at a time never waits.
#[test]
fn a_place_is_free_when_the_completion_is_seen() {
    let (reader, mut writer) = pipe();
    let (_engine, mut ring) = one_busy_worker(&reader);
    writer.write_all(b"x").unwrap();
    ring.wait(1, None).unwrap();
    drain(&mut ring);
    for _ in 0..1000 {
        let seen = run(&mut ring, getpid().lane(1, 1));
        assert_eq!((seen.result, lane_of(&seen).running), (pid(), 1));
    }
}
