//! How it is known whether a call found its data in memory.

/// What was seen of a call that may read storage, one bit each.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Evidence(pub u32);

impl Evidence {
    /// A first attempt that could not wait was enough.
    pub const TWIN_SUCCEEDED: Evidence = Evidence(1);
    /// A first attempt that could not wait was refused: the call would have waited.
    pub const TWIN_REFUSED: Evidence = Evidence(2);
    /// The kernel charged the thread with input from storage.
    pub const BLOCK_INPUT: Evidence = Evidence(4);
    /// The call, which acts on mappings, had page faults that waited for storage.
    pub const MAJOR_FAULTS: Evidence = Evidence(8);
    /// The plain call was watched: that a bit of what it is charged with is missing means something.
    pub const WATCHED: Evidence = Evidence(16);
    /// The watched call gave up the processor to wait, for whatever it was.
    pub const SLEPT: Evidence = Evidence(32);
    /// What refused the first attempt keeps its data on storage.
    pub const STORAGE: Evidence = Evidence(64);

    /// The evidence of both.
    #[must_use]
    pub const fn with(self, other: Evidence) -> Evidence {
        Evidence(self.0 | other.0)
    }

    /// `other` added, if `is` true.
    #[must_use]
    pub const fn with_if(self, other: Evidence, is: bool) -> Evidence {
        if is { self.with(other) } else { self }
    }

    /// Each bit's name.
    const NAMES: [(Evidence, &str); 7] = [
        (Evidence::TWIN_SUCCEEDED, "twin succeeded"),
        (Evidence::TWIN_REFUSED, "twin refused"),
        (Evidence::STORAGE, "by storage"),
        (Evidence::BLOCK_INPUT, "block input"),
        (Evidence::MAJOR_FAULTS, "major faults"),
        (Evidence::WATCHED, "watched"),
        (Evidence::SLEPT, "slept"),
    ];

    /// Whether all of `other` is there.
    #[must_use]
    pub const fn contains(self, other: Evidence) -> bool {
        self.0 & other.0 == other.0
    }
}

impl core::fmt::Display for Evidence {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let there = Evidence::NAMES.iter().filter(|(bit, _)| self.contains(*bit));
        for (at, (_, name)) in there.enumerate() {
            write!(f, "{}{name}", if at == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// Whether what a call asked for was in memory.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Verdict(pub u32);

/// The number and its name.
impl core::fmt::Debug for Verdict {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Verdict({} {})", self.0, self.name())
    }
}

impl Verdict {
    /// It was.
    pub const HIT: Verdict = Verdict(1);
    /// It was not, or not all of it.
    pub const MISS: Verdict = Verdict(2);
    /// Nothing that was seen tells.
    pub const UNKNOWN: Verdict = Verdict(3);

    /// What the evidence proves.
    #[must_use]
    pub fn of(evidence: Evidence) -> Verdict {
        let has = |bits| evidence.contains(bits);
        let waited_for_input = has(Evidence::BLOCK_INPUT.with(Evidence::SLEPT));
        if has(Evidence::TWIN_SUCCEEDED) {
            Verdict::HIT
        } else if has(Evidence::TWIN_REFUSED.with(Evidence::STORAGE))
            || waited_for_input
            || has(Evidence::MAJOR_FAULTS)
        {
            Verdict::MISS
        } else if evidence.0 == Evidence::WATCHED.0 {
            Verdict::HIT
        } else {
            Verdict::UNKNOWN
        }
    }

    /// The name, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::HIT => "hit",
            Verdict::MISS => "miss",
            _ => "unknown",
        }
    }
}
