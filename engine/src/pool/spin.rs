//! How long to look around before sleeping: less after looks in vain.

use std::time::{Duration, Instant};

/// What one thread has learned about looking around.
#[derive(Debug)]
pub(crate) struct Spin {
    max: Duration,
    budget: Duration,
}

/// Looks between two looks at the clock, which costs as much as several of them.
const LOOKS: u32 = 32;
/// After looks in vain the budget shrinks to this part of the whole, not to nothing: the world may change.
const LEAST_PART: u32 = 16;

impl Spin {
    pub(crate) fn new(max_ns: u64) -> Spin {
        let max = Duration::from_nanos(max_ns);
        Spin { max, budget: max }
    }

    /// Looks until `is_over` or until the budget is spent; says which.
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
