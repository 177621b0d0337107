//! PRIORITY: the order of calls in a ring.

use std::io::Write;
use std::os::fd::AsRawFd;

use syslet::attrs::Priority;
use syslet::{
    AttributeFlags, AttributeId, CallFlags, DoneFlags, Engine, Params, Ring, Status, Submission, Which,
};

use super::{Sorted, one_busy_worker, priority_of};
use crate::rig::{Seen, drain, getpid, pid, pipe, pooled, push, ring, run, sync};
use syslet_tests::pool;

/// Priorities in the order pushed; the user's word counts from 0.
const PUSHED: [i32; 8] = [3, -1000, 500, 1000, 500, -1, 1, 999];

/// Where a call stands that asked for TIMING.
fn key(seen: &Seen, priority: i32) -> i64 {
    i64::try_from(pool::timing(seen).queued_ns).expect("soon") - i64::from(priority) * 1_000_000
}

fn push_all(ring: &mut Ring, flags: CallFlags) {
    for (user_data, priority) in (0..).zip(PUSHED) {
        let call = getpid().flags(flags).priority(priority).timing().user_data(user_data);
        push(ring, &pool::ask_worker(call).build()).expect("accepted");
    }
}

/// That calls began in the order of their keys, and say so.
#[track_caller]
fn assert_sorted(seen: &[Seen]) {
    let priority = |seen: &Seen| PUSHED[usize::try_from(seen.user_data).expect("small")];
    let keys: Vec<i64> = seen.iter().map(|seen| key(seen, priority(seen))).collect();
    assert!(keys.is_sorted(), "{seen:?}");
    for seen in seen {
        let (told, timing) = (priority_of(seen), pool::timing(seen));
        assert_eq!(told.waited_ns, timing.started_ns - timing.queued_ns);
        let gained = i64::try_from(told.waited_ns / 1_000_000).expect("few");
        assert_eq!((seen.result, told.level), (pid(), i64::from(priority(seen)) + gained));
    }
}

/// ATTR-90, ATTR-91: without workers, and for a submitter that waits, calls begin by priority and age; how long each has
/// waited, and what became of its level, is told.
#[test]
fn inline_in_order() {
    for mut ring in [ring(), pooled()] {
        push_all(&mut ring, CallFlags::NONE);
        assert_eq!(ring.wait(PUSHED.len(), None), Ok(PUSHED.len()));
        let seen = drain(&mut ring);
        // A worker may have come beside: each takes the next one, and which of the two then begins first is open.
        let own = seen.into_iter().filter(|seen| pool::worker(seen).tid == pool::own_tid());
        assert_sorted(&own.collect::<Vec<_>>());
    }
}

/// ATTR-91, POOL-30: a worker takes them in the same order, from the priority queue that only workers see.
#[test]
fn pooled_in_order() {
    let (reader, mut writer) = pipe();
    let (_engine, mut ring) = one_busy_worker(&reader);
    push_all(&mut ring, CallFlags::ASYNC);
    ring.submit();
    writer.write_all(b"x").unwrap();
    assert_eq!(ring.wait(1 + PUSHED.len(), None), Ok(1 + PUSHED.len()));
    let seen = drain(&mut ring);
    assert_eq!(seen[0].user_data, 1000);
    assert_sorted(&seen[1..]);
}

/// ATTR-91, POOL-31: what has a priority above 0 goes before plain calls, what has one below behind them until it has aged; 0 is as
/// if not asked.
#[test]
fn beside_plain_calls() {
    let mut ring = ring();
    pool::until("it was quick enough", || {
        for (user_data, priority) in [(0, None), (1, Some(-1000)), (2, Some(0)), (3, Some(1)), (4, None)] {
            let call = getpid().user_data(user_data);
            let call = priority.map_or(call.clone(), |priority| call.priority(priority));
            push(&mut ring, &call.build()).expect("accepted");
        }
        assert_eq!(ring.wait(5, None), Ok(5));
        let seen = drain(&mut ring);
        let low = seen.iter().find(|seen| seen.user_data == 1).expect("it has ended");
        let order: Vec<u64> = seen.iter().map(|seen| seen.user_data).collect();
        let waited_ns = priority_of(low).waited_ns;
        assert!(order == [3, 0, 2, 4, 1] || waited_ns >= 1_000_000_000, "{order:?} {waited_ns}");
        waited_ns < 1_000_000_000
    });
}

/// ATTR-92: however many high calls there are, after four of them the ring has its turn; for workers and submitters.
#[test]
fn plain_calls_have_their_turn() {
    let (reader, mut writer) = pipe();
    let (_engine, mut busy) = one_busy_worker(&reader);
    for (is_pooled, ring) in [(false, &mut ring()), (true, &mut busy)] {
        let flags = if is_pooled { CallFlags::ASYNC } else { CallFlags::NONE };
        for user_data in 0..12 {
            push(ring, &getpid().flags(flags).priority(1000).user_data(user_data).build()).unwrap();
        }
        // Not instant, so that each is a claim of its own.
        for user_data in 100..103 {
            let close = Submission::call(libc::SYS_close).int(-1).flags(flags).timing();
            push(ring, &close.user_data(user_data).build()).unwrap();
        }
        ring.submit();
        if is_pooled {
            writer.write_all(b"x").unwrap();
        }
        let count = 15 + usize::from(is_pooled);
        assert_eq!(ring.wait(count, None), Ok(count));
        let order: Vec<u64> = drain(ring).iter().map(|seen| seen.user_data).filter(|it| *it < 1000).collect();
        assert_eq!(order, [0, 1, 2, 3, 100, 4, 5, 6, 7, 101, 8, 9, 10, 11, 102]);
    }
}

/// ATTR-93: SYNC calls are made in the order pushed, where there are workers: it is INAPPLICABLE then, and if it is required
/// the call does not run.
#[test]
fn sync_calls_are_not_sorted() {
    let mut ring = pooled();
    for (user_data, priority) in [(0, 1), (1, 1000)] {
        push(&mut ring, &sync(getpid()).priority(priority).user_data(user_data).build()).unwrap();
    }
    ring.wait(2, None).unwrap();
    for (seen, user_data) in drain(&mut ring).iter().zip(0..) {
        assert_eq!((seen.user_data, seen.result), (user_data, pid()));
        assert_eq!(seen.answer(AttributeId::PRIORITY), Some((Status::INAPPLICABLE, &[][..])));
    }
    let required = |call: syslet::SubmissionBuilder| {
        call.attribute(AttributeId::PRIORITY, AttributeFlags::REQUIRED, &Priority::payload(1))
    };
    let seen = run(&mut ring, sync(required(getpid())));
    assert_eq!(seen.result, -i64::from(libc::EOPNOTSUPP));
    assert!(seen.flags.contains(DoneFlags::NOT_RUN));
    assert_eq!(run(&mut crate::rig::ring(), sync(required(getpid()))).result, pid());
}

/// ATTR-90: numbers out of range are INVALID, and the call goes as if they had not been asked.
#[test]
fn out_of_range() {
    let mut ring = ring();
    for wrong in [-1001, 1001, i32::MIN, i32::MAX] {
        let seen = run(&mut ring, getpid().priority(wrong));
        assert_eq!(seen.result, pid());
        assert_eq!(seen.answer(AttributeId::PRIORITY), Some((Status::INVALID, &[][..])));
    }
    for right in [-1000, 1000] {
        assert!(priority_of(&run(&mut ring, getpid().priority(right))).level >= i64::from(right));
    }
}

/// CANCEL-1, POOL-32: sorted calls are removed like others, published or not, more of them than there are slots; those
/// behind them run.
#[test]
fn sorted_calls_are_removed() {
    let (reader, mut writer) = pipe();
    let (engine, mut busy) = one_busy_worker(&reader);
    for ring in [&mut ring(), &mut busy] {
        for round in 0..3000 {
            push(ring, &getpid().flags(CallFlags::NONE).priority(7).user_data(5).build()).unwrap();
            if round % 2 == 0 {
                ring.submit();
            }
            // A worker or nobody: the only worker is busy.
            assert_eq!(ring.cancel(Which::UserData(5)).removed, 1);
            ring.wait(0, None).unwrap();
            assert_eq!(drain(ring).len(), 1, "it is there at once");
        }
        push(ring, &getpid().priority(-7).user_data(6).build()).unwrap();
        ring.wait(1, None).unwrap();
        assert_eq!(drain(ring)[0].user_data, 6);
    }
    writer.write_all(b"x").unwrap();
    busy.wait(1, None).unwrap();
    assert_eq!(engine.stats().in_flight, 0);
}

/// POOL-11, POOL-30: what a wait leaves behind in the priority queue is for workers: its submitter may never wait again.
#[test]
fn what_a_wait_leaves_behind_is_run() {
    let mut ring = pooled();
    let (reader, writer) = pipe();
    let write = Submission::call(libc::SYS_write).int(writer.as_raw_fd().into()).input(b"w").value(1);
    for round in 1..20 {
        push(&mut ring, &getpid().priority(1000).build()).unwrap();
        push(&mut ring, &write.clone().flags(CallFlags::STORAGE).priority(-1000).build()).unwrap();
        ring.wait(1, None).unwrap();
        pool::until("the byte is there", || pool::unread(&reader) == round);
        ring.wait(2, None).unwrap();
        assert_eq!(drain(&mut ring).len(), 2);
    }
}

/// POOL-30: what was not published never runs when its ring is dropped.
#[test]
fn unpublished_calls_never_run() {
    let (reader, writer) = pipe();
    let engine = Engine::start(syslet::Config::default()).unwrap();
    let mut ring = engine.ring(&Params::default()).unwrap();
    let write = Submission::call(libc::SYS_write).int(writer.as_raw_fd().into()).input(b"w").value(1);
    for priority in [-1000, 1, 1000] {
        push(&mut ring, &write.clone().flags(CallFlags::ASYNC).priority(priority).build()).unwrap();
    }
    push(&mut ring, &write.clone().flags(CallFlags::ASYNC).lane(1, 1).build()).unwrap();
    let mut other = engine.ring(&Params::default()).unwrap();
    assert_eq!(run(&mut other, getpid().flags(CallFlags::ASYNC)).result, pid());
    drop(ring);
    assert_eq!(run(&mut other, getpid().flags(CallFlags::ASYNC).lane(1, 1)).result, pid());
    assert_eq!((pool::unread(&reader), engine.stats().in_flight), (0, 0));
}
