//! LANE without contention: the submitter runs the call inline.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::thread;
use std::time::Duration;

use syslet::{CallFlags, Config, Engine, Executed, Params, Ring, Submission, SubmissionBuilder, Which};

use super::{Sorted, begun, lane_of, read};
use crate::rig::{Seen, drain, getpid, pid, pipe, push, run};
use syslet_tests::pool;

/// A call in lane 1 that is asked for the thread that makes it.
fn watched() -> SubmissionBuilder {
    pool::ask_worker(getpid()).lane(1, 1).timing()
}

/// A call that any thread makes as it is, and that storage may hold up.
fn access() -> SubmissionBuilder {
    let call = Submission::call(libc::SYS_faccessat).int(libc::AT_FDCWD.into());
    pool::ask_worker(call.path(c"/").value(0))
}

fn is_own(seen: &Seen) -> bool {
    pool::worker(seen).tid == pool::own_tid()
}

#[track_caller]
fn all(ring: &mut Ring, count: usize) -> Vec<Seen> {
    let mut seen = Vec::new();
    while seen.len() < count {
        assert!(ring.wait(1, None).expect("no signal") > 0);
        seen.extend(drain(ring));
    }
    assert_eq!(seen.len(), count);
    seen
}

/// ATTR-99, POOL-56: calls whose lane has room are made by their submitter, one after the other in the order pushed, and no worker is woken;
/// each has the lane for itself.
#[test]
fn a_free_lane_needs_no_worker() {
    let (_engine, mut ring) = pool::start(Config::default());
    for count in [1, 2, 64] {
        for user_data in 0..count {
            push(&mut ring, &watched().user_data(user_data).build()).expect("accepted");
        }
        let count = usize::try_from(count).expect("few");
        assert_eq!(ring.wait(count, None), Ok(count));
        let seen = drain(&mut ring);
        assert!(seen.iter().all(|seen| is_own(seen) && seen.result == pid()), "{seen:?}");
        assert!(seen.iter().all(|seen| lane_of(seen).running == 1), "{seen:?}");
        assert!(begun(seen).into_iter().eq(0..u64::try_from(count).expect("few")));
    }
}

/// ATTR-99: `exec` makes such a call at once, and gives its completion by value.
#[test]
fn exec_in_a_free_lane() {
    let (reader, mut writer) = pipe();
    let (_engine, mut ring) = pool::start(Config::default());
    for _ in 0..3 {
        match ring.exec_safe(&watched().build()).expect("accepted") {
            Executed::Done(done) => assert_eq!(done.result().0, pid()),
            Executed::InFlight(_) => panic!("the lane was free"),
        }
    }
    push(&mut ring, &read(&reader).lane(1, 1).build()).expect("accepted");
    ring.submit();
    pool::until("it sleeps in its lane", || pool::readers(&reader) == 1);
    assert!(matches!(ring.exec_safe(&watched().build()).expect("accepted"), Executed::InFlight(_)));
    writer.write_all(b"x").expect("a pipe");
    let seen = all(&mut ring, 2);
    assert_eq!(seen.iter().filter(|seen| seen.result == pid()).count(), 1);
}

/// ATTR-95, ATTR-99: an attempt that would block goes on in a worker, with its place; a call of another ring has the place when that
/// one is over.
#[test]
fn a_call_that_blocks_keeps_its_place() {
    let (reader, mut writer) = pipe();
    let engine = Engine::start(Config::default()).expect("an engine");
    let [mut ring, mut other] = std::array::from_fn(|_| engine.ring(&Params::default()).expect("a ring"));
    let call = Submission::call(libc::SYS_read).int(reader.as_raw_fd().into()).output(1).value(1);
    push(&mut ring, &call.lane(1, 1).timing().build()).expect("accepted");
    assert_eq!(ring.wait(1, Some(Duration::ZERO)), Ok(0));
    pool::until("it sleeps", || pool::readers(&reader) == 1);
    push(&mut other, &watched().build()).expect("accepted");
    assert_eq!(other.wait(1, Some(Duration::from_millis(1))), Ok(0));
    writer.write_all(b"x").expect("a pipe");
    let (first, second) = (all(&mut ring, 1).remove(0), all(&mut other, 1).remove(0));
    assert!(!is_own(&second) && lane_of(&second).running == 1, "{second:?}");
    assert!(pool::timing(&first).finished_ns <= pool::timing(&second).started_ns);
    let again = run(&mut other, watched());
    assert!(is_own(&again), "{again:?}");
}

/// ATTR-96, ATTR-99: a call that has to wait, and those behind it, are the workers'; they come in the order pushed.
#[test]
fn a_full_lane_is_waited_for_by_workers() {
    let (reader, mut writer) = pipe();
    let engine = Engine::start(Config::default()).expect("an engine");
    let [mut ring, mut other] = std::array::from_fn(|_| engine.ring(&Params::default()).expect("a ring"));
    push(&mut other, &read(&reader).lane(1, 1).build()).expect("accepted");
    other.submit();
    pool::until("it sleeps in its lane", || pool::readers(&reader) == 1);
    for user_data in 0..5 {
        push(&mut ring, &watched().user_data(user_data).build()).expect("accepted");
    }
    assert_eq!(ring.wait(1, Some(Duration::from_millis(1))), Ok(0));
    writer.write_all(b"x").expect("a pipe");
    let seen = all(&mut ring, 5);
    assert!(seen.iter().all(|seen| !is_own(seen) && seen.result == pid()), "{seen:?}");
    assert_eq!(begun(seen), [0, 1, 2, 3, 4]);
}

/// POOL-16, ATTR-99: a call that storage may hold up is made here where none waits behind it for its lane, else by workers.
#[test]
fn calls_of_storage_hold_up_no_other() {
    let (_engine, mut ring) = pool::start(Config::default());
    let seen = run(&mut ring, access().lane(1, 1));
    assert!(is_own(&seen) && seen.result == 0, "{seen:?}");
    for user_data in 0..3 {
        push(&mut ring, &access().lane(1, 1).timing().user_data(user_data).build()).expect("accepted");
    }
    let seen = all(&mut ring, 3);
    assert!(seen.iter().all(|seen| !is_own(seen) && seen.result == 0), "{seen:?}");
    assert_eq!(begun(seen), [0, 1, 2]);
}

/// POOL-11, ATTR-99: a wait that ends before all calls are made leaves the others to workers.
#[test]
fn a_wait_leaves_no_call_behind() {
    for waited_for in [0, 1, 2] {
        let (engine, mut ring) = pool::start(Config::default());
        for user_data in 0..4 {
            push(&mut ring, &watched().user_data(user_data).build()).expect("accepted");
        }
        ring.wait(waited_for, None).expect("no signal");
        pool::until("workers make the others", || engine.stats().in_flight == 0);
        let seen = drain(&mut ring);
        assert_eq!(seen.iter().filter(|seen| is_own(seen)).count(), waited_for);
    }
}

/// ATTR-97, ATTR-98: a call that is cancelled before its turn, by its submitter or another thread, is removed, and holds no place.
#[test]
fn cancelled_before_its_turn() {
    for by_other in [false, true] {
        let (_engine, mut ring) = pool::start(Config::default());
        let canceller = ring.canceller().expect("a canceller");
        for user_data in 0..3 {
            push(&mut ring, &watched().user_data(user_data).build()).expect("accepted");
        }
        let which = Which::UserData(1);
        assert_eq!(if by_other { canceller.cancel(which) } else { ring.cancel(which) }.removed, 1);
        assert_eq!(ring.wait(3, None), Ok(3));
        let seen = drain(&mut ring);
        assert_eq!(seen.iter().filter(|seen| seen.result == pid() && is_own(seen)).count(), 2);
        let removed: Vec<u64> =
            seen.iter().filter(|seen| seen.result != pid()).map(|seen| seen.user_data).collect();
        assert_eq!(removed, [1]);
        let seen = run(&mut ring, watched());
        assert!(is_own(&seen) && lane_of(&seen).running == 1, "{seen:?}");
    }
}

/// ATTR-96: no call overtakes one that waits, though its own limit has room.
#[test]
fn a_call_that_waits_is_not_overtaken() {
    let (reader, mut writer) = pipe();
    let engine = Engine::start(Config::default()).expect("an engine");
    let [mut ring, mut other] = std::array::from_fn(|_| engine.ring(&Params::default()).expect("a ring"));
    push(&mut other, &read(&reader).lane(1, 9).build()).expect("accepted");
    push(&mut other, &read(&reader).lane(1, 1).build()).expect("accepted");
    other.submit();
    pool::until("one sleeps in its lane", || pool::readers(&reader) == 1);
    push(&mut ring, &pool::ask_worker(getpid()).lane(1, 9).timing().build()).expect("accepted");
    assert_eq!(ring.wait(1, Some(Duration::from_millis(1))), Ok(0));
    writer.write_all(b"xx").expect("a pipe");
    let (before, last) = (all(&mut other, 2), all(&mut ring, 1).remove(0));
    assert!(before.iter().all(|seen| pool::timing(seen).finished_ns <= pool::timing(&last).started_ns));
}

/// ATTR-95, ATTR-99: of calls that submitters run inline and calls of workers, in many rings, never more than the limit are made at
/// once, and each is made once.
#[test]
fn inline_calls_and_workers_share_a_lane() {
    const CALLS: u64 = 2_000;
    for limit in [1, 2] {
        let engine = Engine::start(Config::default()).expect("an engine");
        let calls = |mut ring: Ring| {
            let mut seen = Vec::new();
            for user_data in 0..CALLS {
                let call = getpid().lane(1, limit).timing().user_data(user_data);
                let call = if user_data % 7 == 0 { call.flags(CallFlags::ASYNC) } else { call };
                push(&mut ring, &call.build()).expect("accepted");
                if user_data % 5 == 0 {
                    ring.wait(1, None).expect("no signal");
                    seen.extend(drain(&mut ring));
                }
            }
            let left = usize::try_from(CALLS).expect("few") - seen.len();
            seen.extend(all(&mut ring, left));
            seen
        };
        let rings: [Ring; 3] = std::array::from_fn(|_| engine.ring(&Params::default()).expect("a ring"));
        let seen: Vec<Vec<Seen>> = thread::scope(|scope| {
            let threads = rings.map(|ring| scope.spawn(|| calls(ring)));
            threads.into_iter().map(|thread| thread.join().expect("it asserts nothing else")).collect()
        });
        for seen in &seen {
            let mut numbers: Vec<u64> = seen.iter().map(|seen| seen.user_data).collect();
            numbers.sort_unstable();
            assert!(numbers.into_iter().eq(0..CALLS));
        }
        let seen = seen.concat();
        assert!(seen.iter().all(|seen| seen.result == pid() && lane_of(seen).running <= limit));
        assert!(super::lane::most_at_once(&seen) <= limit as usize);
    }
}

/// ATTR-98: the engine is closed, or the ring dropped, while calls wait for their turn: each ends, and none keeps a place.
#[test]
fn the_end_finds_calls_that_wait_for_their_turn() {
    let (engine, mut ring) = pool::start(Config::default());
    for _ in 0..3 {
        push(&mut ring, &watched().build()).expect("accepted");
    }
    drop(ring);
    let mut ring = engine.ring(&Params::default()).expect("a ring");
    assert!(is_own(&run(&mut ring, watched())), "the lane is free");
    for _ in 0..3 {
        push(&mut ring, &watched().build()).expect("accepted");
    }
    engine.close(Duration::from_secs(10)).expect("nothing runs");
    let seen = all(&mut ring, 3);
    assert!(seen.iter().all(|seen| seen.result == -i64::from(libc::ECANCELED)), "{seen:?}");
}

/// ENGINE-37, ATTR-99: `exec` gives the completion of a call with NO_COMPLETE in a free lane, as it does of any other.
#[test]
fn exec_hides_no_success_in_a_lane() {
    let (_engine, mut ring) = pool::start(Config::default());
    for _ in 0..3 {
        let call = getpid().lane(1, 1).flags(CallFlags::NO_COMPLETE).user_data(7);
        match ring.exec_safe(&call.build()).expect("accepted") {
            Executed::Done(done) => assert_eq!((done.result().0, done.user_data()), (pid(), 7)),
            Executed::InFlight(_) => panic!("the lane was free"),
        }
    }
    // Waited for, such a success is hidden, and its place is free again.
    push(&mut ring, &getpid().lane(1, 1).flags(CallFlags::NO_COMPLETE).build()).expect("accepted");
    assert_eq!(lane_of(&run(&mut ring, watched())).running, 1);
}
