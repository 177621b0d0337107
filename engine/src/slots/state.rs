//! How far a call in flight is: whether it can still be kept from beginning, and how it can be interrupted. Steps in
//! comments (P1 …) are those of specs/cancel.md. What leads from one state to the next, and what a request finds there:
//!
//! | state | its call | leads to | a request |
//! |---|---|---|---|
//! | QUEUED | waits | STARTING, HELPED, DONE | removes it: REMOVED |
//! | ALONE | waits, and its submitter begins it without an exchange | the same | removes it, or marks it |
//! | INSTANT | waits, or is over in a moment | | finds it where nothing interrupts it |
//! | STARTING | a worker says who it is | RUNNING | waits |
//! | RUNNING | in a worker | DONE, QUEUED, MOVED, SHIELDED | signals it: SIGNALLING, then SIGNALLED, or RUNNING where no signal could be sent |
//! | SIGNALLED, STUBBORN | in a worker | LEAVING, SIGNALLING, ABANDONED | finds it signalled |
//! | LEAVING | in a worker, which takes its signal | as RUNNING | finds it signalled |
//! | HELPED | in its submitter, or before its own thread runs | DONE, QUEUED, MOVED, RUNNING, PARTING, SHIELDED | marks it |
//! | MOVED | waits, begun | STARTING, HELPED | stops it: STOPPED, OVERDUE |
//! | SHIELDED, PARTING | on its way out | DONE, PARTING; HELPED | finds it where nothing interrupts it |
//! | DONE, REMOVED, RETURNED | over | FREE | finds it over |
//! | ABANDONED, TOLD, OWED | given up | RETURNED, FREE | finds it over |
//!
//! A mark is a word beside the state, so that who stores a state without an exchange does not lose it. It is looked at by
//! whoever begins the call, or goes on with it.

mod abandon;
#[cfg(test)]
#[cfg(syslet_loom)]
mod loom_tests;
mod stop;
#[cfg(test)]
#[cfg(not(syslet_loom))]
mod tests;

pub(crate) use crate::slots::state::abandon::Abandon;
pub(crate) use crate::slots::state::stop::{By, Stop};
use crate::sys::sync::{AtomicU32, AtomicU64, Ordering, fence};

/// Which use of the slot it is and what its call is in, that call's cancel word, and whether it is to stop as soon as it can be.
#[derive(Debug)]
pub(crate) struct Phase {
    /// The generation, above a state.
    word: AtomicU64,
    /// Not zero: the call shall not begin, or go on, for this reason. The stub reads it just before the instruction.
    cancel: AtomicU32,
    /// Which use of the slot was asked to stop where its call could not be stopped: see [`mark_of`]. Kept until the next
    /// use, so the request stays with the call.
    mark: AtomicU32,
}

/// What a call is in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct State(u64);

impl State {
    /// The slot is nobody's.
    const FREE: State = State(0);
    /// Nobody has begun it.
    pub(crate) const QUEUED: State = State(1);
    /// Whoever claims it runs it at once, and does not touch this word.
    pub(crate) const INSTANT: State = State(2);
    /// Its submitter makes it, or a worker starts a thread for it: it is not interrupted there.
    pub(crate) const INLINE: State = State(3);
    /// A worker makes it.
    pub(crate) const RUNNING: State = State(4);
    /// The same, and somebody is about to signal that worker.
    const SIGNALLING: State = State(5);
    /// The same, and the signal has been sent.
    const SIGNALLED: State = State(6);
    /// It is over, and its completion is coming.
    pub(crate) const DONE: State = State(7);
    /// A first attempt has moved bytes, and a worker is to go on.
    pub(crate) const MOVED: State = State(8);
    /// The same, but that worker is to end it with what was done.
    const STOPPED: State = State(9);
    /// Whoever wanted it to stop has ended it.
    const REMOVED: State = State(10);
    /// As SIGNALLED, and no signal has helped so far.
    const STUBBORN: State = State(11);
    /// A worker has it, and says next who that is.
    const STARTING: State = State(12);
    /// It has left the kernel, and takes what was sent to it.
    const LEAVING: State = State(13);
    /// As QUEUED, and nobody but its submitter stops it before it begins.
    pub(crate) const QUEUED_PRIVATE: State = State(14);
    /// Its worker, which was signalled, is given up and still in the call. Whoever has given it up posts its completion.
    const ABANDONED: State = State(15);
    /// The same, and that completion is posted: the worker may post what follows it.
    const TOLD: State = State(16);
    /// The same as ABANDONED, and that completion is consumed: the worker has to say when it is back.
    const OWED: State = State(17);
    /// The worker is back before that completion was consumed.
    const RETURNED: State = State(18);
    /// As STOPPED, because its deadline has passed.
    const OVERDUE: State = State(19);
    /// As MOVED, and what is left of it is not stopped: a program on its way out.
    pub(crate) const PARTING: State = State(20);
    /// Somebody makes the rest of it, which nobody interrupts any more: a program on its way out.
    pub(crate) const SHIELDED: State = State(21);
}

impl State {
    /// Whether its worker is given up, and has not said yet that it is back.
    fn is_abandoned(self) -> bool {
        matches!(self, State::ABANDONED | State::TOLD | State::OWED)
    }
}

const STATE_BITS: u32 = 5;
const STATE_MASK: u64 = (1 << STATE_BITS) - 1;

/// What somebody who has claimed a call may do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub(crate) enum Begin {
    /// Make it.
    Begun,
    /// End it with what was done.
    Stopped,
    /// The same, because its deadline has passed.
    Overdue,
    /// Leave it alone: somebody else has ended it.
    Gone,
}

impl Phase {
    pub(crate) fn new() -> Phase {
        let word = AtomicU64::new(State::FREE.0);
        Phase { word, cancel: AtomicU32::new(0), mark: AtomicU32::new(0) }
    }

    /// Which use of the slot it is, or will be.
    pub(crate) fn generation(&self) -> u64 {
        self.word.load(Ordering::Relaxed) >> STATE_BITS
    }

    /// The word the stub tests.
    #[inline(always)]
    pub(crate) fn cancel(&self) -> &AtomicU32 {
        &self.cancel
    }

    /// A call takes the slot. Release: whoever finds it here finds its fields.
    #[inline]
    pub(crate) fn admit(&self, generation: u64, state: State) {
        self.cancel.store(0, Ordering::Relaxed);
        self.mark.store(0, Ordering::Relaxed);
        self.word.store(word(generation, state), Ordering::Release);
    }

    /// The call's completion is consumed. Its worker has nothing to do with it any more.
    #[inline]
    pub(crate) fn release(&self, generation: u64) {
        self.word.store(word(generation, State::FREE), Ordering::Relaxed);
    }

    /// P1: begins the call.
    #[inline]
    pub(crate) fn begin(&self, generation: u64, how: State) -> Begin {
        let (queued, begun) = (word(generation, State::QUEUED), word(generation, how));
        // Release: whoever is to signal finds the thread that was noted before.
        match self.word.compare_exchange(queued, begun, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => self.unless_marked(generation, Begin::Begun),
            Err(seen) => self.begin_moved(generation, seen, begun),
        }
    }

    /// M3: the call may be gone on with, unless it was marked before.
    #[inline(always)]
    fn unless_marked(&self, generation: u64, begin: Begin) -> Begin {
        if begin == Begin::Begun && self.is_marked(generation) { Begin::Stopped } else { begin }
    }

    /// P1 in a worker: only who has begun the call may note that it makes it.
    #[inline]
    pub(crate) fn begin_working(&self, generation: u64, note: impl FnOnce()) -> Begin {
        let begin = self.begin(generation, State::STARTING);
        if begin != Begin::Gone {
            note();
            self.word.store(word(generation, State::RUNNING), Ordering::Release);
        }
        begin
    }

    /// P1 in the submitter: no exchange where nobody but the calling thread stops the call, and nobody but the calling
    /// thread has its record.
    #[inline]
    pub(crate) fn begin_inline(&self, generation: u64) -> Begin {
        if self.word.load(Ordering::Relaxed) != word(generation, State::QUEUED_PRIVATE) {
            return self.begin(generation, State::INLINE);
        }
        self.word.store(word(generation, State::INLINE), Ordering::Relaxed);
        // A mark that is missed here has come too late, and stays for whoever goes on.
        self.unless_marked(generation, Begin::Begun)
    }

    #[cold]
    fn begin_moved(&self, generation: u64, mut seen: u64, begun: u64) -> Begin {
        loop {
            let found = match State(seen & STATE_MASK) {
                _ if seen >> STATE_BITS != generation => return Begin::Gone,
                State::QUEUED | State::QUEUED_PRIVATE | State::MOVED | State::PARTING => Begin::Begun,
                State::STOPPED => Begin::Stopped,
                State::OVERDUE => Begin::Overdue,
                _ => return Begin::Gone,
            };
            match self.word.compare_exchange(seen, begun, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => {
                    // M2, for what was ALONE.
                    fence(Ordering::SeqCst);
                    return self.unless_marked(generation, found);
                }
                Err(other) => seen = other,
            }
        }
    }

    /// The submitter has made the call, or as much of it as it could; or the call's own thread runs.
    #[inline]
    pub(crate) fn leave_inline(&self, generation: u64, next: State) {
        // A plain store: while it is helped nobody else changes it.
        self.word.store(word(generation, next), Ordering::Release);
        if next != State::DONE {
            // M2: pairs with M1. Whoever goes on sees the mark, or who marks sees this state and stops the call in it.
            fence(Ordering::SeqCst);
        }
    }

    /// Whether the call was asked to stop where it could not be stopped.
    #[inline(always)]
    pub(crate) fn is_marked(&self, generation: u64) -> bool {
        // Relaxed: nothing else is learnt from who has asked.
        self.mark.load(Ordering::Relaxed) == mark_of(generation)
    }

    /// P4: the worker has left the kernel; says whether it was signalled meanwhile, or given up. Then the signal has been taken when
    /// this returns: it cannot meet a later call. `enter` makes some system call, on whose way back a pending signal is
    /// taken.
    #[inline]
    pub(crate) fn leave(&self, generation: u64, next: State, enter: impl Fn()) -> bool {
        let (running, next) = (word(generation, State::RUNNING), word(generation, next));
        let left = self.word.compare_exchange(running, next, Ordering::AcqRel, Ordering::Relaxed);
        left.is_err() && self.leave_signalled(next, enter)
    }

    /// The thread that was to make the call has died. Says whether the call is the caller's to end.
    pub(crate) fn reap(&self, generation: u64, next: State, enter: impl Fn()) -> bool {
        let mut seen = self.word.load(Ordering::Acquire);
        loop {
            match State(seen & STATE_MASK) {
                _ if seen >> STATE_BITS != generation => return false,
                State::REMOVED => return false,
                state if state.is_abandoned() => return false,
                State::SIGNALLING => {
                    enter();
                    seen = self.word.load(Ordering::Acquire);
                    continue;
                }
                _ => {}
            }
            let next = word(generation, next);
            match self.word.compare_exchange(seen, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return true,
                Err(other) => seen = other,
            }
        }
    }

    /// Whether the call is over, or was stopped before it began.
    pub(crate) fn is_over(&self) -> bool {
        let state = State(self.word.load(Ordering::Acquire) & STATE_MASK);
        matches!(state, State::DONE | State::REMOVED)
    }

    /// Whether a thread may be in the call, or may yet begin it.
    pub(crate) fn is_in_use(&self) -> bool {
        let state = State(self.word.load(Ordering::Acquire) & STATE_MASK);
        !matches!(state, State::FREE | State::DONE | State::REMOVED | State::RETURNED)
    }

    /// Whether nobody has begun the call, or ended it.
    pub(crate) fn is_queued(&self, generation: u64) -> bool {
        self.word.load(Ordering::Acquire) == word(generation, State::QUEUED)
    }

    /// The generation of the call that has the slot, if one has.
    pub(crate) fn occupant(&self) -> Option<u64> {
        let seen = self.word.load(Ordering::Acquire);
        (State(seen & STATE_MASK) != State::FREE).then_some(seen >> STATE_BITS)
    }
}

const fn word(generation: u64, state: State) -> u64 {
    generation << STATE_BITS | state.0
}

/// What marks that use of a slot: not zero, and another one for each of 2^31 uses in a row, of which none finds the mark of
/// the one before.
#[allow(clippy::cast_possible_truncation, reason = "the lower bits are enough")]
const fn mark_of(generation: u64) -> u32 {
    (generation << 1) as u32 | 1
}
