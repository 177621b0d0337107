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
    /// Whether it has spun in the gap that lasts.
    has_spun: bool,
}

/// Looks between two readings of the clock, which cost as much as several looks.
const LOOKS: u32 = 32;
/// A spin ends when it is so much longer than twice the usual gap.
const PATIENCE_NS: u64 = 10_000;

impl Spin {
    pub(crate) fn new(max_ns: u64) -> Spin {
        let gap = Cost::new();
        Spin { max_ns, saved_ns: 0, gap, idle_since: 0, cpu_ns: 0, spun_ns: 0, has_spun: false }
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
        self.has_spun = budget_ns > 0;
        let mut spun_ns = 0;
        while spun_ns < budget_ns {
            for _ in 0..LOOKS {
                if is_over() {
                    let ended = now();
                    self.spent(ended.saturating_sub(started));
                    self.come(ended);
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

    /// The thread has slept, and runs again at this time, as work for it has come. A wake-up takes so long on this machine: it is no part
    /// of the gap. Of a gap in which the thread has spun for nothing it is: so a gap that is taken for too short is found out.
    pub(crate) fn wake(&mut self, at_ns: u64, wake_ns: u64) {
        let wake_ns = if self.has_spun { 0 } else { wake_ns };
        self.come(at_ns.saturating_sub(wake_ns));
    }

    /// The time for which the thread spins: none where work is not known to come before the time that it may spin is over.
    fn budget(&mut self, cpu: impl Fn() -> u64) -> u64 {
        let Some(gap_ns) = self.gap.ns().filter(|ns| *ns <= self.max_ns) else { return 0 };
        let cpu_ns = cpu();
        let worked_ns = cpu_ns.saturating_sub(self.cpu_ns).saturating_sub(self.spun_ns);
        self.saved_ns = self.saved_ns.saturating_add(worked_ns).min(self.max_ns);
        (self.cpu_ns, self.spun_ns) = (cpu_ns, 0);
        if gap_ns <= self.saved_ns { self.saved_ns.min(2 * gap_ns + PATIENCE_NS) } else { 0 }
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
        /// What a wake-up is taken for.
        wake_ns: u64,
    }

    impl Thread {
        fn new(spin: Spin) -> Thread {
            Thread { spin, now: Cell::new(1), cpu: Cell::new(0), wake_ns: 40_000 }
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
                let mut spin = std::mem::replace(&mut self.spin, Spin::new(0));
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
                    if wake_ns > 0 { spin.wake(over + wake_ns, self.wake_ns) } else { spin.come(over) }
                }
                self.spin = spin;
                spun
            };
            (0..rounds).map(round).collect()
        }
    }

    /// POOL-13: with nothing expected in the time that it may spin, or nothing known, a thread does not spin.
    #[test]
    fn nothing_expected_is_not_waited_for() {
        for wake_ns in [0, 40_000] {
            let spun = Thread::new(Spin::new(MAX_NS)).rounds(1_000, 100_000, 1_000_000, (0, wake_ns));
            assert!(spun.iter().all(|ns| *ns <= READING_NS), "{spun:?}");
        }
    }

    /// POOL-13: a wake-up that is dearer than this machine's usually are makes no gap long for good, and one that is cheaper lets a
    /// thread spin in vain in few of its searches.
    #[test]
    fn wake_ups_that_are_taken_for_others() {
        let spins = |gap_ns, taken_for_ns| {
            let mut thread = Thread::new(Spin::new(MAX_NS));
            thread.wake_ns = taken_for_ns;
            let spun = thread.rounds(1_000, 100_000, gap_ns, (0, 10_000));
            spun.iter().filter(|ns| **ns > READING_NS).count()
        };
        assert!(spins(20_000, 5_000) > 990);
        assert!(spins(80_000, 60_000) < 500);
        assert_eq!(spins(200_000, 100_000), 0);
    }

    /// POOL-13: a thread spins no longer in all than it has worked, and time that it has slept in its calls is no work.
    #[test]
    fn no_longer_than_the_work() {
        for gap_ns in [500, 5_000, 9_000, 20_000, 49_000, 60_000] {
            for work_ns in [500, 2_000, 10_000, 100_000] {
                for (slept_ns, wake_ns) in [(0, 0), (1_000_000, 0), (0, 40_000), (1_000_000, 40_000)] {
                    let mut thread = Thread::new(Spin::new(MAX_NS));
                    let spun = thread.rounds(1_000, work_ns, gap_ns, (slept_ns, wake_ns));
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

    /// POOL-13: work that comes soon again is waited for, once the thread knows it.
    #[test]
    fn work_that_comes_soon_is_waited_for() {
        let mut thread = Thread::new(Spin::new(MAX_NS));
        let spun = thread.rounds(100, 30_000, 15_000, (0, 0));
        assert!(spun[5..].iter().all(|ns| (15_000..17_000).contains(ns)), "{spun:?}");
        // After a stretch with long gaps it is waited for again.
        thread.rounds(100, 30_000, 1_000_000, (0, 0));
        let spun = thread.rounds(100, 30_000, 15_000, (0, 0));
        assert!(spun[20..].iter().all(|ns| (15_000..17_000).contains(ns)), "{spun:?}");
        // A submitter knows when it was woken, not when the wake-up began.
        let mut thread = Thread::new(Spin::new(MAX_NS));
        thread.rounds(100, 30_000, 1_000_000, (0, 40_000));
        let spun = thread.rounds(1_000, 30_000, 5_000, (0, 60_000));
        assert!(spun[900..].iter().all(|ns| (5_000..7_000).contains(ns)), "{:?}", &spun[900..]);
    }

    /// POOL-13: never on one CPU, where the limit is 0.
    #[test]
    fn without_a_limit_no_clock_is_read() {
        let mut spin = Spin::new(0);
        assert!(!spin.until_by(|| false, || panic!("the clock is read"), || panic!("the clock is read")));
        assert!(spin.until_by(|| true, || panic!("the clock is read"), || panic!("the clock is read")));
    }
}
