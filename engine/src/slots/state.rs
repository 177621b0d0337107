//! The states of a call in flight, and the word that holds one. `slots::phase` and `slots::abandon` take each step.
//!
//! A change is an exchange unless the table says *store*: there no other thread changes the state. Steps (P1, M2, A1 …)
//! are those of specs/cancel.md.
//!
//! | state | the call | changed by | to | step |
//! |---|---|---|---|---|
//! | FREE | there is none | the submitter | QUEUED, QUEUED_PRIVATE or INSTANT; DONE for an answer that is no call | store |
//! | QUEUED | waits | the thread that claims it | STARTING, INLINE | P1 |
//! | | | a canceller | REMOVED | P2 |
//! | QUEUED_PRIVATE | waits; only its submitter removes it | its submitter | INLINE | P1, store |
//! | | | its submitter | REMOVED; QUEUED, once other threads may stop it | P2; M2 |
//! | | | a worker that claims it | STARTING, INLINE | P1 |
//! | INSTANT | waits, or is made: the thread that makes it leaves this word alone | the submitter | FREE | store |
//! | | | a worker that does not make it | DONE | store |
//! | STARTING | is claimed, and its worker notes its thread in the slot | that worker | RUNNING | P1, store |
//! | RUNNING | is made by a worker | that worker | *next* | P4 |
//! | | | a canceller | SIGNALLING | P2 |
//! | SIGNALLING | as RUNNING; a canceller is sending the signal | that canceller | SIGNALLED, UNRESPONSIVE; RUNNING where no signal could be sent | P3, store |
//! | SIGNALLED, UNRESPONSIVE | as RUNNING; the signal is sent | its worker | LEAVING | P6 |
//! | | | the monitor | SIGNALLING; ABANDONED | P2; A1 |
//! | LEAVING | has left the kernel; its worker takes the signal | that worker | *next* | P7, store |
//! | INLINE | is made by its submitter, or a thread for it is being started | the thread that claimed it | *next*, RUNNING | M2, store |
//! | PARTIAL | waits with a part of it done | the thread that claims it | STARTING, INLINE | P1 |
//! | | | a canceller | PARTIAL_STOPPED; PARTIAL_OVERDUE for its deadline | P2 |
//! | PARTIAL_STOPPED, PARTIAL_OVERDUE | waits to be ended with the part that is done | the thread that claims it | STARTING, INLINE | P1 |
//! | EXITING | is a program on its way out, and a thread makes that | that thread | *next* | store |
//! | EXIT_QUEUED | is a program on its way out, and waits | the thread that claims it | STARTING, INLINE | P1 |
//! | DONE, REMOVED | is over | the submitter, which consumes the completion | FREE | store |
//! | ABANDONED and three more | is abandoned | | | `slots::abandon` |
//!
//! *next* is DONE where the call is over; where another thread is to go on with it QUEUED, PARTIAL or EXIT_QUEUED; and
//! EXITING where the same thread goes on with a program's way out. A thread that claims a call which is not to be made
//! exchanges its state for DONE at once (P1). Where the thread of a call has died, the worker that
//! reaps it exchanges any state but REMOVED and the abandoned ones for DONE or EXIT_QUEUED; out of SIGNALLING it waits
//! for P3 first.
//!
//! A request to stop changes the state only where the table names a canceller. In QUEUED_PRIVATE and INLINE it leaves a
//! mark; elsewhere it reports the state that it has found (`slots::phase`).

/// The state of a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct State(u64);

impl State {
    /// The slot has no call.
    pub(super) const FREE: State = State(0);
    /// It waits, and any canceller may remove it.
    pub(crate) const QUEUED: State = State(1);
    /// It cannot sleep: the thread that claims it makes it at once, and does not touch this word.
    pub(crate) const INSTANT: State = State(2);
    /// Its submitter makes it, or a worker starts a thread for it: no signal interrupts it there.
    pub(crate) const INLINE: State = State(3);
    /// A worker makes it.
    pub(crate) const RUNNING: State = State(4);
    /// As RUNNING, and a canceller is about to signal that worker.
    pub(super) const SIGNALLING: State = State(5);
    /// As RUNNING, and the signal is sent.
    pub(super) const SIGNALLED: State = State(6);
    /// It is over, and its completion is posted or about to be.
    pub(crate) const DONE: State = State(7);
    /// A first attempt has moved bytes, or a program has begun; a worker is to go on.
    pub(crate) const PARTIAL: State = State(8);
    /// As PARTIAL, but the worker is to end it with the part that is done.
    pub(super) const PARTIAL_STOPPED: State = State(9);
    /// A canceller has ended it before it began.
    pub(super) const REMOVED: State = State(10);
    /// As SIGNALLED, and signals sent over a while have not ended it.
    pub(super) const UNRESPONSIVE: State = State(11);
    /// A worker has claimed it, and notes its thread in the slot before it goes on.
    pub(super) const STARTING: State = State(12);
    /// It has left the kernel, and its worker takes the signal that was sent.
    pub(super) const LEAVING: State = State(13);
    /// As QUEUED, and only its submitter removes it.
    pub(crate) const QUEUED_PRIVATE: State = State(14);
    /// Its worker was signalled and is still in the call; the monitor posts its completion.
    pub(super) const ABANDONED: State = State(15);
    /// As ABANDONED, and that completion is posted: the worker may post the second record.
    pub(super) const ABANDONED_POSTED: State = State(16);
    /// As ABANDONED, and that completion is consumed: the worker has to post that it is back.
    pub(super) const ABANDONED_CONSUMED: State = State(17);
    /// It was abandoned, and its worker is back before the completion is consumed.
    pub(super) const ABANDONED_RETURNED: State = State(18);
    /// As PARTIAL_STOPPED, because its deadline has passed.
    pub(super) const PARTIAL_OVERDUE: State = State(19);
    /// A program on its way out waits for a worker: no request stops it.
    pub(crate) const EXIT_QUEUED: State = State(20);
    /// A program on its way out is made: no request stops it.
    pub(crate) const EXITING: State = State(21);

    /// Whether it is abandoned, and its worker has not said yet that it is back.
    pub(super) fn is_abandoned(self) -> bool {
        matches!(self, State::ABANDONED | State::ABANDONED_POSTED | State::ABANDONED_CONSUMED)
    }

    /// Whether no thread is in the call, and none begins it any more.
    pub(super) fn is_idle(self) -> bool {
        matches!(self, State::FREE | State::DONE | State::REMOVED | State::ABANDONED_RETURNED)
    }
}

/// The state takes the low bits of a phase's word, the generation of the slot the rest.
const STATE_BITS: u32 = 5;
const STATE_MASK: u64 = (1 << STATE_BITS) - 1;

/// The word of a phase in that use of the slot.
pub(super) const fn word(generation: u64, state: State) -> u64 {
    generation << STATE_BITS | state.0
}

/// The generation of the slot that a word says.
pub(super) const fn generation_of(word: u64) -> u64 {
    word >> STATE_BITS
}

/// The state that a word says.
pub(super) const fn state_of(word: u64) -> State {
    State(word & STATE_MASK)
}
