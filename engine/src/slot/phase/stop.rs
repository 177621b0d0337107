//! Stopping a call: it is removed, or its worker is signalled; and how that worker leaves then.

use super::{Phase, STATE_BITS, STATE_MASK, State, word};
use crate::sync::Ordering;

/// Who wants to stop a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum By {
    /// The thread that submits the ring's calls.
    Submitter,
    /// Any other.
    Other,
    /// The starter, because the call's deadline has passed.
    Deadline,
}

/// What somebody who wants to stop a call finds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub(crate) enum Stop {
    /// The slot is another call's, or nobody's.
    NotFound,
    /// It will never begin. Its completion is the caller's to post.
    Removed,
    /// A worker makes it. The caller is the one to signal that worker, and has to say when it has.
    Signal,
    /// Somebody has signalled its worker already.
    Signalled,
    /// It has begun, and will end with what was done as soon as a worker has it; or, if it is a program that its submitter
    /// runs, behind the atom that is being run.
    Stopped,
    /// It is over.
    Complete,
    /// Many signals were sent to its worker, in vain.
    Stubborn,
    /// It runs where nobody can interrupt it.
    Uninterruptible,
}

impl Phase {
    /// The call may be stopped by others from now on. Its submitter's to say.
    pub(in crate::slot) fn open(&self, generation: u64) {
        let (alone, queued) = (word(generation, State::ALONE), word(generation, State::QUEUED));
        // Who has begun it meanwhile has it where others can stop it, or for a moment.
        let _ = self.0.compare_exchange(alone, queued, Ordering::AcqRel, Ordering::Relaxed);
    }

    /// P2: somebody wants the call to stop. `pause` lets a worker go on that is between two steps.
    pub(crate) fn stop(&self, generation: u64, by: By, pause: impl Fn()) -> Stop {
        let mut seen = self.0.load(Ordering::Acquire);
        loop {
            if seen >> STATE_BITS != generation {
                return Stop::NotFound;
            }
            let (next, found) = match State(seen & STATE_MASK) {
                State::FREE => return Stop::NotFound,
                State::QUEUED => (State::REMOVED, Stop::Removed),
                State::ALONE if by == By::Submitter => (State::REMOVED, Stop::Removed),
                State::STARTING => {
                    pause();
                    seen = self.0.load(Ordering::Acquire);
                    continue;
                }
                State::RUNNING => (State::SIGNALLING, Stop::Signal),
                State::SIGNALLING | State::SIGNALLED | State::LEAVING => return Stop::Signalled,
                State::DONE | State::REMOVED | State::RETURNED => return Stop::Complete,
                State::ABANDONED | State::TOLD => return Stop::Complete,
                State::OWED => return Stop::NotFound,
                State::STUBBORN => return Stop::Stubborn,
                State::MOVED if by == By::Deadline => (State::OVERDUE, Stop::Stopped),
                State::MOVED => (State::STOPPED, Stop::Stopped),
                State::STOPPED | State::OVERDUE | State::ASKED => return Stop::Stopped,
                // Its deadline it sees by itself.
                State::STEPPING if by != By::Deadline => (State::ASKED, Stop::Stopped),
                _ => return Stop::Uninterruptible,
            };
            match self.0.compare_exchange(seen, word(generation, next), Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return found,
                Err(other) => seen = other,
            }
        }
    }

    /// P3: the signal has been sent; `is_stubborn` when many were, in vain.
    pub(crate) fn signalled(&self, generation: u64, is_stubborn: bool) {
        let state = if is_stubborn { State::STUBBORN } else { State::SIGNALLED };
        self.0.store(word(generation, state), Ordering::Release);
    }

    /// The call that somebody has signalled, and that is still in its worker, may be signalled again.
    pub(crate) fn signal_again(&self, generation: u64) -> bool {
        let sending = word(generation, State::SIGNALLING);
        [State::SIGNALLED, State::STUBBORN].into_iter().any(|state| {
            let sent = word(generation, state);
            self.0.compare_exchange(sent, sending, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        })
    }

    #[cold]
    pub(super) fn leave_signalled(&self, next: u64, enter: impl Fn()) {
        let mut seen = self.0.load(Ordering::Acquire);
        loop {
            let state = State(seen & STATE_MASK);
            if state == State::SIGNALLING {
                // P5: the sender is between its two steps.
                enter();
                seen = self.0.load(Ordering::Acquire);
                continue;
            }
            if state.is_given_up() {
                // P7: nobody signals it any more. The slot stays this call's until the worker says that it is back.
                enter();
                return;
            }
            // P6: nobody signals it again from here on.
            let leaving = seen & !STATE_MASK | State::LEAVING.0;
            match self.0.compare_exchange(seen, leaving, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => break,
                Err(other) => seen = other,
            }
        }
        // P7: what was sent before is taken now at the latest.
        enter();
        self.0.store(next, Ordering::Release);
    }
}
