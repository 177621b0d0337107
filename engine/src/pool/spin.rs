//! The time for which a thread spins before it sleeps: less after spins in vain. Called by workers and by waiting
//! submitters.

use std::time::{Duration, Instant};

/// One thread's budget for spinning.
#[derive(Debug)]
pub(crate) struct Spin {
    max: Duration,
    budget: Duration,
}

/// Looks between two readings of the clock, which cost as much as several looks.
const LOOKS: u32 = 32;
/// After spins in vain the budget shrinks to this part of the maximum, not to nothing: the load may change.
const LEAST_PART: u32 = 16;

impl Spin {
    pub(crate) fn new(max_ns: u64) -> Spin {
        let max = Duration::from_nanos(max_ns);
        Spin { max, budget: max }
    }

    /// Looks until `is_over` or until the budget is spent. Returns whether it is over.
    pub(crate) fn until(&mut self, is_over: impl Fn() -> bool) -> bool {
        if self.max.is_zero() {
            return is_over();
        }
        let started = Instant::now();
        loop {
            for _ in 0..LOOKS {
                if is_over() {
                    self.budget = self.max;
                    return true;
                }
                std::hint::spin_loop();
            }
            if started.elapsed() >= self.budget {
                self.budget = (self.budget / 2).max(self.max / LEAST_PART);
                return false;
            }
        }
    }
}
