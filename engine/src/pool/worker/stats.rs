//! What a worker shows of its work to those who look.

use crate::sys::activity::Activity;
use crate::sys::counter::Counter;
use crate::sys::sync::{AtomicU32, AtomicU64, Ordering};

/// Written by the worker alone.
#[derive(Debug)]
pub(crate) struct WorkerStats {
    pub(crate) watch: Activity,
    /// Calls brought to an end.
    pub(crate) finished: Counter,
    /// What runs: the call's number and the user's word.
    nr: AtomicU32,
    user_data: AtomicU64,
}

impl WorkerStats {
    pub(crate) fn new() -> WorkerStats {
        WorkerStats {
            watch: Activity::new(),
            finished: Counter::new(),
            nr: AtomicU32::new(0),
            user_data: AtomicU64::new(0),
        }
    }

    /// Tells what runs.
    pub(crate) fn show(&self, nr: u32, user_data: u64) {
        self.nr.store(nr, Ordering::Relaxed);
        self.user_data.store(user_data, Ordering::Relaxed);
    }

    /// Number and user's word of the call that runs, or ran last.
    pub(crate) fn shown(&self) -> (u32, u64) {
        (self.nr.load(Ordering::Relaxed), self.user_data.load(Ordering::Relaxed))
    }
}
