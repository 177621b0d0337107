//! What an attribute wants to know of a call, before it is accepted and while it runs.

/// What the engine has to observe for an attribute, one bit each.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Needs(pub u32);

impl Needs {
    /// Nothing.
    pub const NONE: Needs = Needs(0);
    /// The clock, when the call is queued, before it starts and after it finished.
    pub const CLOCK: Needs = Needs(1);
    /// The thread that ends the call, and its CPU.
    pub const WORKER: Needs = Needs(2);
    /// Time on the processor.
    pub const CPU: Needs = Needs(1 << 2);
    /// What getrusage tells: times, faults, switches, blocks.
    pub const RESOURCES: Needs = Needs(1 << 3);
    /// The time that each attempt took.
    pub const WALL: Needs = Needs(1 << 4);
    /// How the call was tried, and of the plain call what [`Needs::RESOURCES`] means.
    pub const CACHE: Needs = Needs(1 << 5);
    /// The checksum of the bytes that were moved.
    pub const BYTES: Needs = Needs(1 << 6);
    /// Performance counters.
    pub const COUNTERS: Needs = Needs(1 << 7);
    /// Its id in the trace, if there is one.
    pub const TRACE: Needs = Needs(1 << 8);
    /// Somebody who stops the call when its time is up.
    pub const DEADLINE: Needs = Needs(1 << 16);

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

/// What kind of call it is, one bit each.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Nature(pub u32);

impl Nature {
    /// Nothing of what follows.
    pub const NONE: Nature = Nature(0);
    /// It may read data or metadata from storage.
    pub const READS_STORAGE: Nature = Nature(1);
    /// It acts on the address space beyond its arguments' bytes.
    pub const ACTS_ON_MAPPINGS: Nature = Nature(2);
    /// It moves bytes between memory and something else, as many as its result says.
    pub const TRANSFERS: Nature = Nature(4);

    /// Both kinds.
    #[must_use]
    pub const fn with(self, other: Nature) -> Nature {
        Nature(self.0 | other.0)
    }

    /// Without these kinds.
    #[must_use]
    pub const fn without(self, other: Nature) -> Nature {
        Nature(self.0 & !other.0)
    }

    /// Whether it is any of these kinds.
    #[must_use]
    pub const fn intersects(self, other: Nature) -> bool {
        self.0 & other.0 != 0
    }
}
