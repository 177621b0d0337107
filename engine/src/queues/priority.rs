//! Holds the priority queue of a ring: sorted calls that `RingState` and `Lanes` push, and the submitter and workers take.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use syslet_attrs::Priority;

use crate::queues::batch::Batch;
use crate::sys::sync::{AtomicU32, Mutex, Ordering, lock};

/// The place of a call among others: the lowest goes first. It is the time of acceptance in nanoseconds of
/// CLOCK_MONOTONIC, less the head start that the priority gives.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Key(i64);

impl Key {
    #[allow(clippy::cast_possible_wrap, reason = "a step is a million")]
    pub(crate) fn new(queued_ns: u64, priority: i32) -> Key {
        let head_start = i64::from(priority) * Priority::STEP_NS as i64;
        Key(i64::try_from(queued_ns).unwrap_or(i64::MAX).saturating_sub(head_start))
    }

    /// Whether the time of the key has come.
    fn has_come(self, now_ns: u64) -> bool {
        u64::try_from(self.0).map_or(true, |key_ns| key_ns <= now_ns)
    }
}

/// The thread that takes a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Taker {
    /// The submitter, to run it inline.
    Submitter,
    /// A worker.
    Worker,
    /// The thread that ends all queued calls of a closed ring or engine.
    Closer,
}

/// The threads that may run a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum MayRun {
    /// Submitter and workers may run it; no worker may take it yet, since its submitter was not compared with them.
    Submitter,
    /// Only workers may run it.
    Workers,
}

/// After so many claims in a row the rings have one, if they hold a record.
pub(crate) const PRIORITY_CLAIMS_IN_A_ROW: u32 = 4;
/// A queue with fewer calls is not searched for unwanted ones.
const FEW: usize = 64;
/// The number of used records that are kept.
const SPARE_MAX: usize = 64;

/// The sorted calls of one ring.
#[derive(Debug)]
pub(crate) struct PriorityQueue {
    /// How many calls workers may take. The three counts are written under the lock and read without it.
    count: AtomicU32,
    /// How many calls the submitter may take.
    shared: AtomicU32,
    /// How many calls only the submitter may take.
    unopened: AtomicU32,
    heaps: Mutex<Heaps>,
}

#[derive(Debug, Default)]
struct Heaps {
    /// Calls that both may run, and only the submitter may take.
    unopened: BinaryHeap<Reverse<Standing>>,
    /// Calls that both may run and take.
    shared: BinaryHeap<Reverse<Standing>>,
    /// Calls that only workers may run.
    pooled: BinaryHeap<Reverse<Standing>>,
    /// The number of the next call: among calls with one key the lowest number goes first.
    number: u64,
    /// Claims since the rings had one.
    in_a_row: u32,
    /// Used records, kept for the next.
    spare: Vec<Vec<u64>>,
    /// At so many calls the heaps are searched for unwanted ones.
    look_through_at: usize,
}

#[derive(Debug)]
struct Standing {
    at: (Key, u64),
    record: Vec<u64>,
}

impl PriorityQueue {
    pub(crate) fn new() -> PriorityQueue {
        let heaps = Heaps { look_through_at: FEW, ..Heaps::default() };
        let [count, shared, unopened] = [const { AtomicU32::new(0) }; 3];
        PriorityQueue { count, shared, unopened, heaps: Mutex::new(heaps) }
    }

    /// How many calls workers may take; a glance.
    #[inline]
    pub(crate) fn for_workers(&self) -> u32 {
        // Relaxed: the fence in `Scheduler::announce` (B1) orders the store in `count` before its load of `listed`, and pairs with
        // the fence in `Scheduler::keep`, which stands between the store of `listed` and this load. So a ring with a call here is
        // not left off the ready list. The calls themselves are read under this queue's lock.
        self.count.load(Ordering::Relaxed)
    }

    /// Whether the queue holds no call that the submitter may take; a glance.
    #[inline]
    pub(crate) fn is_empty_for_submitter(&self) -> bool {
        // Relaxed: `take` asks again under the lock that `count` stores under.
        self.shared.load(Ordering::Relaxed) == 0
    }

    /// How many calls the queue holds; a glance, so relaxed as in `for_workers`.
    #[inline]
    pub(crate) fn len(&self) -> u32 {
        self.for_workers() + self.unopened.load(Ordering::Relaxed)
    }

    /// Whether the queue holds no call; a glance.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether workers may take every call that the submitter may take; a glance.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        // Relaxed: the submitter asks after its own pushes; a call that a lane pushes later is opened with the next comparison.
        self.unopened.load(Ordering::Relaxed) == 0
    }

    /// Opens all calls of the queue to workers.
    #[inline]
    pub(crate) fn open(&self) {
        if !self.is_open() {
            let mut heaps = lock(&self.heaps);
            let Heaps { unopened, shared, .. } = &mut *heaps;
            shared.append(unopened);
            self.count(&heaps);
        }
    }

    /// The number of the next call that is pushed.
    pub(crate) fn number(&self) -> u64 {
        lock(&self.heaps).number
    }

    /// Opens the calls that were pushed before the one with this number to workers.
    pub(crate) fn open_before(&self, number: u64) {
        let mut heaps = lock(&self.heaps);
        let all = std::mem::take(&mut heaps.unopened).into_vec();
        for standing in all {
            let Reverse(Standing { at: (_, own), .. }) = standing;
            if own < number { heaps.shared.push(standing) } else { heaps.unopened.push(standing) }
        }
        self.count(&heaps);
    }

    /// Adds a record. `is_wanted` says whether the call of a record is still to be made. Gives memory for another record.
    pub(crate) fn push(
        &self,
        key: Key,
        record: Vec<u64>,
        may_run: MayRun,
        is_wanted: impl Fn(&[u64]) -> bool,
    ) -> Vec<u64> {
        let mut heaps = lock(&self.heaps);
        if heaps.len() >= heaps.look_through_at {
            heaps.unopened.retain(|Reverse(standing)| is_wanted(&standing.record));
            heaps.shared.retain(|Reverse(standing)| is_wanted(&standing.record));
            heaps.pooled.retain(|Reverse(standing)| is_wanted(&standing.record));
            heaps.look_through_at = (2 * heaps.len()).max(FEW);
        }
        let standing = Reverse(Standing { at: (key, heaps.number), record });
        heaps.number += 1;
        match may_run {
            MayRun::Submitter => heaps.unopened.push(standing),
            MayRun::Workers => heaps.pooled.push(standing),
        }
        self.count(&heaps);
        heaps.spare.pop().unwrap_or_default()
    }

    /// Moves the next record to the batch, if its turn is before that of the rings. `rings_are_empty`: no record is in them.
    pub(crate) fn take(&self, batch: &mut Batch, taker: Taker, now_ns: u64, rings_are_empty: bool) -> bool {
        let mut heaps = lock(&self.heaps);
        let first = |heap: &BinaryHeap<Reverse<Standing>>| heap.peek().map(|Reverse(standing)| standing.at);
        let unopened = first(&heaps.unopened).filter(|_| taker != Taker::Worker);
        let pooled = first(&heaps.pooled).filter(|_| taker != Taker::Submitter);
        let Some(next) = [unopened, first(&heaps.shared), pooled].into_iter().flatten().min() else {
            return false;
        };
        let (key, _) = next;
        let is_alone = rings_are_empty || taker == Taker::Closer;
        if !is_alone && (heaps.in_a_row >= PRIORITY_CLAIMS_IN_A_ROW || !key.has_come(now_ns)) {
            return false;
        }
        heaps.in_a_row = if is_alone { 0 } else { heaps.in_a_row + 1 };
        let taken = if pooled == Some(next) {
            heaps.pooled.pop()
        } else if unopened == Some(next) {
            heaps.unopened.pop()
        } else {
            heaps.shared.pop()
        };
        self.count(&heaps);
        let Some(Reverse(standing)) = taken else { return false };
        batch.put(standing.record.iter().copied());
        if heaps.spare.len() < SPARE_MAX {
            heaps.spare.push(standing.record);
        }
        true
    }

    /// Notes a claim of the rings: the priority queue may have its claims in a row again.
    #[inline]
    pub(crate) fn give_turn_back(&self) {
        if !self.is_empty() {
            lock(&self.heaps).in_a_row = 0;
        }
    }

    /// Stores the counts; the caller holds the lock of `heaps`.
    fn count(&self, heaps: &Heaps) {
        let count = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
        self.count.store(count(heaps.shared.len() + heaps.pooled.len()), Ordering::Relaxed);
        self.shared.store(count(heaps.shared.len() + heaps.unopened.len()), Ordering::Relaxed);
        self.unopened.store(count(heaps.unopened.len()), Ordering::Relaxed);
    }
}

impl Heaps {
    fn len(&self) -> usize {
        self.unopened.len() + self.shared.len() + self.pooled.len()
    }
}

impl PartialEq for Standing {
    fn eq(&self, other: &Standing) -> bool {
        self.at == other.at
    }
}

impl Eq for Standing {}

impl PartialOrd for Standing {
    fn partial_cmp(&self, other: &Standing) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Standing {
    fn cmp(&self, other: &Standing) -> std::cmp::Ordering {
        self.at.cmp(&other.at)
    }
}
