//! Decides when a submitter shares the calls of a wait with workers, and how many. `Ring::wait` asks, for the calls that
//! it may run inline and that workers may run as well.
//!
//! Problem: a wake-up costs the submitter microseconds, and the woken worker may take the processor from it. Rejected:
//! to go by bytes or by a number of calls, since 32 calls take from 3 µs to 3 s; to judge single waits (see `trial`).
//! The policy has no clock: the caller reads it where the policy says, which is seldom, because a reading costs a
//! quarter of a short call.

mod trial;

#[cfg(test)]
mod tests;

use crate::pool::cost::Cost;
use crate::pool::sharing::trial::{Trial, Way};
use crate::queues::call_kind::CallKind;

/// A call of less time than this is short: where it is run is not worth a thought, at any depth.
const SHORT_NS: u64 = 2_000;
/// From so much time for a call on, all that is left is shared: claims cost nothing beside such calls, and the submitter
/// claims some of them back. Of shorter calls it shares half, and runs the others where they are.
const SINGLE_NS: u64 = 20_000;
/// What is left has to be worth so many wake-ups.
pub(crate) const WAKES_MIN: u64 = 4;
/// The cost of a wake-up until the first was measured.
const WAKE_NS: u64 = 5_000;
/// With fewer calls in a wait there is nothing to share once the first is measured.
const CALLS_MIN: usize = 3;
/// Of calls that are not worth sharing, a wait is measured once in so many.
const UNMEASURED_MAX: usize = 512;
/// After so many calls the clock is read first, where calls are known to be short.
const FIRST_LOOK: usize = 8;
/// Each look comes after so many times the calls of the one before: the readings of a wait of any depth cost nothing visible.
const LOOK_FACTOR: usize = 4;
/// Kinds that are told apart; another one takes the place of one.
const KINDS: usize = 8;

/// What the submitter does next in its wait.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub(crate) enum Next {
    /// Run calls until so many of this wait are over, and look again. [`Next::ALL`]: run them all.
    RunTo(usize),
    /// Give the newest so many calls to the workers at once, and run the others; no look any more in this wait.
    Share(usize),
}

impl Next {
    /// Run all: no look any more in this wait.
    pub(crate) const ALL: Next = Next::RunTo(usize::MAX);
}

/// The policy of one submitter.
#[derive(Debug)]
pub(crate) struct Sharing {
    /// Waits with fewer calls are never looked at; `usize::MAX` on one CPU.
    calls_min: usize,
    /// From so many calls on a wait of the last kind could be worth sharing.
    worth_min: usize,
    /// Calls that may still pass without a measurement.
    unmeasured: usize,
    /// The kind of the last wait.
    kind: CallKind,
    /// The cost of a wake-up, as known at the last look.
    wake_ns: u64,
    wait: Wait,
    entries: [Entry; KINDS],
}

/// What is known of one kind.
#[derive(Clone, Copy, Debug)]
struct Entry {
    kind: CallKind,
    cost: Cost,
    trial: Trial,
}

/// The wait that is looked at.
#[derive(Clone, Copy, Debug, Default)]
struct Wait {
    calls: usize,
    started_ns: u64,
    looked_ns: u64,
    /// Calls that were over at the last look.
    looked_at: usize,
    /// What a call took between the two looks before the last.
    pace_ns: Option<u64>,
    /// Whether it was worth sharing, so that the trial wants to know its time.
    is_judged: bool,
}

impl Entry {
    const fn of(kind: CallKind) -> Entry {
        Entry { kind, cost: Cost::new(), trial: Trial::new() }
    }
}

impl Sharing {
    /// A policy that knows nothing. With one CPU nothing is ever shared for speed, and no clock is read.
    pub(crate) fn new(cpus: u32) -> Sharing {
        Sharing {
            calls_min: if cpus > 1 { CALLS_MIN } else { usize::MAX },
            worth_min: 0,
            unmeasured: 0,
            kind: CallKind::NONE,
            wake_ns: WAKE_NS,
            wait: Wait::default(),
            entries: [Entry::of(CallKind::NONE); KINDS],
        }
    }

    /// Whether a wait is to be looked at that is about to run so many calls, the newest of this kind. If so, the caller
    /// reads the clock and calls [`Sharing::start`]; if not, it runs them all and asks nothing more.
    #[inline(always)]
    pub(crate) fn wants_look(&mut self, calls: usize, kind: CallKind) -> bool {
        if calls < self.calls_min {
            return false;
        }
        if kind == self.kind && calls < self.worth_min && calls <= self.unmeasured {
            self.unmeasured -= calls;
            return false;
        }
        true
    }

    /// A wait begins that is looked at. The cost of its calls counts for the kind of its newest call: that is what would be
    /// shared, and a wait whose calls are mixed in the same way again and again has an average of its own under it.
    #[cold]
    pub(crate) fn start(&mut self, calls: usize, kind: CallKind, now_ns: u64) -> Next {
        self.kind = kind;
        self.unmeasured = UNMEASURED_MAX;
        self.wait = Wait { calls, started_ns: now_ns, looked_ns: now_ns, ..Wait::default() };
        let entry = self.entry();
        if entry.kind != kind {
            *entry = Entry::of(kind);
        }
        let cost_ns = entry.cost.ns();
        self.expect(cost_ns);
        let first = if cost_ns.is_some_and(|ns| !is_long(kind, ns)) { FIRST_LOOK } else { 1 };
        Next::RunTo(first.min(calls - 1))
    }

    /// Looks at the wait after `ran` of its calls. `wake_ns` is asked when the calls are long: the cost of
    /// a wake-up, or `None` when no processor is likely free for the woken worker.
    #[cold]
    pub(crate) fn look(&mut self, ran: usize, now_ns: u64, wake_ns: impl FnOnce() -> Option<u64>) -> Next {
        let (kind, wait) = (self.kind, self.wait);
        if ran <= wait.looked_at {
            return Next::ALL;
        }
        let taken_ns = now_ns.saturating_sub(wait.looked_ns) / (ran - wait.looked_at) as u64;
        (self.wait.looked_at, self.wait.looked_ns, self.wait.pace_ns) = (ran, now_ns, Some(taken_ns));
        let cost = &mut self.entry().cost;
        let before_ns = cost.ns();
        cost.note(taken_ns);
        let cost_ns = cost.ns();
        self.expect(cost_ns);
        // A stretch in which another thread had the processor looks like long calls. So two have to agree: this stretch, and
        // the average or the stretch before.
        let believed_ns = taken_ns.min(before_ns.max(wait.pace_ns).unwrap_or(0));
        let left = wait.calls.saturating_sub(ran);
        let is_open = before_ns.or(wait.pace_ns).is_none() || is_long(kind, taken_ns);
        if is_long(kind, believed_ns)
            && left > 1
            && let Some(wake_ns) = wake_ns()
        {
            self.wake_ns = wake_ns;
            self.expect(cost_ns);
            if believed_ns.saturating_mul(left as u64) >= WAKES_MIN * wake_ns {
                return self.decide(left, believed_ns);
            }
        }
        if is_open && left > 1 { Next::RunTo((ran * LOOK_FACTOR).min(wait.calls - 1)) } else { Next::ALL }
    }

    /// What is left is worth sharing: whether it is shared says the trial.
    fn decide(&mut self, left: usize, call_ns: u64) -> Next {
        self.wait.is_judged = true;
        match self.entry().trial.way() {
            Way::Alone => Next::ALL,
            Way::Shared if call_ns >= SINGLE_NS => Next::Share(left),
            Way::Shared => Next::Share(left / 2),
        }
    }

    /// Whether the policy wants to know when the wait is over.
    #[inline(always)]
    pub(crate) fn is_judging(&self) -> bool {
        self.wait.is_judged
    }

    /// All calls of the wait that was looked at are over, those that workers ran included.
    #[cold]
    pub(crate) fn end(&mut self, now_ns: u64) {
        let wait = std::mem::take(&mut self.wait);
        if wait.is_judged {
            let taken_ns = now_ns.saturating_sub(wait.started_ns);
            self.entry().trial.note(wait.calls as u64, taken_ns);
        }
    }

    /// The wait ended otherwise: its time says nothing about its calls.
    #[cold]
    pub(crate) fn forget(&mut self) {
        self.wait = Wait::default();
    }

    fn entry(&mut self) -> &mut Entry {
        &mut self.entries[self.kind.place(KINDS)]
    }

    /// Sets from how many calls on a wait of this kind is worth a look, given what one takes.
    fn expect(&mut self, cost_ns: Option<u64>) {
        self.worth_min = match cost_ns {
            None => 0,
            Some(ns) if !is_long(self.kind, ns) => usize::MAX,
            Some(ns) => usize::try_from(WAKES_MIN * self.wake_ns / ns.max(1)).unwrap_or(usize::MAX),
        };
    }
}

/// Whether calls of this kind that take so long may be shared for speed.
pub(crate) fn is_long(kind: CallKind, ns: u64) -> bool {
    ns >= SHORT_NS || kind.is_large()
}
