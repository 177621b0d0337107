//! The steps by which a call is abandoned, because no signal gets its worker out of the kernel, and by which its slot
//! becomes free. The monitor takes A1 and A2, the worker A3, the submitter A4: the steps are those of specs/cancel.md.
//!
//! | state | the call is abandoned, and | changed by | to | step |
//! |---|---|---|---|---|
//! | SIGNALLED, UNRESPONSIVE | not yet | the monitor | ABANDONED | A1 |
//! | ABANDONED | its worker is in the kernel | the monitor, where a second record follows | ABANDONED_POSTED | A2, store |
//! | | | its worker, where none follows | ABANDONED_RETURNED | A3 |
//! | | | the submitter, where none follows | ABANDONED_CONSUMED | A4 |
//! | ABANDONED_POSTED | its completion is posted; its worker posts the second record | the submitter, which consumes that | FREE | store |
//! | ABANDONED_CONSUMED | its completion is consumed; its worker posts that it is back | the submitter, which consumes that | FREE | store |
//! | ABANDONED_RETURNED | its worker is back, and its completion not consumed | the submitter, which consumes that | FREE | store |

use crate::slots::phase::Phase;
use crate::slots::state::{State, generation_of, state_of, word};
use crate::sys::sync::Ordering;

/// Room that stays held of an abandoned call's, once its completion is consumed: for the record by which its worker
/// says that it is back.
pub(crate) const BACK_BYTES: u64 = 16;

/// The state of a call that the monitor wants to abandon.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub(crate) enum Abandon {
    /// It is abandoned. Its completion is the caller's to post.
    Abandoned,
    /// It is not over, and not where it could be abandoned.
    Busy,
    /// It is over.
    Over,
}

impl Phase {
    /// A1: abandons the call.
    pub(crate) fn abandon(&self, generation: u64) -> Abandon {
        let abandoned = word(generation, State::ABANDONED);
        let mut seen = self.word.load(Ordering::Acquire);
        loop {
            match state_of(seen) {
                _ if self.has_ended(generation) => return Abandon::Over,
                State::SIGNALLED | State::UNRESPONSIVE => {}
                _ => return Abandon::Busy,
            }
            // Acquire: pairs with `signalled` (release), and through that with `begin_working`: the monitor reads this
            // call's thread and fields. Release: pairs with `leave_signalled` (acquire): the worker finds itself given
            // up.
            match self.word.compare_exchange(seen, abandoned, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Abandon::Abandoned,
                Err(other) => seen = other,
            }
        }
    }

    /// A2, where a second record follows: the completion of the abandoned call is posted.
    pub(crate) fn abandonment_posted(&self, generation: u64) {
        // A plain store: the worker waits for it, and the slot stays until the second record is consumed. Release:
        // pairs with `wait_until_posted` (acquire). Without it the second record could be claimed in front of the
        // first.
        self.word.store(word(generation, State::ABANDONED_POSTED), Ordering::Release);
    }

    /// Whether the call is over, or abandoned.
    pub(crate) fn has_ended(&self, generation: u64) -> bool {
        // Acquire: pairs with the release that ended it (`leave`, `stop`, `abandon`).
        let seen = self.word.load(Ordering::Acquire);
        let state = state_of(seen);
        generation_of(seen) != generation || state.is_abandoned() || state.is_idle()
    }

    /// Whether the call is abandoned, and its worker has not said yet that it is back. That worker asks.
    pub(crate) fn is_abandoned(&self, generation: u64) -> bool {
        // Acquire: pairs with `abandon` and `abandonment_posted` (release).
        let seen = self.word.load(Ordering::Acquire);
        generation_of(seen) == generation && state_of(seen).is_abandoned()
    }

    /// A3, where a second record follows: the worker is back, and waits until it may post that.
    pub(crate) fn wait_until_posted(&self, generation: u64, pause: impl Fn()) {
        // Acquire: pairs with `abandonment_posted` (release).
        while self.word.load(Ordering::Acquire) != word(generation, State::ABANDONED_POSTED) {
            pause();
        }
    }

    /// A3, where none follows: the worker is back, and does not touch the slot any more. Says whether the submitter
    /// waits for a record that says so.
    pub(crate) fn worker_returned(&self, generation: u64) -> bool {
        let abandoned = word(generation, State::ABANDONED);
        let returned = word(generation, State::ABANDONED_RETURNED);
        // Release: pairs with A4 below and with `is_in_use` (both acquire): the worker is through with the slot before
        // the slot is another call's.
        self.word.compare_exchange(abandoned, returned, Ordering::AcqRel, Ordering::Acquire).is_err()
    }

    /// A4: the completion of an abandoned call is consumed, and no second record follows. Says whether its worker is
    /// back; if not, a record will say when it is.
    pub(crate) fn consume_abandoned(&self, generation: u64) -> bool {
        let abandoned = word(generation, State::ABANDONED);
        let consumed = word(generation, State::ABANDONED_CONSUMED);
        // Acquire on failure: pairs with A3 above (release). Release: pairs with A3, which finds that a record is
        // expected.
        self.word.compare_exchange(abandoned, consumed, Ordering::AcqRel, Ordering::Acquire).is_err()
    }
}
