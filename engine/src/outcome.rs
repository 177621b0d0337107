//! How one call went.

use syslet_abi::{Call, CallFlags, DoneFlags, Errno, RawResult, Status};
use syslet_attrs::WorkerValue;

/// Result, flags and circumstances of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    pub(crate) result: RawResult,
    pub(crate) flags: DoneFlags,
    pub(crate) started_ns: u64,
    pub(crate) finished_ns: u64,
    pub(crate) worker: WorkerValue,
}

impl Outcome {
    /// The outcome of a call that never began.
    pub(crate) fn not_run(errno: Errno) -> Outcome {
        Outcome { flags: DoneFlags::NOT_RUN.with(DoneFlags::ENGINE_RESULT), ..Outcome::unknown(errno) }
    }

    /// The outcome of a call that was cancelled before it began.
    pub(crate) fn cancelled() -> Outcome {
        let outcome = Outcome::not_run(Errno(libc::ECANCELED));
        Outcome { flags: outcome.flags.with(DoneFlags::CANCELLED), ..outcome }
    }

    /// The outcome of a call that began, and whose end nobody has seen.
    pub(crate) fn unknown(errno: Errno) -> Outcome {
        Outcome {
            result: RawResult::error(errno),
            flags: DoneFlags::ENGINE_RESULT,
            started_ns: 0,
            finished_ns: 0,
            worker: WorkerValue::default(),
        }
    }

    /// The status of every attribute, where the call cannot say anything.
    pub(crate) fn status_of_attributes(&self) -> Option<Status> {
        if self.flags.contains(DoneFlags::NOT_RUN) {
            Some(Status::INAPPLICABLE)
        } else if self.flags.contains(DoneFlags::ENGINE_RESULT) {
            Some(Status::UNAVAILABLE)
        } else {
            None
        }
    }

    /// Whether the submission wants this success to be silent.
    pub(crate) fn is_hidden(&self, call: &Call<'_>) -> bool {
        let is_success = self.status_of_attributes().is_none() && self.result.decode().is_ok();
        is_success && call.flags().contains(CallFlags::NO_COMPLETE)
    }
}
