//! What the starter has to do at a certain time: stop calls whose deadline has passed, and send signals again that were
//! lost (CANCEL-8).

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Weak};

use crate::pool::ring_work::RingWork;
use crate::program::Member;
use crate::slots::Ticket;
use crate::sys::sync::{AtomicU64, Mutex, Ordering, lock};

/// No alarm is set.
const NEVER: u64 = u64::MAX;
/// Fewer than so many are not looked through for those that nobody needs any more.
const FEW: usize = 64;

/// What is to be done.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Task {
    /// The call's deadline passes, or passed then. Where nobody can stop it, it is looked at again so much later.
    Deadline {
        /// The deadline.
        passed_ns: u64,
        /// In nanoseconds.
        wait_ns: u64,
    },
    /// The call is to stop, and no signal could be sent: it is asked again; so long after the time before, in nanoseconds.
    Ask(u64),
    /// The call was signalled, and is looked at again; so long after the time before, in nanoseconds.
    Again(u64),
    /// The call was signalled, and its socket is to be shut down. Where that cannot be now, it is looked at again so much
    /// later.
    Shutdown(u64),
    /// The call was signalled, and is to be given up; the same.
    Abandon(u64),
}

/// One alarm.
#[derive(Debug)]
pub(crate) struct TimerEntry {
    /// Nanoseconds of CLOCK_MONOTONIC.
    pub(crate) at_ns: u64,
    pub(crate) task: Task,
    pub(crate) of: Target,
}

/// What is to be stopped.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// A call, or a program. Its ring is not kept for an alarm that may be hours away.
    Submission(Weak<RingWork>, Ticket),
    /// One call of a program.
    Member(Arc<Member>),
}

/// All alarms of a pool: one heap, no timer each.
#[derive(Debug)]
pub(crate) struct TimerQueue {
    /// When the first one is due, for who does not want the lock.
    first_ns: AtomicU64,
    heap: Mutex<Heap>,
}

#[derive(Debug)]
struct Heap {
    timers: BinaryHeap<Reverse<TimerEntry>>,
    /// It is looked through when it has so many.
    look_through_at: usize,
}

impl TimerQueue {
    pub(crate) fn new() -> TimerQueue {
        let heap = Heap { timers: BinaryHeap::new(), look_through_at: FEW };
        TimerQueue { first_ns: AtomicU64::new(NEVER), heap: Mutex::new(heap) }
    }

    /// Sets an alarm; says whether it is the first to be due, so that the starter has to hear of it.
    pub(crate) fn set(&self, timer: TimerEntry) -> bool {
        // Rings whose last share this is: they are dropped behind the lock, with what was lent to them.
        let mut rings = Vec::new();
        let mut heap = lock(&self.heap);
        if heap.timers.len() >= heap.look_through_at {
            // Calls that were over long before their deadline: those alarms cost memory only.
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

    /// The next alarm that is due.
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

    /// When the first one is due, if any is set.
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
    /// The call, or the program, if it is one of a ring that is still there.
    pub(crate) fn submission(&self) -> Option<(Arc<RingWork>, Ticket)> {
        match &self.of {
            Target::Submission(ring, ticket) => ring.upgrade().map(|ring| (ring, *ticket)),
            Target::Member(_) => None,
        }
    }

    /// Whether there is still something to stop. What it looks at of rings goes to `rings`.
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
