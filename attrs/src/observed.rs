//! The facts about a call that the engine shows an attribute: those known before the call is accepted, and those
//! observed while it ran. The engine fills them in; `check`, `before` and `after` read them.

use syslet_abi::RawResult;

/// The facts about a call that are known before it is accepted.
#[derive(Clone, Copy, Debug)]
pub struct CallFacts {
    /// The number of the system call.
    pub nr: u32,
    /// Its arguments as the kernel takes them: bits that the kernel ignores are zero. All are zero where the table of
    /// calls has no row for the call.
    pub args: [u64; 6],
    /// Size of the out area in bytes.
    pub out_len: usize,
    /// The kinds of call that it is.
    pub nature: Nature,
    /// For a program, the longest value of ATOMS in bytes; none for a single call.
    pub atoms_bytes_max: Option<usize>,
}

syslet_abi::flags! {
    /// Kinds of call, one bit each.
    pub struct Nature(pub u32) {
        /// None of the kinds below.
        NONE;
        /// The call may read data or metadata from storage.
        READS_STORAGE = 1;
        /// The call acts on the address space beyond the bytes of its arguments.
        ACTS_ON_MAPPINGS = 1 << 1;
        /// The call moves as many bytes as its result says, between its memory and something else.
        TRANSFERS = 1 << 2;
    }
}

/// The observations of a call that ran. Instants are nanoseconds of CLOCK_MONOTONIC. An observation that no plan of the
/// call needs is zero or none.
#[derive(Clone, Copy, Debug)]
pub struct Observed {
    /// The call, as it was accepted.
    pub call: CallFacts,
    /// Its raw result.
    pub result: RawResult,
    /// When the submission was accepted. Needs the clock, as do the next two.
    pub queued_ns: u64,
    /// Just before the kernel was entered.
    pub started_ns: u64,
    /// Just after the kernel was left.
    pub finished_ns: u64,
    /// The thread that brought the call to its end. Thread and CPU are zero unless needed.
    pub worker: WorkerValue,
    /// The cost of all attempts at the call.
    pub spent: Spent,
    /// How the call was tried, with signs of whether its data was in memory.
    pub evidence: Evidence,
    /// The bytes that the call moved; none as well when they cannot be read.
    pub transferred: Option<Transferred>,
    /// The counts of performance counters; none as well when they may not be used.
    pub counted: Option<Counted>,
}

/// The thread that brought a call to its end, which is the value of WORKER.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct WorkerValue {
    /// The kernel's number of that thread.
    pub tid: u32,
    /// The CPU on which it was just after the call.
    pub cpu: u32,
    /// The kind of thread and of attempt that ended the call.
    pub run_by: RunBy,
    /// How often the kernel was asked for the call: 1, and 1 more for each non-blocking attempt that would have slept.
    pub attempts: u32,
}

/// The kind of thread and of attempt that brought a call to its end.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
pub struct RunBy(pub u32);

/// The number and its name.
impl core::fmt::Debug for RunBy {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "RunBy({} {})", self.0, self.name())
    }
}

impl RunBy {
    /// The submitter, which made the plain call inline while it waited.
    pub const INLINE: RunBy = RunBy(1);
    /// A worker of the pool.
    pub const POOLED: RunBy = RunBy(2);
    /// The submitter, whose non-blocking attempt was enough.
    pub const NONBLOCKING: RunBy = RunBy(3);
    /// A disposable worker, which has ended since.
    pub const PRIVATE: RunBy = RunBy(4);
    /// A worker of the pool, or the poller, after the call had waited without a thread.
    pub const PARKED: RunBy = RunBy(5);

    /// The name, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            RunBy::INLINE => "inline",
            RunBy::POOLED => "pooled",
            RunBy::NONBLOCKING => "nonblocking",
            RunBy::PRIVATE => "private",
            RunBy::PARKED => "parked",
            _ => "unknown",
        }
    }
}

/// Readings of one thread's clocks and counts, or the difference of two readings, or the sum of such differences. A
/// field that no plan needs is zero.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Spent {
    /// Time that passed, in nanoseconds.
    pub wall_ns: u64,
    /// Time on the processor, in nanoseconds: the time that passed, while the thread was not switched away, else by the scheduler's
    /// account.
    pub cpu_ns: u64,
    /// The part in user mode, in nanoseconds. The kernel samples how the time splits.
    pub user_ns: u64,
    /// The part in the kernel, in nanoseconds, sampled as well.
    pub system_ns: u64,
    /// Page faults that needed no storage.
    pub minor_faults: u64,
    /// Page faults that had to wait for storage.
    pub major_faults: u64,
    /// How often the thread gave up the processor to wait.
    pub voluntary_switches: u64,
    /// How often the processor was taken from the thread.
    pub involuntary_switches: u64,
    /// Bytes that were asked of storage.
    pub read_bytes: u64,
    /// Bytes of files that became dirty.
    pub written_bytes: u64,
}

impl Spent {
    /// The difference between an earlier reading of the same thread and this one.
    #[must_use]
    pub fn since(&self, earlier: &Spent) -> Spent {
        self.each(earlier, u64::saturating_sub)
    }

    /// The sum of both.
    #[must_use]
    pub fn plus(&self, other: &Spent) -> Spent {
        self.each(other, u64::saturating_add)
    }
}

/// Applies one function to all pairs of fields: a field that is forgotten in the list does not compile.
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

syslet_abi::flags! {
    /// Signs of whether a call found its data in memory, one bit each.
    pub struct Evidence(pub u32) {
        /// No sign.
        NONE;
        /// A non-blocking attempt was enough.
        NONBLOCKING_SUCCEEDED = 1, "nonblocking succeeded";
        /// A non-blocking attempt was refused: the call would have waited.
        NONBLOCKING_REFUSED = 1 << 1, "nonblocking refused";
        /// The file that refused the non-blocking attempt keeps its data on storage.
        STORAGE = 1 << 6, "by storage";
        /// The kernel charged the thread with input from storage.
        BLOCK_INPUT = 1 << 2, "block input";
        /// The call acts on mappings and had page faults that waited for storage.
        MAJOR_FAULTS = 1 << 3, "major faults";
        /// The plain call was watched, so that BLOCK_INPUT, MAJOR_FAULTS or SLEPT would be set if it applied.
        WATCHED = 1 << 4, "watched";
        /// The watched call gave up the processor to wait, for storage or for anything else.
        SLEPT = 1 << 5, "slept";
    }
}

impl Evidence {
    /// `other` added, if `is` is true.
    #[must_use]
    pub const fn with_if(self, other: Evidence, is: bool) -> Evidence {
        if is { self.with(other) } else { self }
    }
}

/// The number of bytes that a call moved, and their CRC-32C (Castagnoli, as in iSCSI and ext4).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Transferred {
    /// The number of bytes.
    pub bytes: u64,
    /// The CRC-32C of all of them in order; 0 for no bytes.
    pub crc32c: u32,
}

impl Transferred {
    /// The same with more bytes behind them.
    #[must_use]
    pub fn then(self, more: &[u8]) -> Transferred {
        Transferred {
            bytes: self.bytes + more.len() as u64,
            crc32c: crc32c::crc32c_append(self.crc32c, more),
        }
    }
}

/// Readings of performance counters, or the difference of two readings, or the sum of such differences.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counted {
    /// The counters that count, one bit each: 0 task clock, 1 context switches, 2 instructions, 3 cycles.
    pub valid: u32,
    /// The counters that count in user mode only, because the kernel may not be watched; the same bits.
    pub user_only: u32,
    /// The counts, by bit; zero where not valid.
    pub counts: [u64; Counted::COUNTERS],
}

impl Counted {
    /// Number of counters.
    pub const COUNTERS: usize = 4;

    /// The counts of two attempts at a call, added up. A counter that did not count in one of them is not valid in the
    /// sum.
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
