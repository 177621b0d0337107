//! What the board decides, asked step by step.

use super::{Board, Quota, Rouse, Sleeper, Work};
use crate::sync::{Arc, AtomicBool};

/// A ring that always has work.
struct Full(AtomicBool);

/// A worker's place.
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

/// A board with its first worker, who searches no more, and two rings.
fn board() -> (Board<Full, Place>, [Arc<Full>; 2]) {
    let board = Board::new();
    board.first();
    assert!(board.end_search());
    let rings = [(), ()].map(|()| Arc::new(Full(AtomicBool::new(false))));
    (board, rings)
}

fn quota(workers_max: u32) -> Quota {
    Quota { workers_max, runnable_max: 64, given_up: 0 }
}

/// How many threads are started for so many calls in flight, when every worker is at work.
fn started(board: &Board<Full, Place>, in_flight: u64, workers_max: u32) -> u32 {
    let mut count = 0;
    while matches!(board.rouse(quota(workers_max), || in_flight), Rouse::Start) {
        assert!(board.end_search());
        count += 1;
    }
    count
}

/// POOL-5: no thread is started that would be one more than the calls in flight and one, or more than the limit.
#[test]
fn threads_are_started_for_calls_in_flight() {
    let (board, [ring, _]) = board();
    assert!(board.announce(&ring), "nobody searches");
    assert_eq!(started(&board, 0, 512), 0, "one there is");
    assert_eq!(started(&board, 3, 512), 3);
    assert_eq!(started(&board, 3, 512), 0);
    assert_eq!(started(&board, 9, 6), 2);
    assert_eq!(board.count().workers, 6);
}

/// POOL-9: while threads are refused none is asked for.
#[test]
fn nobody_is_asked_for_while_threads_are_refused() {
    let (board, [ring, _]) = board();
    assert!(board.announce(&ring));
    board.bar(true);
    assert_eq!(started(&board, 9, 512), 0);
    board.bar(false);
    assert_eq!(started(&board, 1, 512), 1);
}

/// POOL-12: the ring that was served last comes after the other one, whenever that was listed.
#[test]
fn the_ring_served_last_is_not_the_next() {
    let (board, [first, second]) = board();
    assert!(board.announce(&first));
    let served = board.next(None).expect("it has work");
    assert!(board.announce(&second));
    let next = board.next(Some(&served)).expect("both have work");
    assert!(Arc::ptr_eq(&next, &second));
    let next = board.next(Some(&next)).expect("both have work");
    assert!(Arc::ptr_eq(&next, &first));
}
