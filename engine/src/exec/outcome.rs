//! How one call went: its result, and when and where it ran. The runner makes it, and the claim says whether it was cut short.

use syslet_abi::{Call, CallFlags, DoneFlags, Errno, RawResult, Status};
use syslet_attrs::{RetryValue, WorkerValue};

use crate::sys::clock::now_ns;

/// The result of a call that its deadline has stopped.
const ETIME: Errno = Errno(libc::ETIME);

/// Result, flags and circumstances of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    pub(crate) result: RawResult,
    pub(crate) flags: DoneFlags,
    pub(crate) started_ns: u64,
    pub(crate) finished_ns: u64,
    pub(crate) worker: WorkerValue,
    /// How often it was made again, if that was asked for.
    pub(crate) retry: RetryValue,
    /// Whether a thread has seen the call's end, or that it never began.
    pub(crate) is_seen: bool,
}

impl Outcome {
    /// The outcome of a call that never began.
    pub(crate) fn not_run(errno: Errno) -> Outcome {
        let flags = DoneFlags::NOT_RUN.with(DoneFlags::ENGINE_RESULT);
        Outcome { flags, is_seen: true, ..Outcome::unknown(errno) }
    }

    /// The outcome of a call that was cancelled before it began.
    pub(crate) fn cancelled() -> Outcome {
        let outcome = Outcome::not_run(Errno(libc::ECANCELED));
        Outcome { flags: outcome.flags.with(DoneFlags::CANCELLED), ..outcome }
    }

    /// The outcome of a call that its deadline kept from beginning.
    pub(crate) fn late() -> Outcome {
        Outcome { result: RawResult::error(ETIME), finished_ns: now_ns(), ..Outcome::cancelled() }
    }

    /// Whether its deadline has stopped the call.
    pub(crate) fn is_late(&self) -> bool {
        self.is_cancelled() && self.result == RawResult::error(ETIME)
    }

    /// The outcome of a call that began, and was not seen to end.
    pub(crate) fn unknown(errno: Errno) -> Outcome {
        Outcome {
            result: RawResult::error(errno),
            flags: DoneFlags::ENGINE_RESULT,
            started_ns: 0,
            finished_ns: 0,
            worker: WorkerValue::default(),
            retry: RetryValue::default(),
            is_seen: false,
        }
    }

    /// Whether the call was cancelled.
    #[inline(always)]
    pub(crate) fn is_cancelled(&self) -> bool {
        self.flags.contains(DoneFlags::CANCELLED)
    }

    /// The outcome of a call that was stopped, or whose worker was interrupted, by request or by its deadline: one that
    /// was complete before stands as it is. `asked` is how many bytes it was to move, if its result counts bytes.
    pub(crate) fn stopped(self, asked: Option<u64>, is_late: bool) -> Outcome {
        let was_interrupted = self.result == RawResult::error(Errno(libc::EINTR));
        let is_cut = was_interrupted || is_short(self.result, asked);
        let flags = if is_cut { self.flags.with(DoneFlags::CANCELLED) } else { self.flags };
        if is_late && self.flags.contains(DoneFlags::NOT_RUN) {
            return Outcome::late();
        }
        if is_late && was_interrupted {
            let result = RawResult::error(ETIME);
            return Outcome { result, flags: flags.with(DoneFlags::ENGINE_RESULT), ..self };
        }
        Outcome { flags, ..self }
    }

    /// The status of every attribute, where there is nothing to say of the call.
    pub(crate) fn status_of_attributes(&self) -> Option<Status> {
        if self.flags.contains(DoneFlags::NOT_RUN) {
            Some(Status::INAPPLICABLE)
        } else if !self.is_seen {
            Some(Status::UNAVAILABLE)
        } else {
            None
        }
    }

    /// Whether the submission wants this success to be silent.
    #[inline(always)]
    pub(crate) fn is_hidden(&self, call: &Call<'_>) -> bool {
        call.flags().contains(CallFlags::NO_COMPLETE) && self.may_be_hidden()
    }

    #[inline(never)]
    fn may_be_hidden(&self) -> bool {
        let is_success = self.status_of_attributes().is_none() && self.result.decode().is_ok();
        // A failure on its way out must not be hidden.
        is_success && !self.flags.contains(DoneFlags::FINALLY_FAILED)
    }
}

/// Whether a call moved fewer bytes than it was asked to.
fn is_short(result: RawResult, asked: Option<u64>) -> bool {
    matches!((result.decode(), asked), (Ok(moved), Some(asked)) if moved < asked)
}
