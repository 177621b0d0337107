//! What it costs to wake a worker on this machine: measured when an engine starts, and with each wake-up since. Submitters
//! ask by `Pool`, the pool and its workers note.

use crate::sys::sync::{AtomicU32, Ordering};

/// A running average of the time from the call that wakes a sleeping thread until that thread runs.
///
/// All accesses are relaxed: it is a number alone, and a sample that is lost between two threads changes little.
#[derive(Debug)]
pub(crate) struct WakeCost {
    average_ns: AtomicU32,
    /// The sample of the engine's start, below which the average does not fade.
    first_ns: AtomicU32,
}

/// The least and the most that is believed: a wake-up costs a system call at least, and one that takes longer than the second
/// has waited for a processor.
const RANGE_NS: [u64; 2] = [1_000, 100_000];
/// The cost before the first sample.
const FIRST_NS: u32 = 5_000;
/// The part of the distance by which a sample moves the average.
const WEIGHT_DIVISOR: u64 = 8;
/// The part by which the average fades when it is asked for.
const FADING_DIVISOR: u32 = 256;

impl WakeCost {
    pub(crate) fn new() -> WakeCost {
        WakeCost { average_ns: AtomicU32::new(FIRST_NS), first_ns: AtomicU32::new(FIRST_NS) }
    }

    /// Notes the time that a wake-up has taken. A sample counts for at most twice the average, so that one wake-up that waited
    /// for a processor changes little, and many in a row change much.
    pub(crate) fn note(&self, ns: u64) {
        let average = self.ns();
        let [min, max] = RANGE_NS;
        let sample = ns.clamp(min, max).min(2 * average);
        let next = (average * (WEIGHT_DIVISOR - 1) + sample).div_ceil(WEIGHT_DIVISOR);
        self.average_ns.store(u32::try_from(next).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    /// The average, for a decision whether to wake a worker. It fades with each: where wake-ups were so dear that none is made,
    /// there are no samples, and after some hundred decisions one is made again.
    pub(crate) fn ask(&self) -> u64 {
        let average = self.average_ns.load(Ordering::Relaxed);
        let first = self.first_ns.load(Ordering::Relaxed);
        if average > first {
            let next = average - average / FADING_DIVISOR;
            self.average_ns.store(next.max(first), Ordering::Relaxed);
        }
        average.into()
    }

    /// Sets the average to the first sample.
    pub(crate) fn begin(&self, ns: u64) {
        let [min, max] = RANGE_NS;
        let sample = ns.clamp(min, max).min(4 * u64::from(FIRST_NS));
        let sample = u32::try_from(sample).unwrap_or(FIRST_NS);
        self.first_ns.store(sample, Ordering::Relaxed);
        self.average_ns.store(sample, Ordering::Relaxed);
    }

    pub(crate) fn ns(&self) -> u64 {
        self.average_ns.load(Ordering::Relaxed).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// POOL-50: the cost of a wake-up follows its samples; a single one that waited for a processor changes little.
    #[test]
    fn the_cost_of_a_wake_up_follows_its_samples() {
        let cost = WakeCost::new();
        cost.begin(3_000);
        assert_eq!(cost.ns(), 3_000);
        cost.note(4_000_000);
        assert!(cost.ns() < 3_400, "{cost:?}");
        (0..100).for_each(|_| cost.note(4_000_000));
        assert!(cost.ns() > 90_000, "{cost:?}");
        (0..100).for_each(|_| cost.note(0));
        assert!(cost.ns() < 1_100, "{cost:?}");
        (0..100).for_each(|_| cost.note(4_000_000));
        (0..1_000).for_each(|_| assert!(cost.ask() >= 3_000));
        assert!(cost.ns() < 3_300, "it fades where it is asked for and no worker woken: {cost:?}");
        cost.begin(u64::MAX);
        assert_eq!(cost.ns(), 20_000);
    }
}
