//! Where workers find the groups of a ring's programs.

use std::collections::VecDeque;

use crate::program::parallel::ParallelGroup;
use crate::sys::sync::{Arc, AtomicU32, AtomicU64, Mutex, Ordering, lock};

/// The groups of one ring that have calls which nobody has taken.
#[derive(Debug)]
pub(crate) struct Groups {
    /// Groups that are there, for who does not want the lock.
    count: AtomicU32,
    /// Calls of groups that are not over, beyond the programs they are of.
    calls: AtomicU64,
    queue: Mutex<VecDeque<Arc<ParallelGroup>>>,
    /// All that are not over.
    begun: Mutex<Vec<Arc<ParallelGroup>>>,
}

impl Groups {
    pub(crate) fn new() -> Groups {
        Groups {
            count: AtomicU32::new(0),
            calls: AtomicU64::new(0),
            queue: Mutex::new(VecDeque::new()),
            begun: Mutex::new(Vec::new()),
        }
    }

    /// The group that the program with this ticket is in.
    pub(crate) fn of(&self, program: u64) -> Option<Arc<ParallelGroup>> {
        let begun = lock(&self.begun);
        let found = begun.iter().find(|group| group.is_of(program));
        found.map(Arc::clone)
    }

    pub(crate) fn add(&self, group: &Arc<ParallelGroup>) {
        self.calls.fetch_add(group.calls(), Ordering::Relaxed);
        lock(&self.begun).push(Arc::clone(group));
        let mut queue = lock(&self.queue);
        queue.push_back(Arc::clone(group));
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// All calls of the group are over.
    pub(crate) fn remove(&self, group: &Arc<ParallelGroup>) {
        self.calls.fetch_sub(group.calls(), Ordering::Relaxed);
        lock(&self.begun).retain(|other| !Arc::ptr_eq(other, group));
        let mut queue = lock(&self.queue);
        if let Some(at) = queue.iter().position(|other| Arc::ptr_eq(other, group)) {
            queue.remove(at);
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Whether no call of a group waits to be taken; a glance.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }

    /// Calls that are not over.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Takes a call that nobody has, and says whether there are more.
    pub(crate) fn take(&self) -> Option<(Arc<ParallelGroup>, usize, bool)> {
        if self.is_empty() {
            return None;
        }
        let mut queue = lock(&self.queue);
        while let Some(group) = queue.front() {
            if let Some(index) = group.take() {
                let group = Arc::clone(group);
                let has_more = group.has_more() || queue.len() > 1;
                return Some((group, index, has_more));
            }
            queue.pop_front();
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
        None
    }
}
