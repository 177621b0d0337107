//! The sleep queue: the sleeps that wait without a thread, each in a heap until it is due. The pool has one; `pool::sleeps` fills and
//! serves it.
//!
//! A parked sleep is QUEUED, so a canceller removes it as any queued call (P2 in specs/cancel.md): its entry is left behind here,
//! and is passed over.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Weak};

use crate::exec::Progress;
use crate::pool::ring_work::RingWork;
use crate::queues::staged::ticket;
use crate::slots::Ticket;
use crate::sys::sync::{AtomicU64, Mutex, Ordering, lock};

/// No sleep is parked.
const NEVER: u64 = u64::MAX;
/// A heap with fewer sleeps than this is not searched for those that were removed.
const FEW: usize = 64;

/// All parked sleeps of a pool.
#[derive(Debug)]
pub(crate) struct SleepQueue {
    /// The time at which the first sleep is due, for reads without the lock. It is written under the lock. Relaxed: it decides only
    /// whether the lock is taken; the sleeps are read under that.
    first_ns: AtomicU64,
    heap: Mutex<Heap>,
}

#[derive(Debug, Default)]
struct Heap {
    sleeps: BinaryHeap<Reverse<Sleep>>,
    /// The number of the next sleep: of those that are due at the same time the first comes first.
    next: u64,
    /// The length at which the heap is searched for sleeps that were removed.
    look_through_at: usize,
}

/// A parked sleep.
#[derive(Debug)]
pub(crate) struct Sleep {
    /// Nanoseconds of CLOCK_MONOTONIC.
    at_ns: u64,
    number: u64,
    /// A sleep that is hours away does not keep the ring.
    ring: Weak<RingWork>,
    pub(crate) record: Box<[u64]>,
    pub(crate) progress: Progress,
}

impl SleepQueue {
    pub(crate) fn new() -> SleepQueue {
        SleepQueue { first_ns: AtomicU64::new(NEVER), heap: Mutex::new(Heap::default()) }
    }

    /// Adds a sleep. Returns whether it is due before all others, so that the monitor has to be told.
    pub(crate) fn add(&self, ring: &Arc<RingWork>, record: &[u64], progress: Progress) -> bool {
        // Rings of which these may be the last references. They are dropped after the lock is released, with the memory that was
        // lent to them.
        let mut rings = Vec::new();
        let mut heap = lock(&self.heap);
        if heap.sleeps.len() >= heap.look_through_at.max(FEW) {
            // Sleeps that were removed long before they are due cost memory only, so they go when the heap has grown.
            heap.sleeps.retain(|Reverse(sleep)| sleep.waits(&mut rings));
            heap.look_through_at = 2 * heap.sleeps.len();
        }
        let (at_ns, number) = (progress.until_ns, heap.next);
        heap.next += 1;
        let is_first = at_ns < self.first_ns.load(Ordering::Relaxed);
        if is_first {
            self.first_ns.store(at_ns, Ordering::Relaxed);
        }
        heap.sleeps.push(Reverse(Sleep {
            at_ns,
            number,
            ring: Arc::downgrade(ring),
            record: record.into(),
            progress,
        }));
        is_first
    }

    /// Takes the next sleep that is due, removed or not.
    pub(crate) fn due(&self, now_ns: u64) -> Option<Sleep> {
        if self.first_ns.load(Ordering::Relaxed) > now_ns {
            return None;
        }
        let mut heap = lock(&self.heap);
        let is_due = heap.sleeps.peek().is_some_and(|Reverse(sleep)| sleep.at_ns <= now_ns);
        let sleep = if is_due { heap.sleeps.pop() } else { None };
        self.note_first(&heap);
        sleep.map(|Reverse(sleep)| sleep)
    }

    /// Takes all sleeps of a ring that ends, in the order in which they would be due.
    pub(crate) fn take_all(&self, ring: &Arc<RingWork>) -> Vec<Sleep> {
        let mut heap = lock(&self.heap);
        let own = Arc::downgrade(ring);
        let all = std::mem::take(&mut heap.sleeps).into_sorted_vec();
        let (taken, left): (Vec<_>, Vec<_>) =
            all.into_iter().rev().partition(|Reverse(sleep)| sleep.ring.ptr_eq(&own));
        heap.sleeps = left.into();
        self.note_first(&heap);
        taken.into_iter().map(|Reverse(sleep)| sleep).collect()
    }

    fn note_first(&self, heap: &Heap) {
        let first_ns = heap.sleeps.peek().map_or(NEVER, |Reverse(sleep)| sleep.at_ns);
        self.first_ns.store(first_ns, Ordering::Relaxed);
    }

    /// The time at which the first sleep is due, if any is parked.
    pub(crate) fn first_ns(&self) -> Option<u64> {
        Some(self.first_ns.load(Ordering::Relaxed)).filter(|first_ns| *first_ns != NEVER)
    }

    /// The number of sleeps that wait.
    pub(crate) fn count(&self) -> u32 {
        // Dropped after the lock is released, as in `add`.
        let mut rings = Vec::new();
        let heap = lock(&self.heap);
        let waiting = heap.sleeps.iter().filter(|Reverse(sleep)| sleep.waits(&mut rings)).count();
        u32::try_from(waiting).unwrap_or(u32::MAX)
    }
}

impl Sleep {
    fn ticket(&self) -> Ticket {
        ticket(&self.record)
    }

    /// Whether no canceller has removed the call. A reference to its ring goes to `rings`, unless the last one does already.
    fn waits(&self, rings: &mut Vec<Arc<RingWork>>) -> bool {
        let own = self.ring.as_ptr();
        if rings.last().is_none_or(|last| Arc::as_ptr(last) != own) {
            let Some(ring) = self.ring.upgrade() else { return false };
            rings.push(ring);
        }
        rings.last().is_some_and(|ring| self.waits_in(ring))
    }

    /// Its ring, if that exists and no canceller has removed the call.
    pub(crate) fn ring(&self) -> Option<Arc<RingWork>> {
        self.ring.upgrade().filter(|ring| self.waits_in(ring))
    }

    fn waits_in(&self, ring: &RingWork) -> bool {
        let ticket = self.ticket();
        ring.slots.get(ticket).phase().is_queued(ticket.generation())
    }
}

impl PartialEq for Sleep {
    fn eq(&self, other: &Sleep) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Sleep {}

impl PartialOrd for Sleep {
    fn partial_cmp(&self, other: &Sleep) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sleep {
    fn cmp(&self, other: &Sleep) -> std::cmp::Ordering {
        (self.at_ns, self.number).cmp(&(other.at_ns, other.number))
    }
}

#[cfg(test)]
mod tests;
