//! The cost of calls, by kind, as a running average: the sharing policy of a submitter and the workers note and ask.

use crate::queues::call_kind::CallKind;

/// The running average of the time that a call of one kind takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Cost {
    average_ns: u64,
    /// The last two samples.
    last: [u64; 2],
    /// Samples seen, up to 3.
    seen: u8,
}

/// The part of the distance by which a sample moves the average.
const WEIGHT_DIVISOR: u64 = 4;
/// A sample counts for at most so much: a call can sleep for days.
const SAMPLE_NS_MAX: u64 = 1 << 32;

impl Cost {
    pub(crate) const fn new() -> Cost {
        Cost { average_ns: 0, last: [0; 2], seen: 0 }
    }

    /// Notes that a call took so long. Of the last three samples the middle one counts: one alone may have the time of
    /// another thread in it, which had the processor meanwhile.
    pub(crate) fn note(&mut self, ns: u64) {
        let ns = ns.min(SAMPLE_NS_MAX);
        let [before, last] = self.last;
        self.last = [last, ns];
        self.average_ns = match self.seen {
            0 => ns,
            1 => last.min(ns),
            _ => {
                let middle = before.max(last).min(before.min(last).max(ns));
                let whole = self.average_ns * (WEIGHT_DIVISOR - 1) + middle;
                // Rounded to the nearer number, so that an average of a few nanoseconds moves as well.
                (whole + WEIGHT_DIVISOR / 2) / WEIGHT_DIVISOR
            }
        };
        self.seen = (self.seen + 1).min(3);
    }

    /// The average; `None` until two samples agree on it.
    #[inline]
    pub(crate) fn ns(&self) -> Option<u64> {
        (self.seen > 1).then_some(self.average_ns)
    }
}

/// The averages that a worker keeps, for the kinds that it has run last.
#[derive(Debug)]
pub(crate) struct Costs([(CallKind, Cost); KINDS]);

/// Kinds that a worker tells apart; another one takes the place of one.
const KINDS: usize = 16;

impl Costs {
    pub(crate) const fn new() -> Costs {
        Costs([(CallKind::NONE, Cost::new()); KINDS])
    }

    /// Notes that a call of this kind took so long.
    pub(crate) fn note(&mut self, kind: CallKind, ns: u64) {
        let (place, cost) = &mut self.0[kind.place(KINDS)];
        if *place != kind {
            (*place, *cost) = (kind, Cost::new());
        }
        cost.note(ns);
    }

    /// What a call of this kind takes; `None` when that is not known.
    pub(crate) fn ns(&self, kind: CallKind) -> Option<u64> {
        let (place, cost) = &self.0[kind.place(KINDS)];
        cost.ns().filter(|_| *place == kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nr(nr: libc::c_long) -> u32 {
        u32::try_from(nr).unwrap()
    }

    /// POOL-49: one sample that has the time of another thread in it moves the average by nothing; a cost that has
    /// changed is followed.
    #[test]
    fn an_average_leaves_single_samples_out() {
        let mut cost = Cost::new();
        cost.note(4_000_000);
        assert_eq!(cost.ns(), None, "one sample says nothing yet");
        (0..20).for_each(|_| cost.note(80));
        assert_eq!(cost.ns(), Some(80));
        cost.note(4_000_000);
        cost.note(80);
        cost.note(4_000_000);
        cost.note(80);
        cost.note(80);
        assert!(cost.ns().is_some_and(|ns| ns < 1_000_001), "{cost:?}");
        let mut cost = Cost::new();
        (0..20).for_each(|_| cost.note(80));
        cost.note(4_000_000);
        (0..3).for_each(|_| cost.note(80));
        assert_eq!(cost.ns(), Some(80), "a single one");
        (0..4).for_each(|_| cost.note(100_000));
        assert!(cost.ns().is_some_and(|ns| ns > 40_000), "{cost:?}");
        (0..40).for_each(|_| cost.note(300));
        assert!(cost.ns().is_some_and(|ns| ns.abs_diff(300) < 4), "{cost:?}");
    }

    #[test]
    fn each_kind_has_an_average_of_its_own() {
        let pread = nr(libc::SYS_pread64);
        let kind = CallKind::of(pread, 4096, true);
        let mut costs = Costs::new();
        (0..3).for_each(|_| costs.note(kind, 300));
        assert_eq!(costs.ns(kind), Some(300));
        assert_eq!(costs.ns(CallKind::of(pread, 8192, true)), None);
    }
}
