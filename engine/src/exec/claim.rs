//! A call that one thread has claimed and is to make: which states of its slot the thread passes through, and whether it was stopped
//! meanwhile. The submitter and the workers claim; the runner and programs end the claim.

use crate::exec::outcome::Outcome;
use crate::slots::maker::Maker;
use crate::slots::phase::Begin;
use crate::slots::state::State;
use crate::slots::{Slot, Ticket};
use crate::sys::sync::{AtomicU32, Ordering};

/// The words that keep a call from beginning.
pub(crate) mod reason {
    /// A cancel was asked for.
    pub(crate) const ASKED: u32 = 1;
    /// Its deadline has passed.
    pub(crate) const LATE: u32 = 2;
}

/// Why a call is to stop.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Why {
    /// A cancel was asked for.
    Asked,
    /// Its deadline has passed, which was then; in nanoseconds of CLOCK_MONOTONIC.
    Late(u64),
}

impl Why {
    /// The cancel word.
    pub(crate) fn word(self) -> u32 {
        match self {
            Why::Asked => reason::ASKED,
            Why::Late(_) => reason::LATE,
        }
    }
}

/// The cancel word of calls that cannot be cancelled.
pub(crate) static NEVER: AtomicU32 = AtomicU32::new(0);

/// A call that this thread may make.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim<'a> {
    slot: &'a Slot,
    generation: u64,
    how: How,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum How {
    /// It cannot sleep: it is not stopped.
    Instant,
    /// In the submitter, or not in its own thread yet: where it is not interrupted.
    Inline,
    /// A program, inline: between its atoms it looks whether it is to stop.
    Stepping,
    /// On its way out: nothing stops it any more.
    Shielded,
    /// In a worker.
    Working,
}

impl<'a> Claim<'a> {
    /// A call that is over at once.
    #[inline(always)]
    pub(crate) fn instant(slot: &'a Slot, ticket: Ticket) -> Claim<'a> {
        Claim { slot, generation: ticket.generation(), how: How::Instant }
    }

    /// A call that its submitter makes; `None` when it was ended before.
    #[inline]
    pub(crate) fn inline(slot: &'a Slot, ticket: Ticket) -> Option<Claim<'a>> {
        let claim = Claim { slot, generation: ticket.generation(), how: How::Inline };
        claim.begun(slot.phase().begin_inline(claim.generation))
    }

    /// A call for which a worker is about to start a thread; `None` when it was ended before.
    pub(crate) fn prepared(slot: &'a Slot, ticket: Ticket) -> Option<Claim<'a>> {
        let claim = Claim { slot, generation: ticket.generation(), how: How::Inline };
        claim.begun(slot.phase().begin(claim.generation, State::INLINE))
    }

    /// A call that this worker makes; `None` when it was ended before.
    #[inline]
    pub(crate) fn working(slot: &'a Slot, ticket: Ticket, maker: Maker) -> Option<Claim<'a>> {
        let claim = Claim { slot, generation: ticket.generation(), how: How::Working };
        claim.begun(slot.phase().begin_working(claim.generation, || slot.made_by(maker)))
    }

    /// A call that no thread makes any more; `None` when it was ended before.
    pub(crate) fn ended(slot: &'a Slot, ticket: Ticket, is_instant: bool) -> Option<Claim<'a>> {
        if is_instant {
            // No other thread changes the phase of such a call; a thread that looks finds it over.
            slot.phase().leave_inline(ticket.generation(), State::DONE);
            return Some(Claim::instant(slot, ticket));
        }
        let claim = Claim { slot, generation: ticket.generation(), how: How::Inline };
        claim.begun(slot.phase().begin(claim.generation, State::DONE))
    }

    #[inline]
    fn begun(self, begin: Begin) -> Option<Claim<'a>> {
        match begin {
            Begin::Begun => Some(self),
            Begin::Gone => None,
            Begin::Stopped => Some(self.because(reason::ASKED)),
            Begin::Overdue => Some(self.because(reason::LATE)),
        }
    }

    /// The rest of the call is not to be made, for that reason.
    fn because(self, reason: u32) -> Claim<'a> {
        self.slot.cancel().store(reason, Ordering::Relaxed);
        self
    }

    /// Goes on in a worker that the caller has started for it.
    pub(crate) fn apart(&self, maker: Maker) -> Claim<'a> {
        self.slot.made_by(maker);
        self.slot.phase().leave_inline(self.generation, State::RUNNING);
        // M3: see specs/cancel.md.
        if self.slot.phase().is_marked(self.generation) {
            // Unless its deadline has stopped it by now: the first reason counts.
            let unset = self.slot.cancel();
            let _ = unset.compare_exchange(0, reason::ASKED, Ordering::Relaxed, Ordering::Relaxed);
        }
        Claim { how: How::Working, ..*self }
    }

    /// The thread that was to make the call has died, or was never there. Says whether the call is the caller's to end.
    pub(crate) fn reap(slot: &Slot, ticket: Ticket) -> bool {
        Claim::reap_for(slot, ticket, State::DONE)
    }

    /// The same, with the state that the call is in then.
    pub(crate) fn reap_for(slot: &Slot, ticket: Ticket, next: State) -> bool {
        slot.phase().reap(ticket.generation(), next, std::thread::yield_now)
    }

    pub(crate) fn slot(&self) -> &'a Slot {
        self.slot
    }

    /// The word that an invocation tests. A call that cannot sleep needs no cancelling once it is claimed, and the worker need not
    /// fetch its slot.
    #[inline(always)]
    pub(crate) fn cancel(&self) -> &'a AtomicU32 {
        if self.how == How::Instant { &NEVER } else { self.slot.cancel() }
    }

    /// The call is over in the kernel, or will not be made. When this returns no signal meant for it is on its way.
    /// `asked` says how many bytes it was to move, if its result counts bytes.
    #[inline(always)]
    pub(crate) fn end(&self, outcome: Outcome, asked: impl FnOnce() -> Option<u64>) -> Outcome {
        let was_signalled = self.over();
        let was_stopped = was_signalled || self.how == How::Working && outcome.is_cancelled();
        if was_stopped { self.stopped(outcome, asked()) } else { outcome }
    }

    /// The same, where the outcome is not known yet: says whether the thread was signalled meanwhile.
    #[inline(always)]
    pub(crate) fn over(&self) -> bool {
        match self.how {
            How::Instant => false,
            How::Inline | How::Stepping | How::Shielded => {
                self.slot.phase().leave_inline(self.generation, State::DONE);
                false
            }
            How::Working => self.leave(State::DONE),
        }
    }

    /// It is a program. In its submitter, where it is not interrupted, it looks between its atoms whether it is asked to stop.
    pub(crate) fn stepping(&self) -> Claim<'a> {
        Claim { how: if self.how == How::Inline { How::Stepping } else { self.how }, ..*self }
    }

    /// Whether it is asked to stop, and looks.
    #[inline(always)]
    pub(crate) fn is_asked(&self) -> bool {
        self.how == How::Stepping && self.slot.phase().is_marked(self.generation)
    }

    /// From here on it is not interrupted. When this returns no signal meant for it is on its way.
    pub(crate) fn shield(&self) -> Claim<'a> {
        match self.how {
            How::Working => drop(self.leave(State::EXITING)),
            How::Inline | How::Stepping => self.slot.phase().leave_inline(self.generation, State::EXITING),
            How::Shielded | How::Instant => {}
        }
        Claim { how: How::Shielded, ..*self }
    }

    #[cold]
    fn stopped(&self, outcome: Outcome, asked: Option<u64>) -> Outcome {
        let is_late = self.slot.cancel().load(Ordering::Relaxed) == reason::LATE;
        outcome.stopped(asked, is_late)
    }

    /// A first attempt is over, and a worker has to go on.
    pub(crate) fn pause(&self, has_moved: bool) {
        self.pause_in(if has_moved { State::PARTIAL } else { State::QUEUED });
    }

    /// The same, in a state that says what other threads may do to the call meanwhile.
    pub(crate) fn pause_in(&self, next: State) {
        match self.how {
            How::Inline | How::Stepping | How::Shielded => {
                self.slot.phase().leave_inline(self.generation, next);
            }
            // Should it have been signalled, the cancel word keeps it from going on.
            How::Working => drop(self.leave(next)),
            How::Instant => {}
        }
    }

    #[inline(always)]
    fn leave(&self, next: State) -> bool {
        self.slot.phase().leave(self.generation, next, std::thread::yield_now)
    }
}
