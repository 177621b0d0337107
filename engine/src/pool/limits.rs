//! The limits of a running pool: some can be changed while it runs.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::board::Quota;
use crate::config::PoolLimits;

/// Limits as they are now.
#[derive(Debug)]
pub(crate) struct Limits {
    workers_max: AtomicU32,
    runnable_max: AtomicU32,
    pub(crate) stall: Duration,
    pub(crate) idle: Duration,
    pub(crate) spin_ns: u64,
}

impl Limits {
    pub(crate) fn new(limits: &PoolLimits) -> Limits {
        Limits {
            workers_max: AtomicU32::new(limits.workers_max),
            runnable_max: AtomicU32::new(limits.runnable_max),
            stall: Duration::from_nanos(limits.stall_ns),
            idle: Duration::from_nanos(limits.idle_ns),
            spin_ns: limits.spin_ns,
        }
    }

    pub(crate) fn quota(&self) -> Quota {
        Quota {
            workers_max: self.workers_max.load(Ordering::Relaxed),
            runnable_max: self.runnable_max.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn set_workers_max(&self, workers_max: u32) {
        self.workers_max.store(workers_max, Ordering::Relaxed);
    }

    pub(crate) fn set_runnable_max(&self, runnable_max: u32) {
        self.runnable_max.store(runnable_max, Ordering::Relaxed);
    }
}
