//! The timer queue: the calls to stop at a certain time, by deadline or because a signal may be lost (CANCEL-8).
//! Filled by rings, cancels and programs, served by the monitor.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Weak};

use crate::pool::ring_work::RingWork;
use crate::program::Member;
use crate::slots::Ticket;
use crate::sys::sync::{AtomicU64, Mutex, Ordering, lock};

/// No timer is set.
const NEVER: u64 = u64::MAX;
/// A heap with fewer timers than this is not searched for those that are not needed any more.
const FEW: usize = 64;

/// The action of a timer.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Task {
    /// The call's deadline passes, or has passed. Where the call cannot be stopped, it is looked at again after the
    /// wait.
    Deadline {
        /// The deadline, in nanoseconds of CLOCK_MONOTONIC.
        passed_ns: u64,
        /// The wait until the next look, in nanoseconds.
        wait_ns: u64,
    },
    /// The call is to stop, and no signal could be sent: it is asked again. The value is the wait until the next
    /// time, in nanoseconds.
    Ask(u64),
    /// The call was signalled, and is looked at again. The value is the wait before this look, in nanoseconds.
    Again(u64),
    /// The call was signalled, and its socket is shut down. Where that is not possible now, it is tried again after
    /// the wait of this value, in nanoseconds.
    Shutdown(u64),
    /// The call was signalled, and is abandoned. Where that is not possible now, it is tried again after the wait of
    /// this value, in nanoseconds.
    Abandon(u64),
}

/// A timer.
#[derive(Debug)]
pub(crate) struct TimerEntry {
    /// Nanoseconds of CLOCK_MONOTONIC.
    pub(crate) at_ns: u64,
    pub(crate) task: Task,
    pub(crate) of: Target,
}

/// The call that a timer stops.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// A call or a program of a ring. A timer that is hours away does not keep the ring.
    Submission(Weak<RingWork>, Ticket),
    /// One call of a program.
    Member(Arc<Member>),
}

/// All timers of a pool, in one heap: the kernel has no timer for each.
#[derive(Debug)]
pub(crate) struct TimerQueue {
    /// The time at which the first timer is due, for reads without the lock. It is written under the lock. Relaxed:
    /// it decides only whether the lock is taken; the timers are read under that.
    first_ns: AtomicU64,
    heap: Mutex<Heap>,
}

#[derive(Debug)]
struct Heap {
    timers: BinaryHeap<Reverse<TimerEntry>>,
    /// The length at which the heap is searched for timers that are not needed any more.
    look_through_at: usize,
}

impl TimerQueue {
    pub(crate) fn new() -> TimerQueue {
        let heap = Heap { timers: BinaryHeap::new(), look_through_at: FEW };
        TimerQueue { first_ns: AtomicU64::new(NEVER), heap: Mutex::new(heap) }
    }

    /// Adds a timer. Returns whether it is due before all others, so that the monitor has to be told.
    pub(crate) fn set(&self, timer: TimerEntry) -> bool {
        // Rings of which these may be the last references. They are dropped after the lock is released, with the
        // memory that was lent to them.
        let mut rings = Vec::new();
        let mut heap = lock(&self.heap);
        if heap.timers.len() >= heap.look_through_at {
            // Timers of calls that were over long before their deadline cost memory only, so they go when the heap
            // has grown.
            heap.timers.retain(|Reverse(timer)| timer.is_wanted(&mut rings));
            heap.look_through_at = (2 * heap.timers.len()).max(FEW);
        }
        let is_first = timer.at_ns < self.first_ns.load(Ordering::Relaxed);
        if is_first {
            self.first_ns.store(timer.at_ns, Ordering::Relaxed);
        }
        heap.timers.push(Reverse(timer));
        is_first
    }

    /// Takes the next timer that is due.
    pub(crate) fn due(&self, now_ns: u64) -> Option<TimerEntry> {
        if self.first_ns.load(Ordering::Relaxed) > now_ns {
            return None;
        }
        let mut heap = lock(&self.heap);
        let is_due = heap.timers.peek().is_some_and(|Reverse(timer)| timer.at_ns <= now_ns);
        let timer = if is_due { heap.timers.pop() } else { None };
        let first_ns = heap.timers.peek().map_or(NEVER, |Reverse(timer)| timer.at_ns);
        self.first_ns.store(first_ns, Ordering::Relaxed);
        timer.map(|Reverse(timer)| timer)
    }

    /// The time at which the first timer is due, if any is set.
    pub(crate) fn first_ns(&self) -> Option<u64> {
        Some(self.first_ns.load(Ordering::Relaxed)).filter(|first_ns| *first_ns != NEVER)
    }
}

impl Target {
    /// The call of that ring.
    pub(crate) fn call(ring: &Arc<RingWork>, ticket: Ticket) -> Target {
        Target::Submission(Arc::downgrade(ring), ticket)
    }
}

impl TimerEntry {
    /// The timer's call or program, if it is one of a ring, and the ring still exists.
    pub(crate) fn submission(&self) -> Option<(Arc<RingWork>, Ticket)> {
        match &self.of {
            Target::Submission(ring, ticket) => ring.upgrade().map(|ring| (ring, *ticket)),
            Target::Member(_) => None,
        }
    }

    /// Whether the call can still be stopped. References to rings that this takes go to `rings`.
    fn is_wanted(&self, rings: &mut Vec<Arc<RingWork>>) -> bool {
        match &self.of {
            Target::Submission(..) => self.submission().is_some_and(|(ring, ticket)| {
                let is_there = ring.slots.get(ticket).phase().occupant() == Some(ticket.generation());
                rings.push(ring);
                is_there
            }),
            Target::Member(member) => !member.is_over(),
        }
    }
}

impl PartialEq for TimerEntry {
    fn eq(&self, other: &TimerEntry) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for TimerEntry {}

impl PartialOrd for TimerEntry {
    fn partial_cmp(&self, other: &TimerEntry) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TimerEntry {
    fn cmp(&self, other: &TimerEntry) -> std::cmp::Ordering {
        (self.at_ns, self.task).cmp(&(other.at_ns, other.task))
    }
}
