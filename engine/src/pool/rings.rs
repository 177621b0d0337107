//! The list of a pool's rings and workers, and the counts of those that are gone. Called when one is added or
//! removed, by the monitor, by close and by statistics; no call's path uses it.

use std::sync::Arc;

use crate::pool::ring_work::RingWork;
use crate::pool::worker::Worker;
use crate::sys::counter::Counter;
use crate::sys::sync::{Mutex, lock};

/// The rings and the workers of a pool.
#[derive(Debug)]
pub(crate) struct RingList(Mutex<Members>);

#[derive(Debug, Default)]
struct Members {
    rings: Vec<Arc<RingWork>>,
    workers: Vec<Arc<Worker>>,
    /// Calls accepted by rings that are gone.
    accepted: u64,
    /// Counters of calls that ended without being run, of rings that are gone. They may still grow: some of those
    /// calls end later, on a program's way out or by request.
    late: Vec<Arc<Counter>>,
    /// Calls ended by rings and workers that are gone.
    finished: u64,
}

impl Members {
    /// Adds up the counters of rings without calls: those count nothing any more.
    fn fold_late(&mut self) {
        let finished = &mut self.finished;
        self.late.retain_mut(|refused| {
            let is_shared = Arc::get_mut(refused).is_none();
            *finished += if is_shared { 0 } else { refused.get() };
            is_shared
        });
    }
}

impl RingList {
    pub(crate) fn new() -> RingList {
        RingList(Mutex::new(Members::default()))
    }

    pub(crate) fn add_ring(&self, ring: Arc<RingWork>) {
        lock(&self.0).rings.push(ring);
    }

    pub(crate) fn remove_ring(&self, ring: &Arc<RingWork>) {
        let mut members = lock(&self.0);
        if let Some(at) = members.rings.iter().position(|other| Arc::ptr_eq(other, ring)) {
            members.rings.swap_remove(at);
            members.accepted += ring.submitter.accepted.get();
            members.finished += ring.submitter.finished.get();
            members.fold_late();
            members.late.push(Arc::clone(&ring.refused));
        }
    }

    pub(crate) fn add_worker(&self, worker: Arc<Worker>) {
        lock(&self.0).workers.push(worker);
    }

    pub(crate) fn remove_worker(&self, worker: &Arc<Worker>) {
        let mut members = lock(&self.0);
        if let Some(at) = members.workers.iter().position(|other| Arc::ptr_eq(other, worker)) {
            members.workers.swap_remove(at);
            members.finished += worker.stats.finished.get();
        }
    }

    /// Counts a call as over that no worker and no ring counts: it was abandoned.
    pub(crate) fn finish_one(&self) {
        lock(&self.0).finished += 1;
    }

    pub(crate) fn rings(&self) -> Vec<Arc<RingWork>> {
        lock(&self.0).rings.clone()
    }

    pub(crate) fn workers(&self) -> Vec<Arc<Worker>> {
        lock(&self.0).workers.clone()
    }

    /// Calls accepted and not over. `accepted` is read before the counts of ended calls, so a change meanwhile makes
    /// the result less, never more: see POOL-5.
    pub(crate) fn in_flight(&self) -> u64 {
        let members = lock(&self.0);
        let accepted: u64 = members.rings.iter().map(|ring| ring.submitter.accepted.get()).sum();
        let by_workers: u64 = members.workers.iter().map(|worker| worker.stats.finished.get()).sum();
        let by_rings: u64 =
            members.rings.iter().map(|ring| ring.submitter.finished.get() + ring.refused.get()).sum();
        let late: u64 = members.late.iter().map(|refused| refused.get()).sum();
        let in_groups: u64 = members.rings.iter().map(|ring| ring.programs.groups.calls()).sum();
        (members.accepted + accepted + in_groups)
            .saturating_sub(members.finished + by_workers + by_rings + late)
    }
}
