//! Who ran a call: what WORKER returns.

/// Who brought a call to its end.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
pub struct RunBy(pub u32);

/// The number and its name.
impl core::fmt::Debug for RunBy {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "RunBy({} {})", self.0, self.name())
    }
}

impl RunBy {
    /// The submitter made the plain call while it waited.
    pub const HELPED: RunBy = RunBy(1);
    /// A worker made it.
    pub const POOLED: RunBy = RunBy(2);
    /// The submitter's first attempt, which could not sleep, was enough.
    pub const TWIN: RunBy = RunBy(3);
    /// A disposable worker made it, which has ended since.
    pub const PRIVATE: RunBy = RunBy(4);

    /// The name, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            RunBy::HELPED => "helped",
            RunBy::POOLED => "pooled",
            RunBy::TWIN => "twin",
            RunBy::PRIVATE => "private",
            _ => "unknown",
        }
    }
}

/// What WORKER returns.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct WorkerValue {
    /// The kernel's number of the thread that brought the call to its end.
    pub tid: u32,
    /// The CPU it was on just after.
    pub cpu: u32,
    /// Who that was.
    pub run_by: RunBy,
    /// How often the kernel was asked for the call: 1, and 1 more for each first attempt that would have slept.
    pub attempts: u32,
}

impl WorkerValue {
    /// Size of the value in bytes: four 32-bit numbers.
    pub const BYTES: usize = 16;

    /// Reads a returned value. A longer one, of a later version, is accepted; a shorter one is none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<WorkerValue> {
        let word = |at: usize| value.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes);
        Some(WorkerValue { tid: word(0)?, cpu: word(4)?, run_by: RunBy(word(8)?), attempts: word(12)? })
    }

    pub(crate) fn emit(self, value: &mut [u8]) {
        value[0..4].copy_from_slice(&self.tid.to_ne_bytes());
        value[4..8].copy_from_slice(&self.cpu.to_ne_bytes());
        value[8..12].copy_from_slice(&self.run_by.0.to_ne_bytes());
        value[12..16].copy_from_slice(&self.attempts.to_ne_bytes());
    }
}
