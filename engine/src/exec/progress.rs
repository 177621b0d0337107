//! How far a call came in one thread before another goes on with it: made by an attempt, used by the run of the rest.

use crate::exec::usage::Seen;

/// How far a call came before it was handed over.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Bytes that the attempt has moved.
    pub(crate) bytes: u64,
    /// CLOCK_MONOTONIC at the attempt, in nanoseconds, 0 if none was made: relative timeouts count from then.
    pub(crate) first_ns: u64,
    /// The same where an attribute asks for the time, else 0.
    pub(crate) started_ns: u64,
    /// CLOCK_MONOTONIC at which a sleep is over, in nanoseconds, 0 for other calls.
    pub(crate) until_ns: u64,
    /// Whether it has waited without a thread.
    pub(crate) was_parked: bool,
    /// Attempts made.
    pub(crate) attempts: u32,
    /// Whether the call is known to sleep.
    pub(crate) sleeps: bool,
    /// Whether the submitter was taken out of the call, which had done nothing (KICK-1).
    pub(crate) is_kicked: bool,
    /// Whether the trace has a line of its beginning.
    pub(crate) is_traced: bool,
    /// The out area as the attempt left it, if that has moved bytes.
    pub(crate) out: Vec<u8>,
    /// The cost of the attempt, if an attribute asks for it.
    pub(crate) seen: Option<Box<Seen>>,
}

impl Progress {
    /// The call is about to be attempted again, after it was parked. The time since then counts for its attributes as that of a thread
    /// that slept once.
    pub(crate) fn roused(&mut self, now_ns: u64) {
        self.count_parked(now_ns);
        self.first_ns = now_ns;
    }

    /// A sleep is due: nothing of it is left. The time counts for its attributes as that of a thread that slept once.
    pub(crate) fn awoken(mut self, now_ns: u64) -> Progress {
        (self.until_ns, self.sleeps) = (0, false);
        self.count_parked(now_ns);
        self
    }

    fn count_parked(&mut self, now_ns: u64) {
        self.was_parked = true;
        if let Some(seen) = &mut self.seen {
            seen.spent.wall_ns += now_ns.saturating_sub(self.first_ns);
            seen.spent.voluntary_switches += 1;
        }
    }

    /// The same with the time of the first attempt, and its cost.
    pub(crate) fn seen_since(self, started_ns: u64, seen: Option<Box<Seen>>) -> Progress {
        Progress { started_ns, seen, ..self }
    }

    /// The same of a call that was attempted before: its time counts from the first attempt.
    pub(crate) fn after(self, before: Progress) -> Progress {
        let first = |first: u64, later: u64| if first == 0 { later } else { first };
        Progress {
            first_ns: first(before.first_ns, self.first_ns),
            started_ns: first(before.started_ns, self.started_ns),
            attempts: before.attempts.saturating_add(self.attempts),
            ..self
        }
    }
}

/// The end of running a call, an atom or a program as far as one thread may.
#[derive(Debug)]
pub(crate) enum Step<T, S = Progress> {
    /// It is over.
    Done(T),
    /// Another thread has to go on from there.
    Suspended(S),
}

impl<T, S> Step<T, S> {
    /// The same, with another word for what is left.
    #[inline(always)]
    pub(crate) fn leaving<R>(self, rest: impl FnOnce(S) -> R) -> Step<T, R> {
        match self {
            Step::Done(done) => Step::Done(done),
            Step::Suspended(left) => Step::Suspended(rest(left)),
        }
    }
}
