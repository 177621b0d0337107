//! The limits of a running pool: some can be changed while it runs.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::config::PoolLimits;
use crate::pool::scheduler::Quota;

/// Limits as they are now.
#[derive(Debug)]
pub(crate) struct Limits {
    workers_max: AtomicU32,
    runnable_max: AtomicU32,
    abandoned_max: u32,
    /// Workers in calls that were given up.
    abandoned: AtomicU32,
    pub(crate) stall: Duration,
    pub(crate) idle: Duration,
    pub(crate) spin_ns: u64,
}

impl Limits {
    pub(crate) fn new(limits: &PoolLimits) -> Limits {
        Limits {
            workers_max: AtomicU32::new(limits.workers_max),
            runnable_max: AtomicU32::new(limits.runnable_max),
            abandoned_max: limits.abandoned_max,
            abandoned: AtomicU32::new(0),
            stall: Duration::from_nanos(limits.stall_ns),
            idle: Duration::from_nanos(limits.idle_ns),
            spin_ns: limits.spin_ns,
        }
    }

    pub(crate) fn quota(&self) -> Quota {
        Quota {
            workers_max: self.workers_max.load(Ordering::Relaxed),
            runnable_max: self.runnable_max.load(Ordering::Relaxed),
            abandoned: self.abandoned(),
        }
    }

    /// Workers in calls that were given up.
    pub(crate) fn abandoned(&self) -> u32 {
        self.abandoned.load(Ordering::Relaxed)
    }

    /// Whether no other call can be given up for now.
    pub(crate) fn is_given_up_full(&self) -> bool {
        self.abandoned() >= self.abandoned_max
    }

    /// One more call is given up, if there may be one.
    pub(crate) fn give_up(&self) -> bool {
        let more = |abandoned| (abandoned < self.abandoned_max).then_some(abandoned + 1);
        self.abandoned.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// The worker of one that was given up is back, or it was not given up after all.
    pub(crate) fn take_back(&self) {
        self.abandoned.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn set_workers_max(&self, workers_max: u32) {
        self.workers_max.store(workers_max, Ordering::Relaxed);
    }

    pub(crate) fn set_runnable_max(&self, runnable_max: u32) {
        self.runnable_max.store(runnable_max, Ordering::Relaxed);
    }
}
