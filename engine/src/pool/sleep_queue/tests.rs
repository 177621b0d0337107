use syslet_abi::USER_DATA_OFFSET;

use super::*;
use crate::slots::phase::{By, Stop};
use crate::slots::state::State;
use crate::{Config, Engine, Params, Ring};

fn ring() -> Ring {
    Engine::start(Config::default().workers_max(0)).unwrap().ring(&Params::default()).unwrap()
}

/// Parks a sleep of that slot, until then.
fn park(queue: &SleepQueue, ring: &Ring, slot: u64, until_ns: u64) -> bool {
    let ticket = Ticket::unpack(slot);
    ring.state.slots.get(ticket).phase().admit(ticket.generation(), State::QUEUED);
    let mut record = [0; 8];
    record[USER_DATA_OFFSET / 8] = ticket.pack();
    queue.add(&ring.state, &record, Progress { until_ns, ..Progress::default() })
}

fn due(queue: &SleepQueue, now_ns: u64) -> Vec<u32> {
    std::iter::from_fn(|| queue.due(now_ns)).map(|sleep| sleep.ticket().slot()).collect()
}

/// PARK-41: sleeps are due at their time and not before, in the order of their times, and in the order parked where those are equal. The
/// monitor is told of each that comes before all others.
#[test]
fn sleeps_are_due_in_order() {
    let (queue, ring) = (SleepQueue::new(), ring());
    let told = [(0, 50), (1, 30), (2, 50), (3, 30), (4, 10), (5, 50)]
        .map(|(slot, ns)| park(&queue, &ring, slot, ns));
    assert_eq!(told, [true, true, false, false, true, false]);
    assert_eq!(queue.first_ns(), Some(10));
    assert_eq!(due(&queue, 9), []);
    assert_eq!(due(&queue, 10), [4]);
    assert_eq!((due(&queue, 29), queue.first_ns()), (vec![], Some(30)));
    assert_eq!(due(&queue, 30), [1, 3]);
    assert_eq!(due(&queue, u64::MAX), [0, 2, 5]);
    assert_eq!(queue.first_ns(), None);
}

/// PARK-45: a removed sleep does not count, and its record goes when the queue grows.
#[test]
fn removed_sleeps_do_not_stay() {
    let (queue, ring) = (SleepQueue::new(), ring());
    let slots = u64::from(ring.params().slots);
    for round in 0..20 {
        for slot in 0..slots.min(FEW as u64) {
            park(&queue, &ring, slot, 1000 + round);
            let ticket = Ticket::unpack(slot);
            let stop = ring.state.slots.get(ticket).phase().stop(ticket.generation(), By::Other, || ());
            assert_eq!(stop, Stop::Removed);
        }
    }
    assert_eq!(queue.count(), 0);
    assert!(lock(&queue.heap).sleeps.len() <= FEW + 1, "{}", lock(&queue.heap).sleeps.len());
    park(&queue, &ring, 0, 7);
    assert_eq!(queue.count(), 1);
}

/// PARK-44: a ring that ends gets its own sleeps back, by time; those of another stay. A ring that is gone is not kept.
#[test]
fn a_ring_takes_its_own_sleeps() {
    let (queue, [one, other]) = (SleepQueue::new(), [ring(), ring()]);
    for slot in 0..6 {
        park(&queue, &one, slot, 100 - slot);
        park(&queue, &other, slot, 90 + slot);
    }
    let taken: Vec<u32> = queue.take_all(&one.state).iter().map(|sleep| sleep.ticket().slot()).collect();
    assert_eq!(taken, [5, 4, 3, 2, 1, 0]);
    assert_eq!((queue.count(), queue.first_ns()), (6, Some(90)));
    let weak = Arc::downgrade(&other.state);
    drop(other);
    assert!(weak.upgrade().is_none(), "a parked sleep keeps no ring");
    assert_eq!(queue.count(), 0);
}
