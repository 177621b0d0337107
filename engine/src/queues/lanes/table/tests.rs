//! Tests of the table of lanes without rings: which calls it lets in, in which order, and that it forgets them.

use proptest::prelude::*;

use crate::queues::lanes::table::*;

fn name(ticket: u64) -> Name {
    Name { owner: usize::try_from(ticket % 3).expect("small"), ticket }
}

fn wish(lane: u64, limit: u32) -> Wish {
    Wish { lane, limit, key: Key::new(0, 0) }
}

/// A table of calls that are their tickets, and the calls that were let in, with the number of calls in the lane.
#[derive(Debug)]
struct Rig {
    table: Table<u64>,
    is_in: Vec<(u64, u32)>,
}

impl Rig {
    fn new() -> Rig {
        Rig { table: Table::new(), is_in: Vec::new() }
    }

    fn enter(&mut self, ticket: u64, wish: Wish) {
        let is_in = &mut self.is_in;
        self.table.enter(name(ticket), wish, ticket, |call, running| is_in.push((call, running)));
    }

    fn leave(&mut self, ticket: u64) -> Option<u64> {
        let is_in = &mut self.is_in;
        self.table.leave(name(ticket), |call, running| is_in.push((call, running)))
    }

    /// The calls that were let in since the last time.
    fn let_in(&mut self) -> Vec<(u64, u32)> {
        std::mem::take(&mut self.is_in)
    }

    fn is_forgotten(&self) -> bool {
        self.table.calls.is_empty() && self.table.lanes.is_empty()
    }
}

/// ATTR-95, ATTR-98: at most so many calls are in, a call that leaves lets the next one in, leaving twice is leaving once, and
/// lanes do not know of each other.
#[test]
fn one_leaves_one_comes() {
    let mut rig = Rig::new();
    (0..4).for_each(|ticket| rig.enter(ticket, wish(7, 2)));
    rig.enter(9, wish(8, 2));
    assert_eq!(rig.let_in(), [(0, 1), (1, 2), (9, 1)]);
    assert_eq!(rig.leave(1), None);
    assert_eq!(rig.let_in(), [(2, 2)]);
    assert_eq!(rig.leave(1), None);
    assert_eq!(rig.let_in(), [], "it has left already");
    assert_eq!(rig.leave(3), Some(3), "it was still waiting");
    for ticket in [0, 2, 9, 100] {
        assert_eq!(rig.leave(ticket), None);
    }
    assert!(rig.let_in().is_empty() && rig.is_forgotten(), "{rig:?}");
}

/// ATTR-96: each limit is its own call's, and no call overtakes the first.
#[test]
fn limits_differ() {
    let mut rig = Rig::new();
    for (ticket, limit) in [(0, 3), (1, 3), (2, 1), (3, 3)] {
        rig.enter(ticket, wish(7, limit));
    }
    assert_eq!(rig.let_in(), [(0, 1), (1, 2)], "2 wants to be alone, 3 does not overtake it");
    rig.leave(0);
    assert_eq!(rig.let_in(), []);
    rig.leave(1);
    assert_eq!(rig.let_in(), [(2, 1), (3, 2)], "3 may be beside 2");
    rig.enter(4, wish(7, 1));
    rig.enter(5, wish(7, 3));
    assert_eq!(rig.leave(4), Some(4));
    assert_eq!(rig.let_in(), [(5, 3)], "the call in front is gone");
}

/// ATTR-96: a higher priority goes before others that wait.
#[test]
fn keys_sort_who_waits() {
    let mut rig = Rig::new();
    rig.enter(0, wish(7, 1));
    for (ticket, priority) in [(1, 0), (2, -5), (3, 5), (4, 5)] {
        rig.enter(ticket, Wish { key: Key::new(0, priority), ..wish(7, 1) });
    }
    for ticket in [0, 3, 4, 1, 2] {
        assert_eq!(rig.leave(ticket), None);
    }
    assert_eq!(rig.let_in().iter().map(|(ticket, _)| *ticket).collect::<Vec<_>>(), [0, 3, 4, 1, 2]);
}

/// ATTR-97: an owner that goes takes its waiting calls along, and the calls behind them are let in.
#[test]
fn owners_go() {
    let mut rig = Rig::new();
    for (ticket, limit) in [(0, 2), (1, 1), (4, 1), (2, 2)] {
        rig.enter(ticket, wish(7, limit));
    }
    rig.let_in();
    let is_in = &mut rig.is_in;
    let mut abandoned = rig.table.give_up(1, |call, running| is_in.push((call, running)));
    abandoned.sort_unstable();
    assert_eq!((abandoned, rig.let_in()), (vec![1, 4], vec![(2, 2)]));
    for ticket in [0, 2] {
        assert_eq!(rig.leave(ticket), None);
    }
    assert!(rig.is_forgotten(), "{rig:?}");
}

/// ATTR-97: when the table is closed, all waiting calls come out, and none waits any more; the calls that are in leave as ever.
#[test]
fn closing() {
    let mut rig = Rig::new();
    (0..3).for_each(|ticket| rig.enter(ticket, wish(7, 1)));
    rig.let_in();
    assert_eq!(rig.table.close(), [1, 2]);
    rig.enter(5, wish(7, 1));
    assert_eq!(rig.let_in(), [(5, 1)]);
    (0..6).for_each(|ticket| assert_eq!(rig.leave(ticket), None));
    assert!(rig.let_in().is_empty() && rig.is_forgotten(), "{rig:?}");
}

/// The obvious table: a list of the calls that are in, and one of those that wait.
#[derive(Debug, Default)]
struct Model {
    running: Vec<(u64, u64)>,
    waiting: Vec<(u64, u64, u32, i32)>,
}

impl Model {
    /// Lets in the calls that may enter that lane.
    fn fill(&mut self, lane: u64) -> Vec<(u64, u32)> {
        let mut is_in = Vec::new();
        loop {
            let here = self.waiting.iter().filter(|(_, of, ..)| *of == lane);
            let Some(&first) = here.min_by_key(|(.., priority)| -priority) else { return is_in };
            let running = self.running.iter().filter(|(_, of)| *of == lane).count();
            if running >= first.2 as usize {
                return is_in;
            }
            self.waiting.retain(|(ticket, ..)| *ticket != first.0);
            self.running.push((first.0, lane));
            is_in.push((first.0, u32::try_from(running + 1).expect("few")));
        }
    }

    fn leave(&mut self, ticket: u64) -> Vec<(u64, u32)> {
        let of = |(one, lane): (u64, u64)| (one == ticket).then_some(lane);
        let lane = self.running.iter().copied().find_map(of);
        let lane = lane.or_else(|| self.waiting.iter().find_map(|(one, lane, ..)| of((*one, *lane))));
        self.running.retain(|(one, _)| *one != ticket);
        self.waiting.retain(|(one, ..)| *one != ticket);
        lane.map_or_else(Vec::new, |lane| self.fill(lane))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// ATTR-95, ATTR-96, ATTR-98: in any order of entries and leaves, a call is let in when the model lets it in; then no more
    /// calls than its limit are in the lane, and when all have left the table is empty.
    #[test]
    fn the_table_is_two_lists(steps in prop::collection::vec((any::<bool>(), 0..3_u64, 1..4_u32, -3..3_i32, 0..100_u64), 0..150)) {
        let (mut rig, mut model) = (Rig::new(), Model::default());
        for (ticket, (enters, lane, limit, priority, other)) in (0_u64..).zip(steps) {
            let expected = if enters {
                rig.enter(ticket, Wish { key: Key::new(0, priority), ..wish(lane, limit) });
                model.waiting.push((ticket, lane, limit, priority));
                model.fill(lane)
            } else {
                rig.leave(other);
                model.leave(other)
            };
            prop_assert_eq!(rig.let_in(), expected);
        }
        for ticket in 0..150 {
            rig.leave(ticket);
        }
        prop_assert!(rig.is_forgotten());
    }
}
