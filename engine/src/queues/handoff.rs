//! Calls that their submitter has claimed and cannot finish: they wait here for a worker, with what was done already.

use std::collections::VecDeque;

use crate::sys::sync::{AtomicU32, Mutex, Ordering, lock};

/// A call that was handed over, with what is left of it to do.
#[derive(Debug, Default)]
pub(crate) struct Handed<T> {
    pub(crate) record: Vec<u64>,
    pub(crate) rest: T,
}

/// The calls of one ring that were handed over, in order. Those of all rings are as many as there are slots.
#[derive(Debug)]
pub(crate) struct Handoffs<T> {
    count: AtomicU32,
    queue: Mutex<Queue<T>>,
}

#[derive(Debug)]
struct Queue<T> {
    calls: VecDeque<Handed<T>>,
    /// Used up, kept for the next: handing over allocates only until it has once been as deep.
    spare: Vec<Handed<T>>,
}

/// More than so many are not kept.
const SPARE_MAX: usize = 64;

impl<T: Default> Handoffs<T> {
    pub(crate) fn new() -> Handoffs<T> {
        Handoffs {
            count: AtomicU32::new(0),
            queue: Mutex::new(Queue { calls: VecDeque::new(), spare: Vec::new() }),
        }
    }

    /// Whether none waits. Who announces work has pushed it before.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }

    pub(crate) fn push(&self, record: &[u64], rest: T) {
        let mut queue = lock(&self.queue);
        let mut handed = queue.spare.pop().unwrap_or_default();
        handed.record.clear();
        handed.record.extend_from_slice(record);
        handed.rest = rest;
        queue.calls.push_back(handed);
        self.count.fetch_add(1, Ordering::Relaxed);
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

    /// Gives memory back for the next.
    pub(crate) fn recycle(&self, handed: Handed<T>) {
        let mut queue = lock(&self.queue);
        if queue.spare.len() < SPARE_MAX {
            queue.spare.push(handed);
        }
    }
}
