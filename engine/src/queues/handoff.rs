//! Holds the calls that a submitter hands over, or a reaped worker leaves: `Ring` and `Pool` push them, workers pop them.

use std::collections::VecDeque;

use syslet_abi::USER_DATA_OFFSET;

use crate::sys::sync::{AtomicU32, Mutex, Ordering, lock};

/// A call that was handed over: its record, and the rest of it that is still to be run.
#[derive(Debug, Default)]
pub(crate) struct Handed<T> {
    pub(crate) record: Vec<u64>,
    pub(crate) rest: T,
}

/// The calls of one ring that were handed over, in order: at most as many as the ring has slots.
#[derive(Debug)]
pub(crate) struct Handoffs<T> {
    count: AtomicU32,
    queue: Mutex<Queue<T>>,
}

#[derive(Debug)]
struct Queue<T> {
    calls: VecDeque<Handed<T>>,
    /// Used memory for the next calls: a hand-over allocates only when the queue is deeper than ever before.
    spare: Vec<Handed<T>>,
}

/// The number of used records that are kept.
const SPARE_MAX: usize = 64;

impl<T: Default> Handoffs<T> {
    pub(crate) fn new() -> Handoffs<T> {
        Handoffs {
            count: AtomicU32::new(0),
            queue: Mutex::new(Queue { calls: VecDeque::new(), spare: Vec::new() }),
        }
    }

    /// Whether no call waits.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        // Relaxed: the fence in `Scheduler::announce` (B1) orders the add in `push` before its load of `listed`, and pairs with the
        // fence in `Scheduler::keep`, which stands between the store of `listed` and this load. So a ring with a call here is not
        // left off the ready list. The calls themselves are read under the queue's lock.
        self.count.load(Ordering::Relaxed) == 0
    }

    /// How many calls wait; a glance, so relaxed as in `is_empty`.
    pub(crate) fn len(&self) -> u32 {
        self.count.load(Ordering::Relaxed)
    }

    pub(crate) fn push(&self, record: &[u64], rest: T) {
        self.push_all(record, None, rest);
    }

    fn push_all(&self, record: &[u64], ticket: Option<u64>, rest: T) {
        let mut queue = lock(&self.queue);
        let mut handed = queue.spare.pop().unwrap_or_default();
        handed.record.clear();
        handed.record.extend_from_slice(record);
        ticket.into_iter().for_each(|ticket| handed.record[USER_DATA_OFFSET / 8] = ticket);
        handed.rest = rest;
        queue.calls.push_back(handed);
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// [`Handoffs::push`] for a record that has the user's word in the place of its ticket.
    pub(crate) fn push_named(&self, record: &[u64], ticket: u64, rest: T) {
        self.push_all(record, Some(ticket), rest);
    }

    pub(crate) fn pop(&self) -> Option<Handed<T>> {
        if self.is_empty() {
            return None;
        }
        let mut queue = lock(&self.queue);
        let handed = queue.calls.pop_front()?;
        self.count.fetch_sub(1, Ordering::Relaxed);
        Some(handed)
    }

    /// Keeps the memory of a finished call for the next.
    pub(crate) fn recycle(&self, handed: Handed<T>) {
        let mut queue = lock(&self.queue);
        if queue.spare.len() < SPARE_MAX {
            queue.spare.push(handed);
        }
    }
}
