//! Whether waits that could be shared are better run alone: both ways are tried over epochs of waits, and the better one
//! is kept. The sharing policy asks and notes.
//!
//! A single wait misleads: after one that was shared, buffers lie in the other processor's cache, and the next wait
//! alone pays for that. So epochs are compared; the first waits after a change are left out of the comparison, not out
//! of the account.

/// How waits are run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Way {
    Alone,
    Shared,
}

/// Waits that are compared.
const EPOCH: usize = 8;
/// Waits of the first epoch alone: it is the shortest that has a middle.
const FIRST_EPOCH: usize = 3;
/// Waits after a change that are not compared.
const SETTLING: u8 = 2;
/// Shared waits have to be shorter than this part of those alone.
const BETTER_NUMERATOR: u64 = 19;
const BETTER_DENOMINATOR: u64 = 20;
/// The way that was found better is kept for so many waits, and for twice as many each time it is found better again,
/// up to the second number of doublings.
const KEEP: usize = 64;
const DOUBLINGS_MAX: u8 = 3;
/// The account earns this part of the time of all waits.
const EARNED_DIVISOR: i64 = 64;
/// The account holds at most the time of so many waits, and begins with it.
const SAVED_WAITS: i64 = 8;

/// The comparison for waits of one kind.
///
/// It keeps an account of time. Each wait earns a small part of its own time. A wait that was shared, or that settles
/// after one, pays by how much it was longer than the same calls alone. Shared waits end when the account is empty, and
/// are tried again when it is full. So sharing loses at most what the account began with, what it earned, and
/// one wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trial {
    step: Step,
    /// Waits left to settle.
    settling: u8,
    /// Waits noted in this step.
    noted: usize,
    /// What a call took in the last waits alone.
    alone: [u64; EPOCH],
    /// What a call takes alone: the middle of those waits. 0: not known.
    alone_ns: u64,
    /// Sums over the epoch of shared waits.
    shared_ns: u64,
    shared_calls: u64,
    account_ns: i64,
    /// Whether shared waits were found better the last time.
    was_better: bool,
    doublings: u8,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Step {
    MeasureAlone,
    MeasureShared,
    KeepAlone,
    KeepShared,
}

impl Trial {
    pub(crate) const fn new() -> Trial {
        Trial {
            step: Step::MeasureAlone,
            settling: 0,
            noted: 0,
            alone: [0; EPOCH],
            alone_ns: 0,
            shared_ns: 0,
            shared_calls: 0,
            account_ns: 0,
            was_better: false,
            doublings: 0,
        }
    }

    /// The way in which the next wait is run.
    pub(crate) fn way(&self) -> Way {
        match self.step {
            Step::MeasureAlone | Step::KeepAlone => Way::Alone,
            Step::MeasureShared | Step::KeepShared => Way::Shared,
        }
    }

    /// Notes a wait that was run the way that [`Trial::way`] says: so many calls, in so many nanoseconds.
    pub(crate) fn note(&mut self, calls: u64, ns: u64) {
        let calls = calls.max(1);
        let expected_ns = self.alone_ns.saturating_mul(calls);
        let is_settling = self.settling > 0;
        self.settling = self.settling.saturating_sub(1);
        if expected_ns > 0 {
            let is_paid = is_settling || self.way() == Way::Shared;
            let lost_ns = if is_paid { signed(ns) - signed(expected_ns) } else { 0 };
            let full_ns = signed(expected_ns).saturating_mul(SAVED_WAITS);
            self.account_ns = (self.account_ns + signed(ns) / EARNED_DIVISOR - lost_ns).min(full_ns);
        }
        if self.way() == Way::Shared && self.account_ns < 0 {
            let is_kept = self.step == Step::KeepShared;
            self.doublings = 0;
            self.go(if is_kept { Step::MeasureAlone } else { Step::KeepAlone });
            return;
        }
        if is_settling {
            return;
        }
        self.noted += 1;
        match self.step {
            Step::MeasureAlone => self.measure_alone(calls, ns),
            Step::MeasureShared => self.measure_shared(calls, ns),
            Step::KeepAlone => {
                self.note_alone(calls, ns);
                let is_full = self.account_ns >= signed(expected_ns).saturating_mul(SAVED_WAITS);
                if self.noted >= KEEP << self.doublings && is_full {
                    self.alone_ns = middle(&self.alone);
                    self.go(Step::MeasureShared);
                }
            }
            Step::KeepShared if self.noted >= KEEP << self.doublings => self.go(Step::MeasureAlone),
            Step::KeepShared => {}
        }
    }

    fn note_alone(&mut self, calls: u64, ns: u64) {
        self.alone[self.noted % EPOCH] = ns / calls;
    }

    fn measure_alone(&mut self, calls: u64, ns: u64) {
        let is_first = self.alone_ns == 0;
        self.note_alone(calls, ns);
        let wanted = if is_first { FIRST_EPOCH } else { EPOCH };
        if self.noted < wanted {
            return;
        }
        let known = if is_first { &self.alone[1..=FIRST_EPOCH] } else { &self.alone[..] };
        // The middle and not the mean: other threads only make waits longer, and a time alone that is too long would hide
        // what sharing loses.
        self.alone_ns = middle(known).max(1);
        if is_first {
            self.account_ns = signed(self.alone_ns.saturating_mul(calls)).saturating_mul(SAVED_WAITS);
        }
        self.go(if self.account_ns >= 0 { Step::MeasureShared } else { Step::KeepAlone });
    }

    fn measure_shared(&mut self, calls: u64, ns: u64) {
        self.shared_ns = self.shared_ns.saturating_add(ns);
        self.shared_calls += calls;
        if self.noted < EPOCH {
            return;
        }
        // The mean: on a processor that is busy, a few waits are very long.
        let shared_ns = self.shared_ns / self.shared_calls;
        let is_better = shared_ns * BETTER_DENOMINATOR < self.alone_ns * BETTER_NUMERATOR;
        let is_as_before = is_better == self.was_better;
        self.doublings = if is_as_before { (self.doublings + 1).min(DOUBLINGS_MAX) } else { 0 };
        self.was_better = is_better;
        self.go(if is_better { Step::KeepShared } else { Step::KeepAlone });
    }

    fn go(&mut self, step: Step) {
        let before = self.way();
        self.step = step;
        self.noted = 0;
        (self.shared_ns, self.shared_calls) = (0, 0);
        if self.way() != before {
            self.settling = if self.way() == Way::Alone { SETTLING } else { 1 };
        }
    }
}

/// The middle of some numbers.
fn middle(numbers: &[u64]) -> u64 {
    let mut sorted = [0; EPOCH];
    let sorted = &mut sorted[..numbers.len()];
    sorted.copy_from_slice(numbers);
    sorted.sort_unstable();
    sorted[(sorted.len() - 1) / 2]
}

fn signed(ns: u64) -> i64 {
    i64::try_from(ns).unwrap_or(i64::MAX / SAVED_WAITS / 2).min(i64::MAX / SAVED_WAITS / 2)
}
