//! How far a call in flight is: whether it can still be kept from beginning, and how it can be interrupted. Steps in
//! comments (P1 …) are those of specs/cancel.md.

mod abandon;
#[cfg(test)]
#[cfg(syslet_loom)]
mod loom_tests;
mod stop;
#[cfg(test)]
#[cfg(not(syslet_loom))]
mod tests;

pub(crate) use self::abandon::Abandon;
pub(crate) use self::stop::{By, Stop};
use crate::sync::{AtomicU64, Ordering};

/// One word: which use of the slot it is, above a state.
#[derive(Debug)]
pub(crate) struct Phase(AtomicU64);

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
    /// Its submitter makes it, which is not interrupted.
    pub(crate) const HELPED: State = State(3);
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
    pub(crate) const ALONE: State = State(14);
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
    /// A program that its submitter runs. Nobody interrupts that; but between two atoms it looks whether it shall stop.
    const STEPPING: State = State(21);
    /// The same, and it shall.
    const ASKED: State = State(22);
    /// As HELPED, of what was ALONE.
    const UNSEEN: State = State(23);
}

impl State {
    /// Whether its worker is given up, and has not said yet that it is back.
    fn is_given_up(self) -> bool {
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
        Phase(AtomicU64::new(State::FREE.0))
    }

    /// Which use of the slot it is, or will be.
    pub(super) fn generation(&self) -> u64 {
        self.0.load(Ordering::Relaxed) >> STATE_BITS
    }

    /// A call takes the slot. Release: whoever finds it here finds its fields.
    #[inline]
    pub(crate) fn admit(&self, generation: u64, state: State) {
        self.0.store(word(generation, state), Ordering::Release);
    }

    /// The call's completion is consumed. Its worker has nothing to do with it any more.
    #[inline]
    pub(super) fn release(&self, generation: u64) {
        self.0.store(word(generation, State::FREE), Ordering::Relaxed);
    }

    /// P1: begins the call.
    #[inline]
    pub(crate) fn begin(&self, generation: u64, how: State) -> Begin {
        let (queued, begun) = (word(generation, State::QUEUED), word(generation, how));
        // Release: whoever is to signal finds the thread that was noted before.
        match self.0.compare_exchange(queued, begun, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => Begin::Begun,
            Err(seen) => self.begin_moved(generation, seen, begun),
        }
    }

    /// P1 in a worker: only who has begun the call may note that it makes it.
    #[inline]
    pub(crate) fn begin_working(&self, generation: u64, note: impl FnOnce()) -> Begin {
        let begin = self.begin(generation, State::STARTING);
        if begin != Begin::Gone {
            note();
            self.0.store(word(generation, State::RUNNING), Ordering::Release);
        }
        begin
    }

    /// P1 in the submitter: no exchange where nobody but the calling thread stops the call, and nobody but the calling
    /// thread has its record.
    #[inline]
    pub(crate) fn begin_helped(&self, generation: u64) -> Begin {
        if self.0.load(Ordering::Relaxed) != word(generation, State::ALONE) {
            return self.begin(generation, State::HELPED);
        }
        self.0.store(word(generation, State::UNSEEN), Ordering::Relaxed);
        Begin::Begun
    }

    #[cold]
    fn begin_moved(&self, generation: u64, mut seen: u64, begun: u64) -> Begin {
        loop {
            let found = match State(seen & STATE_MASK) {
                _ if seen >> STATE_BITS != generation => return Begin::Gone,
                State::QUEUED | State::ALONE | State::MOVED | State::PARTING => Begin::Begun,
                State::STOPPED => Begin::Stopped,
                State::OVERDUE => Begin::Overdue,
                _ => return Begin::Gone,
            };
            match self.0.compare_exchange(seen, begun, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return found,
                Err(other) => seen = other,
            }
        }
    }

    /// The submitter has made the call, or as much of it as it could.
    #[inline]
    pub(crate) fn leave_helped(&self, generation: u64, next: State) {
        // A plain store: while it is helped nobody else changes it.
        self.0.store(word(generation, next), Ordering::Release);
    }

    /// The submitter, which has begun it, runs a program. Says whether it has to look if it shall stop: what was ALONE is
    /// stopped by nobody else.
    pub(crate) fn step(&self, generation: u64) -> bool {
        let is_seen = self.0.load(Ordering::Relaxed) == word(generation, State::HELPED);
        if is_seen {
            self.0.store(word(generation, State::STEPPING), Ordering::Relaxed);
        }
        is_seen
    }

    /// Whether somebody has asked that program to stop.
    #[inline(always)]
    pub(crate) fn is_asked(&self, generation: u64) -> bool {
        // Relaxed: nothing else is learnt from who has asked.
        self.0.load(Ordering::Relaxed) == word(generation, State::ASKED)
    }

    /// The submitter, which has looked, goes on without looking, or has run as much of it as it could: then whoever has asked
    /// it to stop has stopped what is left.
    pub(crate) fn leave_steps(&self, generation: u64, next: State) {
        let stepping = word(generation, State::STEPPING);
        // Release: whoever goes on finds what was done.
        let left =
            self.0.compare_exchange(stepping, word(generation, next), Ordering::Release, Ordering::Relaxed);
        if left.is_err() {
            let is_left_over = matches!(next, State::MOVED | State::QUEUED);
            let next = if is_left_over { State::STOPPED } else { next };
            self.0.store(word(generation, next), Ordering::Release);
        }
    }

    /// P4: the worker has left the kernel; says whether it was signalled meanwhile, or given up. Then the signal has been taken when
    /// this returns: it cannot meet a later call. `enter` makes some system call, on whose way back a pending signal is
    /// taken.
    #[inline]
    pub(crate) fn leave(&self, generation: u64, next: State, enter: impl Fn()) -> bool {
        let (running, next) = (word(generation, State::RUNNING), word(generation, next));
        if self.0.compare_exchange(running, next, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            return false;
        }
        self.leave_signalled(next, enter);
        true
    }

    /// The thread that was to make the call has died. Says whether the call is the caller's to end.
    pub(crate) fn bury(&self, generation: u64, next: State, enter: impl Fn()) -> bool {
        let mut seen = self.0.load(Ordering::Acquire);
        loop {
            match State(seen & STATE_MASK) {
                _ if seen >> STATE_BITS != generation => return false,
                State::REMOVED => return false,
                state if state.is_given_up() => return false,
                State::SIGNALLING => {
                    enter();
                    seen = self.0.load(Ordering::Acquire);
                    continue;
                }
                _ => {}
            }
            let next = word(generation, next);
            match self.0.compare_exchange(seen, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return true,
                Err(other) => seen = other,
            }
        }
    }

    /// Whether the call is over, or was stopped before it began.
    pub(crate) fn is_over(&self) -> bool {
        let state = State(self.0.load(Ordering::Acquire) & STATE_MASK);
        matches!(state, State::DONE | State::REMOVED)
    }

    /// Whether nobody has begun the call, or ended it.
    pub(crate) fn is_queued(&self, generation: u64) -> bool {
        self.0.load(Ordering::Acquire) == word(generation, State::QUEUED)
    }

    /// The generation of the call that has the slot, if one has.
    pub(crate) fn occupant(&self) -> Option<u64> {
        let seen = self.0.load(Ordering::Acquire);
        (State(seen & STATE_MASK) != State::FREE).then_some(seen >> STATE_BITS)
    }
}

const fn word(generation: u64, state: State) -> u64 {
    generation << STATE_BITS | state.0
}
