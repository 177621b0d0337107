//! Tests of the scheduler's decisions, step by step. Run by the unit tests.

use crate::pool::scheduler::{Quota, Scheduler, Sleeper, WakeOne, Work};
use crate::sys::sync::{Arc, AtomicBool};

/// A ring that always has work.
struct Full(AtomicBool);

/// A worker.
#[derive(Debug)]
struct Place;

impl Work for Full {
    fn listed(&self) -> &AtomicBool {
        &self.0
    }

    fn has_work(&self) -> bool {
        true
    }
}

impl Sleeper for Place {
    fn call(&self) {}

    fn stays(&self) -> bool {
        false
    }
}

/// A scheduler with its first worker, which no longer searches, and two rings.
fn scheduler() -> (Scheduler<Full, Place>, [Arc<Full>; 2]) {
    let scheduler = Scheduler::new();
    scheduler.first();
    assert!(scheduler.end_search());
    let rings = [(), ()].map(|()| Arc::new(Full(AtomicBool::new(false))));
    (scheduler, rings)
}

fn quota(workers_max: u32) -> Quota {
    Quota { workers_max, runnable_max: 64, abandoned: 0 }
}

/// The number of threads that are started for so many calls in flight while every worker runs.
fn started(scheduler: &Scheduler<Full, Place>, in_flight: u64, workers_max: u32) -> u32 {
    let mut count = 0;
    while matches!(scheduler.wake_one(quota(workers_max), || in_flight), WakeOne::Start) {
        assert!(scheduler.end_search());
        count += 1;
    }
    count
}

/// POOL-5: no thread is started above the calls in flight plus one, or above the limit.
#[test]
fn threads_are_started_for_calls_in_flight() {
    let (scheduler, [ring, _]) = scheduler();
    assert!(scheduler.announce(&ring), "no worker searches");
    assert_eq!(started(&scheduler, 0, 512), 0, "one there is");
    assert_eq!(started(&scheduler, 3, 512), 3);
    assert_eq!(started(&scheduler, 3, 512), 0);
    assert_eq!(started(&scheduler, 9, 6), 2);
    assert_eq!(scheduler.count().workers, 6);
}

/// POOL-9: while threads are refused, no thread is asked for.
#[test]
fn no_thread_is_asked_for_while_threads_are_refused() {
    let (scheduler, [ring, _]) = scheduler();
    assert!(scheduler.announce(&ring));
    scheduler.bar(true);
    assert_eq!(started(&scheduler, 9, 512), 0);
    scheduler.bar(false);
    assert_eq!(started(&scheduler, 1, 512), 1);
}

/// POOL-12: the ring that was served last comes after the other one, however late that was listed.
#[test]
fn the_ring_served_last_is_not_the_next() {
    let (scheduler, [first, second]) = scheduler();
    assert!(scheduler.announce(&first));
    let served = scheduler.next(None).expect("it has work");
    assert!(scheduler.announce(&second));
    let next = scheduler.next(Some(&served)).expect("both have work");
    assert!(Arc::ptr_eq(&next, &second));
    let next = scheduler.next(Some(&next)).expect("both have work");
    assert!(Arc::ptr_eq(&next, &first));
}
