//! What trying a call has cost the threads that tried it.

/// Readings of one thread's clocks and counts, or the difference of two, or the sum of such differences. What was not
/// needed is zero.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Spent {
    /// Time that passed, in nanoseconds.
    pub wall_ns: u64,
    /// Time on the processor, in nanoseconds, as the scheduler knows it.
    pub cpu_ns: u64,
    /// Part of it in user mode, in nanoseconds. How the time splits is sampled.
    pub user_ns: u64,
    /// Part of it in the kernel, in nanoseconds, sampled as well.
    pub system_ns: u64,
    /// Page faults that needed no storage.
    pub minor_faults: u64,
    /// Page faults that had to wait for storage.
    pub major_faults: u64,
    /// How often the thread gave up the processor to wait.
    pub voluntary_switches: u64,
    /// How often it was taken away.
    pub involuntary_switches: u64,
    /// Bytes that were asked of storage.
    pub read_bytes: u64,
    /// Bytes of files that became dirty.
    pub written_bytes: u64,
}

impl Spent {
    /// What was spent from an earlier reading of the same thread to this one.
    #[must_use]
    pub fn since(&self, earlier: &Spent) -> Spent {
        self.each(earlier, u64::saturating_sub)
    }

    /// Both together.
    #[must_use]
    pub fn plus(&self, other: &Spent) -> Spent {
        self.each(other, u64::saturating_add)
    }
}

/// Applies one function to all pairs of fields.
macro_rules! each_field {
    ($($field:ident)*) => {
        impl Spent {
            fn each(&self, other: &Spent, with: impl Fn(u64, u64) -> u64) -> Spent {
                Spent { $($field: with(self.$field, other.$field)),* }
            }
        }
    };
}

each_field! {
    wall_ns cpu_ns user_ns system_ns minor_faults major_faults voluntary_switches involuntary_switches read_bytes
    written_bytes
}
