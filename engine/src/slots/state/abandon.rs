//! Giving a call up whose worker no signal gets out of it, and what follows when that worker is back.

use crate::slots::state::{Phase, STATE_BITS, STATE_MASK, State, word};
use crate::sys::sync::Ordering;

/// What somebody finds who wants to give a call up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub(crate) enum Abandon {
    /// It is given up. Its completion is the caller's to post.
    Abandoned,
    /// It is not over, and not where it could be given up.
    Busy,
    /// It is over.
    Over,
}

impl Phase {
    /// A1: gives the call up.
    pub(crate) fn abandon(&self, generation: u64) -> Abandon {
        let abandoned = word(generation, State::ABANDONED);
        let mut seen = self.word.load(Ordering::Acquire);
        loop {
            match State(seen & STATE_MASK) {
                _ if self.has_ended(generation) => return Abandon::Over,
                State::SIGNALLED | State::STUBBORN => {}
                _ => return Abandon::Busy,
            }
            match self.word.compare_exchange(seen, abandoned, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Abandon::Abandoned,
                Err(other) => seen = other,
            }
        }
    }

    /// A2, where a second record follows: the completion of the call that was given up is posted.
    pub(crate) fn told(&self, generation: u64) {
        // A plain store: the worker waits for it, and the slot stays until the second record is consumed.
        self.word.store(word(generation, State::TOLD), Ordering::Release);
    }

    /// Whether the call is over, or was given up.
    pub(crate) fn has_ended(&self, generation: u64) -> bool {
        let seen = self.word.load(Ordering::Acquire);
        let state = State(seen & STATE_MASK);
        seen >> STATE_BITS != generation
            || state.is_abandoned()
            || matches!(state, State::FREE | State::DONE | State::REMOVED | State::RETURNED)
    }

    /// Whether the call is given up, and its worker has not said yet that it is back. Asked by that worker.
    pub(crate) fn is_abandoned(&self, generation: u64) -> bool {
        let seen = self.word.load(Ordering::Acquire);
        seen >> STATE_BITS == generation && State(seen & STATE_MASK).is_abandoned()
    }

    /// A3, where a second record follows: the worker is back, and waits until it may post that.
    pub(crate) fn until_told(&self, generation: u64, pause: impl Fn()) {
        while self.word.load(Ordering::Acquire) != word(generation, State::TOLD) {
            pause();
        }
    }

    /// A3 elsewhere: the worker is back, and has nothing to do with the slot any more. Says whether the submitter waits
    /// for a record that says so.
    pub(crate) fn come_back(&self, generation: u64) -> bool {
        let (abandoned, returned) = (word(generation, State::ABANDONED), word(generation, State::RETURNED));
        self.word.compare_exchange(abandoned, returned, Ordering::AcqRel, Ordering::Acquire).is_err()
    }

    /// A4: the completion of a call that was given up is consumed, and no other record was promised. Says whether its
    /// worker is back; if not, a record will say when it is.
    pub(crate) fn consume_abandoned(&self, generation: u64) -> bool {
        let (abandoned, owed) = (word(generation, State::ABANDONED), word(generation, State::OWED));
        self.word.compare_exchange(abandoned, owed, Ordering::AcqRel, Ordering::Acquire).is_err()
    }
}
