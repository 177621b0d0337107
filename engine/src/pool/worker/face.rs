//! What a worker shows of its work to those who look.

use super::watch::Watch;
use crate::pool::tally::Tally;
use crate::sync::{AtomicU32, AtomicU64, Ordering};

/// Written by the worker alone.
#[derive(Debug)]
pub(crate) struct Face {
    pub(crate) watch: Watch,
    /// Calls brought to an end.
    pub(crate) finished: Tally,
    /// What runs: the call's number and the user's word.
    nr: AtomicU32,
    user_data: AtomicU64,
}

impl Face {
    pub(crate) fn new() -> Face {
        Face {
            watch: Watch::new(),
            finished: Tally::new(),
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
