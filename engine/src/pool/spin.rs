//! The time for which a thread spins before it sleeps: none when nothing is expected, and never more than it has worked.
//! Called by workers and by waiting submitters.

use crate::pool::cost::Cost;
use crate::sys::clock::{now_ns, thread_cpu_ns};

/// One thread's account of spinning.
#[derive(Debug)]
pub(crate) struct Spin {
    max_ns: u64,
    /// Time that the thread may spend: it has worked as long, and not spun for it.
    saved_ns: u64,
    /// How long the thread is without work, as a rule.
    gap: Cost,
    /// When the thread was without work last; 0 once the gap is noted.
    idle_since: u64,
    /// The thread's processor time when it was asked last.
    cpu_ns: u64,
    /// The part of the time since then that it has spun.
    spun_ns: u64,
    /// Whether it spins now and then although work has not come soon, as its gaps are measured with the wake-up in them.
    tries: bool,
    /// Searches in a row without a spin.
    skipped: u32,
}

/// Looks between two readings of the clock, which cost as much as several looks.
const LOOKS: u32 = 32;
/// A spin ends when it is so much longer than twice the usual gap; a trial lasts no longer.
const PATIENCE_NS: u64 = 10_000;
/// After so many searches without one, a spin is tried: the load may have changed.
const SKIPPED_MAX: u32 = 64;

impl Spin {
    /// The account of a waiting submitter.
    pub(crate) fn of_submitter(max_ns: u64) -> Spin {
        Spin { tries: true, ..Spin::of_worker(max_ns) }
    }

    /// The account of a worker. A caller of the worker says when, so it knows its gaps.
    pub(crate) fn of_worker(max_ns: u64) -> Spin {
        let gap = Cost::new();
        Spin { max_ns, saved_ns: 0, gap, idle_since: 0, cpu_ns: 0, spun_ns: 0, tries: false, skipped: 0 }
    }

    /// Looks until `is_over` or until the budget is spent. Returns whether it is over.
    pub(crate) fn until(&mut self, is_over: impl Fn() -> bool) -> bool {
        self.until_by(is_over, now_ns, thread_cpu_ns)
    }

    fn until_by(&mut self, is_over: impl Fn() -> bool, now: impl Fn() -> u64, cpu: impl Fn() -> u64) -> bool {
        if self.max_ns == 0 || is_over() {
            return is_over();
        }
        let started = now();
        self.idle_since = started;
        let budget_ns = self.budget(cpu);
        let mut spun_ns = 0;
        while spun_ns < budget_ns {
            for _ in 0..LOOKS {
                if is_over() {
                    let ended = now();
                    self.spent(ended.saturating_sub(started));
                    self.come(ended);
                    // One gap alone says nothing: after a trial that was worth it comes another.
                    self.skipped = SKIPPED_MAX;
                    return true;
                }
                std::hint::spin_loop();
            }
            spun_ns = now().saturating_sub(started);
        }
        self.spent(spun_ns);
        false
    }

    /// Work for the thread has come at this time.
    pub(crate) fn come(&mut self, at_ns: u64) {
        if self.idle_since > 0 {
            self.gap.note(at_ns.saturating_sub(self.idle_since));
        }
        self.idle_since = 0;
    }

    /// The time for which the thread spins.
    fn budget(&mut self, cpu: impl Fn() -> u64) -> u64 {
        let gap_ns = self.gap.ns();
        let is_expected = gap_ns.is_none_or(|ns| ns <= self.max_ns);
        let is_tried = self.tries && self.skipped >= SKIPPED_MAX;
        if !is_expected && !is_tried {
            self.skipped += 1;
            return 0;
        }
        let cpu_ns = cpu();
        let worked_ns = cpu_ns.saturating_sub(self.cpu_ns).saturating_sub(self.spun_ns);
        self.saved_ns = self.saved_ns.saturating_add(worked_ns).min(self.max_ns);
        (self.cpu_ns, self.spun_ns) = (cpu_ns, 0);
        let budget_ns = match gap_ns {
            None => self.saved_ns,
            Some(ns) if ns <= self.saved_ns => self.saved_ns.min(2 * ns + PATIENCE_NS),
            Some(_) if is_tried => self.saved_ns.min(PATIENCE_NS),
            Some(_) => 0,
        };
        self.skipped = if budget_ns == 0 { self.skipped + 1 } else { 0 };
        budget_ns
    }

    fn spent(&mut self, ns: u64) {
        self.saved_ns = self.saved_ns.saturating_sub(ns);
        self.spun_ns += ns;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const MAX_NS: u64 = 50_000;
    /// The time that a reading of the clock takes.
    const READING_NS: u64 = 100;

    /// A thread that has its clock, and an account of the processor's time that it has used.
    struct Thread {
        spin: Spin,
        now: Cell<u64>,
        cpu: Cell<u64>,
    }

    impl Thread {
        fn new(spin: Spin) -> Thread {
            Thread { spin, now: Cell::new(1), cpu: Cell::new(0) }
        }

        fn uses(&self, ns: u64) {
            self.now.set(self.now.get() + ns);
            self.cpu.set(self.cpu.get() + ns);
        }

        /// Works for a time, sleeps in its calls for another, and is without work for a gap; gives what it spins in each of so many
        /// rounds. The gap ends with a wake-up that takes so long.
        fn rounds(
            &mut self,
            rounds: usize,
            work_ns: u64,
            gap_ns: u64,
            (slept_ns, wake_ns): (u64, u64),
        ) -> Vec<u64> {
            let round = |_| {
                self.uses(work_ns);
                self.now.set(self.now.get() + slept_ns);
                let (started, over) = (self.now.get(), self.now.get() + gap_ns);
                let mut spin = std::mem::replace(&mut self.spin, Spin::of_worker(0));
                let is_over = spin.until_by(
                    || self.now.get() >= over,
                    || {
                        self.uses(READING_NS);
                        self.now.get()
                    },
                    || self.cpu.get(),
                );
                let spun = self.now.get() - started;
                if !is_over {
                    self.now.set(over + wake_ns);
                    spin.come(over + wake_ns);
                }
                self.spin = spin;
                spun
            };
            (0..rounds).map(round).collect()
        }
    }

    /// POOL-13: with nothing expected in the time that it may spin, a worker spins no more, and a submitter tries it in one search
    /// of 64.
    #[test]
    fn nothing_expected_is_not_waited_for() {
        for (spin, tries) in [(Spin::of_submitter(MAX_NS), 16), (Spin::of_worker(MAX_NS), 0)] {
            let spun = Thread::new(spin).rounds(1_000, 100_000, 1_000_000, (0, 0));
            let long = spun[3..].iter().filter(|ns| **ns > READING_NS).count();
            assert!(long <= tries && (tries == 0 || long > tries / 2), "{long} spins");
            assert!(spun[3..].iter().all(|ns| *ns <= PATIENCE_NS + 3 * READING_NS));
        }
    }

    /// POOL-13: a thread spins no longer in all than it has worked, and time that it has slept in its calls is no work.
    #[test]
    fn no_longer_than_the_work() {
        for gap_ns in [500, 5_000, 9_000, 20_000, 49_000, 60_000] {
            for work_ns in [500, 2_000, 10_000, 100_000] {
                for (slept_ns, wake_ns) in [(0, 0), (1_000_000, 0), (0, 40_000), (1_000_000, 40_000)] {
                    for spin in [Spin::of_submitter(MAX_NS), Spin::of_worker(MAX_NS)] {
                        let spun = Thread::new(spin).rounds(1_000, work_ns, gap_ns, (slept_ns, wake_ns));
                        let total: u64 = spun.iter().sum();
                        // A reading of the clock says that the budget is spent.
                        assert!(
                            total <= 1_000 * (work_ns + 4 * READING_NS),
                            "{work_ns} {gap_ns} {slept_ns}: {total}"
                        );
                    }
                }
            }
        }
    }

    /// POOL-13: work that comes soon again is waited for, once the thread knows it.
    #[test]
    fn work_that_comes_soon_is_waited_for() {
        let mut thread = Thread::new(Spin::of_worker(MAX_NS));
        let spun = thread.rounds(100, 30_000, 15_000, (0, 0));
        assert!(spun[5..].iter().all(|ns| (15_000..17_000).contains(ns)), "{spun:?}");
        // After a stretch with long gaps it is waited for again.
        thread.rounds(100, 30_000, 1_000_000, (0, 0));
        let spun = thread.rounds(100, 30_000, 15_000, (0, 0));
        assert!(spun[20..].iter().all(|ns| (15_000..17_000).contains(ns)), "{spun:?}");
        // A submitter measures the wake-up as well, and finds out by trying.
        let mut thread = Thread::new(Spin::of_submitter(MAX_NS));
        thread.rounds(100, 30_000, 1_000_000, (0, 40_000));
        let spun = thread.rounds(1_000, 30_000, 5_000, (0, 100_000));
        assert!(spun[900..].iter().all(|ns| (5_000..7_000).contains(ns)), "{:?}", &spun[900..]);
    }

    /// POOL-13: never on one CPU, where the limit is 0.
    #[test]
    fn without_a_limit_no_clock_is_read() {
        let mut spin = Spin::of_submitter(0);
        assert!(!spin.until_by(|| false, || panic!("the clock is read"), || panic!("the clock is read")));
        assert!(spin.until_by(|| true, || panic!("the clock is read"), || panic!("the clock is read")));
    }
}
