//! Loom models of the private lane: its owner runs calls and comes back while the monitor takes the rest. The heavy side of
//! the barrier stands as a fence on both sides: loom has no membarrier.
//! Run by `--cfg syslet_loom` test builds.

use loom::thread;
use syslet_abi::{ArgKinds, CallFlags, CallRepr};

use super::{LaneOwner, PrivateLane};
use crate::slots::admission::{Admission, Verdict};
use crate::sys::barrier::Barrier;
use crate::sys::sync::{Arc, AtomicU32, Mutex, Ordering, lock};

/// A lane with so many calls, numbered by their user_data.
fn lane_with(calls: u64) -> LaneOwner {
    let mut owner = LaneOwner::new(PrivateLane::new(256, Barrier::Mutual).expect("a small lane"));
    for user_data in 0..calls {
        push(&mut owner, user_data);
    }
    owner.publish();
    owner
}

fn push(owner: &mut LaneOwner, user_data: u64) {
    let flags = CallFlags::NONE;
    let repr = CallRepr {
        flags,
        user_data,
        nr: 39,
        kinds: ArgKinds::default(),
        args: &[],
        out_len: 0,
        attributes: &[],
    };
    let mut words = vec![0_u64; repr.len_bytes() / 8];
    repr.emit(bytemuck::cast_slice_mut(&mut words));
    let admission = Admission { verdict: &Verdict::default(), fd: -1, queued_ns: 0, deadline_ns: None };
    owner.push(bytemuck::cast_slice(&words), &admission, false).expect("room");
}

/// The user_data of a record.
fn user_data(record: &[u64]) -> u64 {
    record[1]
}

/// One look of the monitor: it takes what it finds, if the owner is where it was seen.
fn look(lane: &PrivateLane, stolen: &Mutex<Vec<u64>>) {
    let glance = lane.glance();
    lane.seize(glance, |entry| lock(stolen).push(user_data(entry.record())));
}

/// Runs all calls of the lane, as `Ring` does; gives their numbers.
fn run_all(owner: &mut LaneOwner) -> Vec<u64> {
    let mut ran = Vec::new();
    while let Some(first) = owner.front().map(|entry| user_data(entry.record())) {
        owner.during(|entries| {
            assert_eq!(
                entries.front().map(|entry| user_data(entry.record())),
                Some(first),
                "the owner keeps its call"
            );
            thread::yield_now();
        });
        ran.push(first);
        owner.pop();
    }
    ran
}

/// RING-26: each call is run by the owner or taken by the monitor, never both and never neither, at whatever moment the
/// monitor comes; the owner keeps the call that it is in.
#[test]
fn loom_each_call_has_one_runner() {
    loom::model(|| {
        let mut owner = lane_with(3);
        let (lane, stolen) = (owner.shared(), Arc::new(Mutex::new(Vec::new())));
        let monitor = {
            let stolen = Arc::clone(&stolen);
            thread::spawn(move || look(&lane, &stolen))
        };
        let mut all = run_all(&mut owner);
        monitor.join().unwrap();
        let _robbed = owner.is_robbed();
        all.extend(lock(&stolen).iter());
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2]);
    });
}

/// RING-26: a submitter that is out with calls left behind finds, when it comes back, all of them or none; a call that it has not
/// published is its own.
#[test]
fn loom_calls_left_behind_are_taken_once() {
    loom::model(|| {
        let mut owner = lane_with(2);
        push(&mut owner, 2);
        owner.go_away();
        let (lane, stolen) = (owner.shared(), Arc::new(Mutex::new(Vec::new())));
        let monitor = {
            let stolen = Arc::clone(&stolen);
            thread::spawn(move || look(&lane, &stolen))
        };
        let was_robbed = owner.is_robbed();
        assert_eq!(owner.len(), if was_robbed { 1 } else { 3 });
        owner.publish();
        let mut all = run_all(&mut owner);
        monitor.join().unwrap();
        let _robbed = owner.is_robbed();
        all.extend(lock(&stolen).iter());
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2]);
    });
}

/// RING-27: a request that another thread leaves is seen by the owner before the next call, or the owner was in it before.
#[test]
fn loom_a_request_is_seen() {
    loom::model(|| {
        let mut owner = lane_with(1);
        let (lane, request) = (owner.shared(), Arc::new(AtomicU32::new(0)));
        let canceller = {
            let request = Arc::clone(&request);
            thread::spawn(move || {
                request.store(1, Ordering::Relaxed);
                lane.ask();
            })
        };
        let was_asked = owner.is_asked() && owner.take_request();
        assert!(!was_asked || request.load(Ordering::Relaxed) == 1, "the request is there behind the flag");
        run_all(&mut owner);
        canceller.join().unwrap();
        assert_ne!(owner.take_request(), was_asked, "it is taken once");
    });
}
