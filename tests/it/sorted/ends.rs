//! The ends that a call in a lane, or in front of one, can come to.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use syslet::attrs::DeadlineAsked;
use syslet::{
    AttributeFlags, AttributeId, CallFlags, Config, DoneFlags, Engine, Params, Ring, Status, Submission,
    Which,
};

use super::{Sorted, begun, lane_of, one_busy_worker, read};
use crate::rig::{drain, getpid, pid, pipe, push, run};
use syslet_tests::pool;

const ECANCELED: i64 = -(libc::ECANCELED as i64);
const GONE: DoneFlags = DoneFlags::CANCELLED.with(DoneFlags::NOT_RUN).with(DoneFlags::ENGINE_RESULT);
const NOT_RUN: DoneFlags = DoneFlags::NOT_RUN.with(DoneFlags::ENGINE_RESULT);

/// A ring whose call 0 has lane 1 for itself and sleeps, and three more, 1 to 3, that wait for it; all read one byte.
fn one_in_three_waiting(engine: &Engine, reader: &impl AsRawFd) -> Ring {
    let mut ring = engine.ring(&Params::default()).expect("a ring");
    for user_data in 0..4 {
        push(&mut ring, &read(reader).lane(1, 1).user_data(user_data).build()).expect("accepted");
    }
    ring.submit();
    pool::until("one sleeps", || pool::readers(reader) == 1);
    ring
}

/// That nobody is in lane 1, nor in front of it.
#[track_caller]
fn assert_free(engine: &Engine) {
    let mut ring = engine.ring(&Params::default()).expect("a ring");
    let seen = run(&mut ring, getpid().lane(1, 1));
    assert_eq!((seen.result, lane_of(&seen).running), (pid(), 1));
}

/// ATTR-97, ATTR-98: cancelled in front of the lane, a call is removed; cancelled in it, the next one has its place.
#[test]
fn cancelled() {
    let (reader, mut writer) = pipe();
    let engine = Engine::start(Config::default()).unwrap();
    let mut ring = one_in_three_waiting(&engine, &reader);
    assert_eq!(ring.cancel(Which::UserData(2)).removed, 1);
    ring.wait(1, None).unwrap();
    let seen = drain(&mut ring).remove(0);
    assert_eq!((seen.user_data, seen.result, seen.flags), (2, ECANCELED, GONE));
    assert_eq!(seen.answer(AttributeId::LANE), Some((Status::INAPPLICABLE, &[][..])));
    assert_eq!(ring.cancel(Which::UserData(0)).signalled, 1);
    ring.wait(1, None).unwrap();
    let seen = drain(&mut ring).remove(0);
    assert!(seen.user_data == 0 && seen.flags.contains(DoneFlags::CANCELLED), "{seen:?}");
    writer.write_all(&[0; 2]).unwrap();
    ring.wait(2, None).unwrap();
    assert_eq!(begun(drain(&mut ring)), [1, 3]);
    assert_free(&engine);
}

/// ATTR-97, ATTR-60: a deadline that passes in front of the lane removes the call, and its place in the queue.
#[test]
fn late() {
    let (reader, mut writer) = pipe();
    let engine = Engine::start(Config::default()).unwrap();
    let mut ring = one_in_three_waiting(&engine, &reader);
    let deadline = DeadlineAsked::After(2_000_000).emit();
    let call = read(&reader).lane(1, 1).priority(1000).user_data(9);
    let call = call.attribute(AttributeId::DEADLINE, AttributeFlags::NONE, &deadline);
    push(&mut ring, &call.build()).unwrap();
    ring.submit();
    ring.wait(1, None).unwrap();
    let seen = drain(&mut ring).remove(0);
    assert_eq!((seen.user_data, seen.result, seen.flags), (9, -i64::from(libc::ETIME), GONE));
    writer.write_all(&[0; 4]).unwrap();
    assert_eq!(ring.wait(4, None), Ok(4));
    assert_eq!(begun(drain(&mut ring)), [0, 1, 2, 3]);
    assert_free(&engine);
}

/// ATTR-97, ATTR-98: a ring that is dropped takes its waiting calls along; the one that runs keeps its place until it is over,
/// and gives it to a call of another ring.
#[test]
fn ring_dropped() {
    let (reader, _writer) = pipe();
    let (behind, _release) = pipe();
    let engine = Engine::start(Config::default()).unwrap();
    let first = one_in_three_waiting(&engine, &reader);
    let mut second = engine.ring(&Params::default()).unwrap();
    for user_data in 0..2 {
        push(&mut second, &read(&behind).lane(1, 1).user_data(user_data).build()).unwrap();
    }
    second.submit();
    let mut third = engine.ring(&Params::default()).unwrap();
    push(&mut third, &getpid().lane(1, 1).build()).unwrap();
    third.submit();
    drop(first);
    assert!(engine.stats().in_flight <= 1 + 2 + 1, "of the first one what runs is left, and ends soon");
    pool::until("the second has the lane", || pool::readers(&behind) == 1);
    drop(second);
    assert_eq!(third.wait(1, None), Ok(1));
    assert_eq!((drain(&mut third)[0].result, pool::readers(&behind)), (pid(), 0));
    assert_free(&engine);
    pool::until("all are over", || engine.stats().in_flight == 0);
}

/// ATTR-98: a call that has its place and no worker yet gives it back when it is cancelled, when its deadline passes, and when
/// its ring is dropped.
#[test]
fn queued_with_a_place() {
    let (reader, mut writer) = pipe();
    let (engine, mut busy) = one_busy_worker(&reader);
    let deadline = DeadlineAsked::After(1_000_000).emit();
    for end in 0..3 {
        let mut ring = engine.ring(&Params::default()).unwrap();
        let call = getpid().lane(1, 1).user_data(5);
        let is_timed = end == 1;
        let timed = call.clone().attribute(AttributeId::DEADLINE, AttributeFlags::NONE, &deadline);
        push(&mut ring, &if is_timed { timed } else { call }.build()).unwrap();
        push(&mut ring, &getpid().lane(1, 1).user_data(6).build()).unwrap();
        ring.submit();
        match end {
            0 => assert_eq!(ring.cancel(Which::UserData(5)).removed, 1),
            1 => assert_eq!(ring.wait(1, None), Ok(1)),
            _ => drop(ring),
        }
        push(&mut busy, &getpid().lane(1, 1).user_data(end).build()).unwrap();
        busy.submit();
    }
    writer.write_all(b"x").unwrap();
    assert_eq!(busy.wait(4, None), Ok(4), "nobody keeps the lane");
    assert_free(&engine);
}

/// ATTR-97, POOL-21: closed, the engine ends all calls that wait, hundreds of them, of several rings; the one that runs
/// ends as it does.
#[test]
fn closed() {
    let (reader, mut writer) = pipe();
    let engine = Engine::start(Config::default()).unwrap();
    let mut first = one_in_three_waiting(&engine, &reader);
    let mut second = engine.ring(&Params::default()).unwrap();
    for user_data in 0..800 {
        push(&mut second, &getpid().lane(1, 1).user_data(user_data).build()).unwrap();
    }
    second.submit();
    assert_eq!(engine.close(Duration::ZERO).expect_err("one runs").calls.len(), 1);
    assert_eq!((first.wait(3, None), second.wait(800, None)), (Ok(3), Ok(800)));
    for seen in drain(&mut first).iter().chain(&drain(&mut second)) {
        assert_eq!((seen.result, seen.flags), (ECANCELED, NOT_RUN), "{seen:?}");
        assert_eq!(seen.answer(AttributeId::LANE), Some((Status::INAPPLICABLE, &[][..])));
    }
    writer.write_all(b"x").unwrap();
    assert_eq!(first.wait(1, None), Ok(1));
    assert_eq!((drain(&mut first)[0].result, engine.close(Duration::MAX)), (1, Ok(())));
}

/// ATTR-97, POOL-21: closed, an engine ends a call of each of very many rings that wait for one lane, without climbing
/// from each to the next.
#[test]
fn closed_with_many_rings() {
    const RINGS: usize = 3000;
    let (reader, mut writer) = pipe();
    // The first of them has the lane, and no worker.
    let (engine, mut busy) = one_busy_worker(&reader);
    let small = Params { submission_bytes: 4096, completion_bytes: 4096, slots: 4, ..Params::default() };
    let small = Params { submission_record_max: 128, completion_record_max: 128, ..small };
    let rings = (0..RINGS).map(|_| {
        let mut ring = engine.ring(&small).unwrap();
        push(&mut ring, &getpid().lane(1, 1).build()).unwrap();
        ring.submit();
        ring
    });
    let rings: Vec<Ring> = rings.collect();
    assert_eq!(engine.close(Duration::ZERO).expect_err("one runs").calls.len(), 1);
    for mut ring in rings {
        assert_eq!(ring.wait(1, None), Ok(1));
        assert_eq!(drain(&mut ring)[0].result, ECANCELED);
    }
    writer.write_all(b"x").unwrap();
    assert_eq!(busy.wait(1, None), Ok(1));
}

/// ATTR-97: an engine and its rings go while calls wait; nothing runs that had not begun.
#[test]
fn all_dropped() {
    let (reader, mut writer) = pipe();
    let engine = Engine::start(Config::default()).unwrap();
    let ring = one_in_three_waiting(&engine, &reader);
    drop((engine, ring));
    pool::until("the one is stopped", || pool::readers(&reader) == 0);
    writer.write_all(&[0; 4]).unwrap();
    assert_eq!(pool::unread(&reader), 4, "nobody has read");
}

/// What becomes of a call of the storm.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Run,
    Cancel,
    CancelEarlier,
    Expire,
}

fn storm(ring: &mut Ring, fates: &[Fate]) -> usize {
    for (user_data, fate) in (0_u64..).zip(fates) {
        let call = getpid().lane(user_data % 3, 1 + u32::from(user_data % 2 == 0)).user_data(user_data);
        let call = if user_data % 5 == 0 { call.priority(1) } else { call };
        let soon = DeadlineAsked::After(user_data * 1000).emit();
        let call = match fate {
            Fate::Expire => call.attribute(AttributeId::DEADLINE, AttributeFlags::NONE, &soon),
            _ => call.flags(CallFlags::ASYNC),
        };
        push(ring, &call.build()).expect("accepted");
        if user_data % 4 != 0 {
            ring.submit();
        }
        match fate {
            Fate::Cancel => drop(ring.cancel(Which::UserData(user_data))),
            Fate::CancelEarlier => drop(ring.cancel(Which::UserData(user_data / 2))),
            _ => {}
        }
    }
    ring.wait(fates.len(), None).expect("waited");
    let mut seen: Vec<u64> = drain(ring).iter().map(|seen| seen.user_data).collect();
    seen.sort_unstable();
    seen.dedup();
    seen.len()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, failure_persistence: None, ..ProptestConfig::default() })]

    /// ATTR-97, ATTR-98: whatever ends come together, every call has one completion, and afterwards all lanes are free.
    #[test]
    fn nothing_is_lost(seed in prop::collection::vec(0..4_u8, 200)) {
        const FATES: [Fate; 4] = [Fate::Run, Fate::Cancel, Fate::CancelEarlier, Fate::Expire];
        let fates: Vec<Fate> = seed.iter().map(|fate| FATES[usize::from(*fate)]).collect();
        let engine = Engine::start(Config::default()).unwrap();
        thread::scope(|scope| {
            for half in fates.chunks(100) {
                let mut ring = engine.ring(&Params::default()).unwrap();
                scope.spawn(move || assert_eq!(storm(&mut ring, half), half.len()));
            }
        });
        assert_free(&engine);
    }
}

/// ATTR-98: a call that a REQUIRED attribute keeps from running gives its place back.
#[test]
fn refused_calls_give_their_place_back() {
    let engine = Engine::start(Config::default()).unwrap();
    let mut ring = engine.ring(&Params::default()).unwrap();
    let required = Submission::call(libc::SYS_getpid).lane(1, 1).attribute(
        AttributeId::CHECKSUM,
        AttributeFlags::REQUIRED,
        &[],
    );
    let seen = run(&mut ring, required);
    assert_eq!((seen.result, seen.flags), (-i64::from(libc::EOPNOTSUPP), NOT_RUN));
    assert_free(&engine);
}
