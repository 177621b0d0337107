//! What performance counters counted.

/// Readings of counters, or the difference of two, or the sum of such differences.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counted {
    /// Which of them count, one bit each, from 0: task clock, context switches, instructions, cycles.
    pub valid: u32,
    /// Which of them count in user mode only, as they must where the kernel may not be watched.
    pub user_only: u32,
    /// The counts; zero where not valid.
    pub counts: [u64; Counted::COUNTERS],
}

impl Counted {
    /// How many counters there are.
    pub const COUNTERS: usize = 4;

    /// What was counted in both attempts at a call: what one of them could not count is not known.
    #[must_use]
    pub fn plus(&self, other: &Counted) -> Counted {
        let valid = self.valid & other.valid;
        let sum = |at: usize| if valid >> at & 1 == 1 { self.counts[at] + other.counts[at] } else { 0 };
        Counted {
            valid,
            user_only: (self.user_only | other.user_only) & valid,
            counts: std::array::from_fn(sum),
        }
    }
}
