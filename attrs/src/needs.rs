//! The needs of an attribute, one bit each. The `check` of each attribute states them in its plan, and the engine
//! adds up those of a call.

/// Observations that the engine makes for an attribute, and things that it provides for the call; one bit each.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Needs(pub u32);

impl Needs {
    /// No need.
    pub const NONE: Needs = Needs(0);
    /// The clock, read when the call is queued, before it starts and after it has finished.
    pub const CLOCK: Needs = Needs(1);
    /// The thread that ends the call, and its CPU.
    pub const WORKER: Needs = Needs(1 << 1);
    /// Time on the processor.
    pub const CPU: Needs = Needs(1 << 2);
    /// The counts of getrusage: times, faults, switches, blocks.
    pub const RESOURCES: Needs = Needs(1 << 3);
    /// The time that each attempt takes.
    pub const WALL: Needs = Needs(1 << 4);
    /// How the call was tried, and for a plain call the counts of [`Needs::RESOURCES`] as well.
    pub const CACHE: Needs = Needs(1 << 5);
    /// The checksum of the bytes that the call moves.
    pub const BYTES: Needs = Needs(1 << 6);
    /// Performance counters.
    pub const COUNTERS: Needs = Needs(1 << 7);
    /// The call's lines in the trace, where the engine writes one.
    pub const TRACE: Needs = Needs(1 << 8);
    /// A timer that stops the call when its time is up.
    pub const DEADLINE: Needs = Needs(1 << 16);
    /// A place in a lane. As soon as the call has its place, the engine writes the `LaneValue` over the payload in its
    /// copy of the record, where `after` finds it.
    pub const LANE: Needs = Needs(1 << 17);
    /// A thread for this call alone: a disposable worker, which ends after the call, and all changes with it.
    pub const OWN_THREAD: Needs = Needs(1 << 20);
    /// A working directory and a umask that the call's own thread shares with no other thread.
    pub const OWN_FS: Needs = Needs(1 << 21);
    /// The call is made again as RETRY asks. The number of attempts, and why the last one was the last, come to `after`
    /// as the token.
    pub const RETRY: Needs = Needs(1 << 22);

    /// The needs of both.
    #[must_use]
    pub const fn with(self, other: Needs) -> Needs {
        Needs(self.0 | other.0)
    }

    /// These needs but those of `other`.
    #[must_use]
    pub const fn without(self, other: Needs) -> Needs {
        Needs(self.0 & !other.0)
    }

    /// Whether all of `other` is needed.
    #[must_use]
    pub const fn contains(self, other: Needs) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any of `other` is needed.
    #[must_use]
    pub const fn intersects(self, other: Needs) -> bool {
        self.0 & other.0 != 0
    }
}
