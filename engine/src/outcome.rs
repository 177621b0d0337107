//! How one call went.

use syslet_abi::{Call, CallFlags, DoneFlags, Errno, RawResult};

/// Result, flags and instants of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    pub(crate) result: RawResult,
    pub(crate) flags: DoneFlags,
    pub(crate) started_ns: u64,
    pub(crate) finished_ns: u64,
}

impl Outcome {
    /// The outcome of a call that never began.
    pub(crate) fn not_run(errno: Errno, why: DoneFlags) -> Outcome {
        let flags = DoneFlags::NOT_RUN.with(DoneFlags::ENGINE_RESULT).with(why);
        Outcome { result: RawResult::error(errno), flags, started_ns: 0, finished_ns: 0 }
    }

    pub(crate) fn ran(&self) -> bool {
        !self.flags.contains(DoneFlags::NOT_RUN)
    }

    /// Whether the submission wants this success to be silent.
    pub(crate) fn is_hidden(&self, call: &Call<'_>) -> bool {
        call.flags().contains(CallFlags::NO_COMPLETE) && self.ran() && self.result.decode().is_ok()
    }
}
