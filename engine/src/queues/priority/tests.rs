//! Tests of the priority queue on a clock of their own: order, age, turns, and forgotten records.

use proptest::prelude::*;

use crate::queues::batch::Batch;
use crate::queues::priority::*;

const MS: u64 = 1_000_000;

/// A record in which each word is its number.
fn record(number: u64) -> Vec<u64> {
    vec![number; 4]
}

/// A priority queue, and a batch to move records to.
struct Rig {
    priority: PriorityQueue,
    batch: Batch,
}

impl Rig {
    fn new() -> Rig {
        Rig { priority: PriorityQueue::new(), batch: Batch::new() }
    }

    fn push(&self, queued_ns: u64, priority: i32, number: u64) {
        self.priority.push(Key::new(queued_ns, priority), record(number), MayRun::Submitter, |_| true);
        self.priority.open();
    }

    fn take(&mut self, taker: Taker, now_ns: u64, rings_are_empty: bool) -> Option<u64> {
        let is_taken = self.priority.take(&mut self.batch, taker, now_ns, rings_are_empty);
        is_taken.then(|| self.batch.record(0)[0])
    }

    /// Takes all calls, while the rings are empty.
    fn all(&mut self) -> Vec<u64> {
        std::iter::from_fn(|| self.take(Taker::Worker, 0, true)).collect()
    }
}

/// ATTR-91: higher goes sooner, of the same the first; a millisecond earlier is one level.
#[test]
fn the_order() {
    let mut rig = Rig::new();
    for (number, priority) in [(0, -1000), (1, 0), (2, 5), (3, 1000), (4, 5), (5, -1)] {
        rig.push(2000 * MS, priority, number);
    }
    assert_eq!(rig.all(), [3, 2, 4, 1, 5, 0]);
    for (number, (queued_ms, priority)) in [(10, 0), (12, 1), (12, 2), (9, -2)].into_iter().enumerate() {
        rig.push(queued_ms * MS, priority, number as u64);
    }
    assert_eq!(rig.all(), [0, 2, 1, 3], "keys 10, 10, 11, 11: the first of the same first");
    (0..100).for_each(|number| rig.push(5, 5, number));
    assert!(rig.all().into_iter().eq(0..100), "all the same: the first first");
    rig.push(u64::MAX, -1000, 1);
    rig.push(0, 1000, 2);
    assert_eq!(rig.all(), [2, 1], "at the ends of time");
}

/// ATTR-91: once its time has come a call goes before the rings; until then it goes behind them.
#[test]
fn low_calls_age() {
    let mut rig = Rig::new();
    rig.push(100 * MS, -50, 1);
    rig.push(100 * MS, 0, 2);
    assert_eq!(rig.take(Taker::Worker, 100 * MS, false), Some(2));
    assert_eq!(rig.take(Taker::Worker, 150 * MS - 1, false), None, "the rings come first");
    assert_eq!(rig.take(Taker::Worker, 150 * MS, false), Some(1));
    rig.push(100 * MS, -50, 3);
    assert_eq!(rig.take(Taker::Worker, 100 * MS, true), Some(3), "the rings are empty");
}

/// ATTR-92: a call that comes two seconds later goes behind, the lowest of all before the highest.
#[test]
fn nothing_starves() {
    let mut rig = Rig::new();
    rig.push(0, -1000, 1);
    rig.push(2000 * MS - 1, 1000, 2);
    rig.push(2000 * MS, 1000, 3);
    assert_eq!(rig.all(), [2, 1, 3]);
}

/// ATTR-92: after four claims in a row the rings have one; and not if they are empty.
#[test]
fn the_rings_have_their_turn() {
    let mut rig = Rig::new();
    (0..20).for_each(|number| rig.push(0, 1000, number));
    let mut turns =
        || -> Vec<bool> { (0..6).map(|_| rig.take(Taker::Submitter, MS, false).is_some()).collect() };
    // The turn is the rings' until they have had it.
    assert_eq!(turns(), [true, true, true, true, false, false]);
    assert_eq!(turns(), [false; 6]);
    rig.priority.give_turn_back();
    let mut turns =
        || -> Vec<bool> { (0..6).map(|_| rig.take(Taker::Submitter, MS, false).is_some()).collect() };
    assert_eq!(turns(), [true, true, true, true, false, false]);
    assert_eq!(rig.all().len(), 12);
}

/// POOL-30: the submitter does not see calls that only workers may run; the closer takes all, before their time too.
#[test]
fn who_may_take() {
    let mut rig = Rig::new();
    rig.priority.push(Key::new(0, 9), record(1), MayRun::Workers, |_| true);
    assert!(rig.priority.is_empty_for_submitter() && rig.priority.len() == 1);
    assert_eq!(rig.take(Taker::Submitter, MS, true), None);
    rig.push(0, 5, 2);
    rig.push(0, 10, 3);
    assert_eq!(rig.take(Taker::Worker, MS, false), Some(3));
    assert_eq!(rig.take(Taker::Worker, MS, false), Some(1), "both are one queue to a worker");
    rig.push(u64::MAX, -1000, 4);
    assert_eq!(rig.take(Taker::Submitter, MS, false), Some(2));
    assert_eq!(rig.take(Taker::Closer, MS, false), Some(4));
    assert!(rig.priority.is_empty_for_submitter() && rig.priority.is_empty());
}

/// POOL-32: unwanted records are forgotten, however many come.
#[test]
fn unwanted_records_are_forgotten() {
    let mut rig = Rig::new();
    let mut longest = 0;
    for number in 0..10_000 {
        let is_wanted = |record: &[u64]| record[0].is_multiple_of(100);
        rig.priority.push(Key::new(number, 0), record(number), MayRun::Submitter, is_wanted);
        longest = longest.max(rig.priority.len());
    }
    assert!(longest <= 2 * 100 + 1, "{longest}");
    rig.priority.open();
    let left = rig.all();
    assert_eq!(left.iter().filter(|number| number.is_multiple_of(100)).count(), 100);
}

/// One step of the model's test.
#[derive(Clone, Copy, Debug)]
enum Step {
    Push {
        wait_ns: u64,
        priority: i32,
        is_pooled: bool,
    },
    Take {
        is_submitter: bool,
        rings_are_empty: bool,
    },
    /// The rings have a claim.
    Rings,
    /// The queue is opened to workers.
    Open,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let push = (0..5 * MS, -12..12_i32, any::<bool>())
        .prop_map(|(wait_ns, priority, is_pooled)| Step::Push { wait_ns, priority, is_pooled });
    let take = any::<(bool, bool)>()
        .prop_map(|(is_submitter, rings_are_empty)| Step::Take { is_submitter, rings_are_empty });
    prop::collection::vec(
        prop_oneof![4 => push, 4 => take, 1 => Just(Step::Rings), 1 => Just(Step::Open)],
        0..200,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// ATTR-91, ATTR-92, POOL-41: in any order of pushes and takes, the priority queue answers as a list that is searched each
    /// time; a worker takes calls that only workers may run, and opened ones.
    #[test]
    fn the_priority_queue_is_a_sorted_list(steps in steps()) {
        let mut rig = Rig::new();
        let mut model: Vec<(i64, u64, bool)> = Vec::new();
        let (mut now_ns, mut in_a_row, mut opened) = (0, 0, 0);
        for (number, step) in (0_u64..).zip(steps) {
            match step {
                Step::Push { wait_ns, priority, is_pooled } => {
                    now_ns += wait_ns;
                    let may_run = if is_pooled { MayRun::Workers } else { MayRun::Submitter };
                    rig.priority.push(Key::new(now_ns, priority), record(number), may_run, |_| true);
                    let key = i64::try_from(now_ns).expect("soon") - i64::from(priority) * 1_000_000;
                    model.push((key, number, is_pooled));
                }
                Step::Open => {
                    rig.priority.open();
                    opened = number;
                }
                Step::Rings => {
                    rig.priority.give_turn_back();
                    // An empty queue does not note the rings' claim.
                    in_a_row = if model.is_empty() { in_a_row } else { 0 };
                }
                Step::Take { is_submitter, rings_are_empty } => {
                    let may_take = |is_pooled: bool, number: u64| if is_submitter { !is_pooled } else { is_pooled || number < opened };
                    let seen = model.iter().filter(|(_, number, is_pooled)| may_take(*is_pooled, *number));
                    let first = seen.min().copied();
                    let has_come = first.is_some_and(|(key, ..)| i128::from(key) <= i128::from(now_ns));
                    let expected = first.filter(|_| rings_are_empty || has_come && in_a_row < 4);
                    in_a_row = match expected {
                        Some(_) if rings_are_empty => 0,
                        Some(_) => in_a_row + 1,
                        None => in_a_row,
                    };
                    model.retain(|one| Some(*one) != expected);
                    let taker = if is_submitter { Taker::Submitter } else { Taker::Worker };
                    let taken = rig.take(taker, now_ns, rings_are_empty);
                    prop_assert_eq!(taken, expected.map(|(_, number, _)| number));
                }
            }
            prop_assert_eq!(rig.priority.len() as usize, model.len());
            let theirs = model.iter().filter(|(_, number, is_pooled)| *is_pooled || *number < opened).count();
            prop_assert_eq!(rig.priority.for_workers() as usize, theirs);
            let inline = model.iter().all(|(.., is_pooled)| *is_pooled);
            prop_assert_eq!(rig.priority.is_empty_for_submitter(), inline);
        }
    }
}
