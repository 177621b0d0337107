//! Stopping a call: it is removed, or its worker is signalled; and how that worker leaves then.

use crate::slots::state::{Phase, STATE_BITS, STATE_MASK, State, mark_of, word};
use crate::sys::sync::{Ordering, fence};

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
    /// It has begun, and will end with what was done as soon as a worker has it.
    Stopped,
    /// It cannot be stopped where it is. The request stays with it: it is stopped as soon as it can be, if it is not over
    /// by then. Its deadline has to be looked at again.
    Marked,
    /// A worker makes it, and no signal could be sent: its cancel word is set, and the caller has to ask again.
    Unsent,
    /// It is over.
    Complete,
    /// Many signals were sent to its worker, in vain.
    Stubborn,
    /// It runs where nobody can interrupt it.
    Uninterruptible,
}

impl Phase {
    /// The call may be stopped by others from now on. Its submitter's to say.
    pub(crate) fn open(&self, generation: u64) {
        let (alone, queued) = (word(generation, State::QUEUED_PRIVATE), word(generation, State::QUEUED));
        // Who has begun it meanwhile has it where others can stop it, or for a moment.
        let _ = self.word.compare_exchange(alone, queued, Ordering::AcqRel, Ordering::Relaxed);
        // M2.
        fence(Ordering::SeqCst);
    }

    /// P2: somebody wants the call to stop. `pause` lets a worker go on that is between two steps.
    pub(crate) fn stop(&self, generation: u64, by: By, pause: impl Fn()) -> Stop {
        let mut is_marked = false;
        let mut seen = self.word.load(Ordering::Acquire);
        loop {
            if seen >> STATE_BITS != generation {
                return Stop::NotFound;
            }
            let (next, found) = match State(seen & STATE_MASK) {
                State::FREE => return Stop::NotFound,
                State::QUEUED => (State::REMOVED, Stop::Removed),
                State::QUEUED_PRIVATE if by == By::Submitter => (State::REMOVED, Stop::Removed),
                State::STARTING => {
                    pause();
                    seen = self.word.load(Ordering::Acquire);
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
                State::STOPPED | State::OVERDUE => return Stop::Stopped,
                State::QUEUED_PRIVATE | State::INLINE if is_marked || by == By::Deadline => {
                    return Stop::Marked;
                }
                State::QUEUED_PRIVATE | State::INLINE => {
                    is_marked = true;
                    self.mark(generation);
                    seen = self.word.load(Ordering::Acquire);
                    continue;
                }
                _ => return Stop::Uninterruptible,
            };
            match self.word.compare_exchange(
                seen,
                word(generation, next),
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return found,
                Err(other) => seen = other,
            }
        }
    }

    /// M1: the call is to stop as soon as it can be. A mark for an earlier use of the slot is never put over a later one.
    #[cold]
    pub(crate) fn mark(&self, generation: u64) {
        let mut seen = self.mark.load(Ordering::Acquire);
        // Acquire: who sees the mark of a later use here sees that use below.
        while seen != mark_of(generation) && self.occupant() == Some(generation) {
            match self.mark.compare_exchange(seen, mark_of(generation), Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => break,
                Err(other) => seen = other,
            }
        }
        // Pairs with M2: the state is looked at once more.
        fence(Ordering::SeqCst);
    }

    /// P3 where no signal could be sent: the worker goes on as if nobody had wanted it to stop, but for the cancel word.
    pub(crate) fn unsent(&self, generation: u64) {
        self.word.store(word(generation, State::RUNNING), Ordering::Release);
    }

    /// P3: the signal has been sent; `is_stubborn` when many were, in vain.
    pub(crate) fn signalled(&self, generation: u64, is_stubborn: bool) {
        let state = if is_stubborn { State::STUBBORN } else { State::SIGNALLED };
        self.word.store(word(generation, state), Ordering::Release);
    }

    /// The call that somebody has signalled, and that is still in its worker, may be signalled again.
    pub(crate) fn signal_again(&self, generation: u64) -> bool {
        let sending = word(generation, State::SIGNALLING);
        [State::SIGNALLED, State::STUBBORN].into_iter().any(|state| {
            let sent = word(generation, state);
            self.word.compare_exchange(sent, sending, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        })
    }

    /// P4 where somebody wants the call to stop; says whether the worker was signalled, or is given up.
    #[cold]
    pub(crate) fn leave_signalled(&self, next: u64, enter: impl Fn()) -> bool {
        let mut seen = self.word.load(Ordering::Acquire);
        loop {
            let state = State(seen & STATE_MASK);
            if state == State::SIGNALLING {
                // P5: the sender is between its two steps.
                enter();
                seen = self.word.load(Ordering::Acquire);
                continue;
            }
            if state.is_abandoned() {
                // P7: nobody signals it any more. The slot stays this call's until the worker says that it is back.
                enter();
                return true;
            }
            // P6: nobody signals it again from here on. Nobody has, where no signal could be sent.
            let was_signalled = state != State::RUNNING;
            let left = if was_signalled { seen & !STATE_MASK | State::LEAVING.0 } else { next };
            match self.word.compare_exchange(seen, left, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) if was_signalled => break,
                Ok(_) => return false,
                Err(other) => seen = other,
            }
        }
        // P7: what was sent before is taken now at the latest.
        enter();
        self.word.store(next, Ordering::Release);
        true
    }
}
