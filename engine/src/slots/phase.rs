//! The phase of one call: its state, its cancel word and its mark, and the steps by which the submitter, workers and
//! cancellers change them. Every slot has one (`slots`), and so has every call of a program that can be stopped alone
//! (`program::member`). Steps in comments (P1, M1 …) are those of specs/cancel.md.
//!
//! Every store and exchange of the state that makes something readable is a release, and every load and exchange that
//! reads behind it is an acquire. The comments name the pair where it matters.

#[cfg(test)]
#[cfg(syslet_loom)]
mod loom_requests;
#[cfg(test)]
#[cfg(syslet_loom)]
mod loom_tests;
#[cfg(test)]
#[cfg(not(syslet_loom))]
mod tests;

use crate::slots::state::{State, generation_of, state_of, word};
use crate::sys::sync::{AtomicU32, AtomicU64, Ordering, fence};

/// The use of a slot, the state of its call, that call's cancel word, and the mark of a request that came too early.
#[derive(Debug)]
pub(crate) struct Phase {
    /// The generation, above a state.
    pub(super) word: AtomicU64,
    /// Not zero: the call shall not begin, or go on, for this reason. An invocation reads it just before the instruction.
    cancel: AtomicU32,
    /// The use of the slot that was asked to stop where its call could not be stopped: see [`mark_of`]. It is a word of
    /// its own, so that a thread which stores a state without an exchange does not lose it. It stays until the slot is
    /// used again.
    mark: AtomicU32,
}

/// The part that is left to the thread that has claimed a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub(crate) enum Begin {
    /// Make it.
    Begun,
    /// End it with the part that is done.
    Stopped,
    /// The same, because its deadline has passed.
    Overdue,
    /// Leave it alone: it is ended, or another thread has claimed it.
    Gone,
}

/// The source of a request to stop a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum By {
    /// The thread that submits the ring's calls.
    Submitter,
    /// Any other thread.
    Other,
    /// The monitor, because the call's deadline has passed.
    Deadline,
}

/// The answer to a request to stop a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub(crate) enum Stop {
    /// The slot is free, or another call's.
    NotFound,
    /// It will never begin. Its completion is the caller's to post.
    Removed,
    /// A worker makes it. The caller is the one to signal that worker, and has to say when it has.
    Signal,
    /// Its worker is signalled already.
    Signalled,
    /// It has begun, and a worker will end it with the part that is done.
    Stopped,
    /// It cannot be stopped where it is. The request stays with it: it is stopped as soon as it can be, if it is not over
    /// by then. Its deadline has to be looked at again.
    Marked,
    /// A worker makes it, and no signal could be sent: its cancel word is set, and the caller has to ask again.
    Unsent,
    /// It is over.
    Complete,
    /// Its worker was sent many signals, in vain.
    Unresponsive,
    /// It runs where no signal interrupts it.
    Uninterruptible,
}

impl Phase {
    pub(crate) fn new() -> Phase {
        let word = AtomicU64::new(word(0, State::FREE));
        Phase { word, cancel: AtomicU32::new(0), mark: AtomicU32::new(0) }
    }

    /// The present use of the slot, or the next one while it is free.
    pub(crate) fn generation(&self) -> u64 {
        // Relaxed: the submitter asks, which alone changes it.
        generation_of(self.word.load(Ordering::Relaxed))
    }

    /// The word that an invocation tests.
    #[inline(always)]
    pub(crate) fn cancel(&self) -> &AtomicU32 {
        &self.cancel
    }

    /// A call takes the slot.
    #[inline]
    pub(crate) fn admit(&self, generation: u64, state: State) {
        self.cancel.store(0, Ordering::Relaxed);
        self.mark.store(0, Ordering::Relaxed);
        // Release: pairs with the acquire loads of `occupant` and `stop`. Without it a canceller that finds the call here
        // could read the fields of the slot's last call, and its mark could be lost to the zero above.
        self.word.store(word(generation, state), Ordering::Release);
    }

    /// The call's completion is consumed, and its worker does not touch the slot any more.
    #[inline]
    pub(crate) fn release(&self, generation: u64) {
        // Relaxed: a free slot shows no fields. `admit` releases those of the next call.
        self.word.store(word(generation, State::FREE), Ordering::Relaxed);
    }

    /// P1: begins the call.
    #[inline]
    pub(crate) fn begin(&self, generation: u64, how: State) -> Begin {
        let (queued, begun) = (word(generation, State::QUEUED), word(generation, how));
        // Acquire: pairs with the release that has queued the call (`admit`, `leave_inline`, `leave`): its fields and the
        // part that is done are seen. Release: `stop` (acquire) sees as much behind this state as behind QUEUED.
        match self.word.compare_exchange(queued, begun, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => self.unless_marked(generation, Begin::Begun),
            Err(seen) => self.begin_partial(generation, seen, begun),
        }
    }

    /// M3: the call may be gone on with, unless it was marked before.
    #[inline(always)]
    fn unless_marked(&self, generation: u64, begin: Begin) -> Begin {
        if begin == Begin::Begun && self.is_marked(generation) { Begin::Stopped } else { begin }
    }

    /// P1 in a worker: only the thread that has begun the call notes that it makes it.
    #[inline]
    pub(crate) fn begin_working(&self, generation: u64, note: impl FnOnce()) -> Begin {
        let begin = self.begin(generation, State::STARTING);
        if begin != Begin::Gone {
            note();
            // Release: pairs with the exchange of RUNNING in `stop` (acquire). Without it the canceller could read the
            // thread of an earlier call out of the slot, and signal that.
            self.word.store(word(generation, State::RUNNING), Ordering::Release);
        }
        begin
    }

    /// P1 in the submitter. A privately queued call needs no exchange: only the calling thread removes it, and only the
    /// calling thread has its record.
    #[inline]
    pub(crate) fn begin_inline(&self, generation: u64) -> Begin {
        // Relaxed: this thread has stored QUEUED_PRIVATE itself.
        if self.word.load(Ordering::Relaxed) != word(generation, State::QUEUED_PRIVATE) {
            return self.begin(generation, State::INLINE);
        }
        // Release, as in `admit`: pairs with `occupant` (acquire). A plain store ends the effect of the release in
        // `admit`, so without it a canceller that finds INLINE could compare the fields of the slot's last call.
        self.word.store(word(generation, State::INLINE), Ordering::Release);
        // A mark that is missed here came after the call began. It stays for the thread that goes on.
        self.unless_marked(generation, Begin::Begun)
    }

    /// P1 where the call was not found in QUEUED.
    #[cold]
    fn begin_partial(&self, generation: u64, mut seen: u64, begun: u64) -> Begin {
        loop {
            let found = match state_of(seen) {
                _ if generation_of(seen) != generation => return Begin::Gone,
                State::QUEUED | State::QUEUED_PRIVATE | State::PARTIAL | State::EXIT_QUEUED => Begin::Begun,
                State::PARTIAL_STOPPED => Begin::Stopped,
                State::PARTIAL_OVERDUE => Begin::Overdue,
                _ => return Begin::Gone,
            };
            // As in `begin`.
            match self.word.compare_exchange(seen, begun, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => {
                    // M2, for QUEUED_PRIVATE: pairs with the fence in `mark`. Without it a request could set the mark
                    // after the look below, and still find QUEUED_PRIVATE.
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
        // A plain store: in INLINE no other thread changes the state. Release: pairs with `begin` of the thread that
        // goes on (acquire), and with `stop` (acquire), which reads the noted thread behind RUNNING.
        self.word.store(word(generation, next), Ordering::Release);
        if next != State::DONE {
            // M2: pairs with the fence in `mark`. One of the two comes first: the thread that goes on sees the mark, or
            // the canceller sees the state just stored and stops the call in that. Without it both could miss.
            fence(Ordering::SeqCst);
        }
    }

    /// Whether the call was asked to stop where it could not be stopped.
    #[inline(always)]
    pub(crate) fn is_marked(&self, generation: u64) -> bool {
        // Relaxed: the mark is all that is read of the canceller's; the fences of M1 and M2 order it.
        self.mark.load(Ordering::Relaxed) == mark_of(generation)
    }

    /// Whether the call, which the calling thread has left QUEUED, was not asked to stop while that thread had it. If it was, the
    /// thread that goes on with it ends it, and it must not wait before that.
    pub(crate) fn is_undisturbed(&self, generation: u64) -> bool {
        // Relaxed, both. The cancel word: `leave` (acquire) has come behind the canceller's P3. The mark: the fences of M1 and M2 order
        // it; a canceller that marks later looks at the state again behind its fence, and removes the call.
        self.cancel.load(Ordering::Relaxed) == 0 && !self.is_marked(generation)
    }

    /// P4: the worker has left the kernel; says whether it was signalled meanwhile, or the call abandoned. Then the
    /// signal has been taken when this returns: it cannot meet a later call. `enter` makes some system call, and on the
    /// way back from that a pending signal is taken.
    #[inline]
    pub(crate) fn leave(&self, generation: u64, next: State, enter: impl Fn()) -> bool {
        let (running, next) = (word(generation, State::RUNNING), word(generation, next));
        // Release: pairs with `begin` of the thread that goes on, and with `is_in_use` (both acquire): this worker is
        // through with the call before its descriptors are closed. Acquire: pairs with `unsent`: the cancel word is seen.
        let left = self.word.compare_exchange(running, next, Ordering::AcqRel, Ordering::Relaxed);
        left.is_err() && self.leave_signalled(next, enter)
    }

    /// P4 where a canceller was faster; says whether the worker was signalled, or the call is abandoned.
    #[cold]
    fn leave_signalled(&self, next: u64, enter: impl Fn()) -> bool {
        let mut seen = self.word.load(Ordering::Acquire);
        loop {
            let state = state_of(seen);
            if state == State::SIGNALLING {
                // P5: the sender is between its two steps.
                enter();
                seen = self.word.load(Ordering::Acquire);
                continue;
            }
            if state.is_abandoned() {
                // P7: no more signals are sent. The slot stays this call's until the worker says that it is back.
                enter();
                return true;
            }
            // P6: no signal is sent from here on. None was, where none could be sent.
            let was_signalled = state != State::RUNNING;
            let left = if was_signalled { word(generation_of(seen), State::LEAVING) } else { next };
            // Acquire: pairs with `signalled` (release): the signal is pending before the worker enters the kernel below,
            // and the cancel word is set. Release: as in `leave`.
            match self.word.compare_exchange(seen, left, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) if was_signalled => break,
                Ok(_) => return false,
                Err(other) => seen = other,
            }
        }
        // P7: a signal sent before is taken now at the latest.
        enter();
        // Release: as in `leave`.
        self.word.store(next, Ordering::Release);
        true
    }

    /// The thread that was to make the call has died. Says whether the call is the caller's to end.
    pub(crate) fn reap(&self, generation: u64, next: State, enter: impl Fn()) -> bool {
        let mut seen = self.word.load(Ordering::Acquire);
        loop {
            match state_of(seen) {
                _ if generation_of(seen) != generation => return false,
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
            // Acquire and release: as in `leave`, in place of the worker that died.
            match self.word.compare_exchange(seen, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return true,
                Err(other) => seen = other,
            }
        }
    }

    /// The call may be stopped by other threads from now on. Its submitter says so.
    pub(crate) fn open(&self, generation: u64) {
        let (private, queued) = (word(generation, State::QUEUED_PRIVATE), word(generation, State::QUEUED));
        // It fails where the call is begun: then it is in a state in which others can stop it or mark it. Release: `stop`
        // (acquire) finds the call's fields behind QUEUED.
        let _ = self.word.compare_exchange(private, queued, Ordering::AcqRel, Ordering::Relaxed);
        // M2: pairs with the fence in `mark`, as in `leave_inline`.
        fence(Ordering::SeqCst);
    }

    /// P2: a canceller wants the call to stop. `pause` lets a worker go on that is between two steps.
    pub(crate) fn stop(&self, generation: u64, by: By, pause: impl Fn()) -> Stop {
        let mut is_marked = false;
        // Acquire, here and in each later load and failed exchange: pairs with `admit`, so that the caller reads this
        // call's fields.
        let mut seen = self.word.load(Ordering::Acquire);
        loop {
            if generation_of(seen) != generation {
                return Stop::NotFound;
            }
            let (next, found) = match state_of(seen) {
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
                State::DONE | State::REMOVED | State::ABANDONED_RETURNED => return Stop::Complete,
                State::ABANDONED | State::ABANDONED_POSTED => return Stop::Complete,
                State::ABANDONED_CONSUMED => return Stop::NotFound,
                State::UNRESPONSIVE => return Stop::Unresponsive,
                State::PARTIAL if by == By::Deadline => (State::PARTIAL_OVERDUE, Stop::Stopped),
                State::PARTIAL => (State::PARTIAL_STOPPED, Stop::Stopped),
                State::PARTIAL_STOPPED | State::PARTIAL_OVERDUE => return Stop::Stopped,
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
            let next = word(generation, next);
            // Acquire: pairs with the store of RUNNING (`begin_working`, `leave_inline`): the thread to signal is this
            // call's. Release: the worker's exchange at P6 and the claim of a partial call (both acquire) come behind
            // it.
            match self.word.compare_exchange(seen, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return found,
                Err(other) => seen = other,
            }
        }
    }

    /// M1: the call is to stop as soon as it can be. A mark for an earlier use of the slot never replaces a later one's.
    #[cold]
    pub(crate) fn mark(&self, generation: u64) {
        // Acquire: pairs with the exchange below (release) of a canceller that has marked a later use. Seeing its mark,
        // this thread sees that use in `occupant`, and leaves the mark alone.
        let mut seen = self.mark.load(Ordering::Acquire);
        while seen != mark_of(generation) && self.occupant() == Some(generation) {
            match self.mark.compare_exchange(seen, mark_of(generation), Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => break,
                Err(other) => seen = other,
            }
        }
        // M1: pairs with the fences of M2 (`leave_inline`, `begin_partial`, `open`). `stop` loads the state once more
        // behind it. Without it both threads could miss: this one the next state, the other one the mark.
        fence(Ordering::SeqCst);
    }

    /// P3 where no signal could be sent: the worker goes on as if no request had come, but for the cancel word.
    pub(crate) fn unsent(&self, generation: u64) {
        // Release: pairs with the exchange of RUNNING in `leave` (acquire): the worker sees the cancel word, and so why
        // it was to stop.
        self.word.store(word(generation, State::RUNNING), Ordering::Release);
    }

    /// P3: the signal has been sent; `is_unresponsive` when many were, in vain.
    pub(crate) fn signalled(&self, generation: u64, is_unresponsive: bool) {
        let state = if is_unresponsive { State::UNRESPONSIVE } else { State::SIGNALLED };
        // Release: pairs with the exchange at P6 in `leave_signalled` (acquire). Without it the worker could enter the
        // kernel at P7 before the signal is pending, and its next call would meet the signal.
        self.word.store(word(generation, state), Ordering::Release);
    }

    /// The call that is signalled, and still in its worker, may be signalled again: the caller has to say when it has.
    pub(crate) fn signal_again(&self, generation: u64) -> bool {
        let sending = word(generation, State::SIGNALLING);
        [State::SIGNALLED, State::UNRESPONSIVE].into_iter().any(|state| {
            let sent = word(generation, state);
            // Acquire: pairs with `signalled` of the sender before (release), and through that with the store of
            // RUNNING: the thread to signal is this call's. Release: as in `stop`.
            self.word.compare_exchange(sent, sending, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        })
    }

    /// Whether the call is over, or was stopped before it began.
    pub(crate) fn is_over(&self) -> bool {
        // Acquire: pairs with the release by which `leave` or `stop` has ended the call.
        let state = state_of(self.word.load(Ordering::Acquire));
        matches!(state, State::DONE | State::REMOVED)
    }

    /// Whether a thread may be in the call, or may yet begin it.
    pub(crate) fn is_in_use(&self) -> bool {
        // Acquire: pairs with `leave` and `worker_returned` (release). Without it a descriptor that the call was lent
        // could be closed while its worker still uses it.
        !state_of(self.word.load(Ordering::Acquire)).is_idle()
    }

    /// Whether the call waits: it is neither begun nor ended.
    pub(crate) fn is_queued(&self, generation: u64) -> bool {
        // Acquire: pairs with the release that has queued it (`admit`, `leave_inline`, `open`).
        self.word.load(Ordering::Acquire) == word(generation, State::QUEUED)
    }

    /// The generation of the call that has the slot, if one has.
    pub(crate) fn occupant(&self) -> Option<u64> {
        // Acquire: pairs with `admit` (release): the fields of that call are seen.
        let seen = self.word.load(Ordering::Acquire);
        (state_of(seen) != State::FREE).then_some(generation_of(seen))
    }
}

/// The mark of that use of a slot: not zero, and another one for each of 2^31 uses in a row, of which none finds the
/// mark of the one before.
#[allow(clippy::cast_possible_truncation, reason = "the lower bits are enough")]
const fn mark_of(generation: u64) -> u32 {
    (generation << 1) as u32 | 1
}
