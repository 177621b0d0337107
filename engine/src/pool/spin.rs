//! The time for which a thread spins before it sleeps: none when nothing is expected, and never more than it has worked.
//! Called by workers and by waiting submitters.

use crate::pool::cost::Cost;
use crate::sys::clock::now_ns;

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
    /// When it had work again; 0 while that is not known.
    busy_since: u64,
    /// Searches in a row without a spin.
    skipped: u32,
}

/// Looks between two readings of the clock, which cost as much as several looks.
const LOOKS: u32 = 32;
/// A spin as short as this costs no more than the sleep that it saves: the calls of two threads, and the change of threads.
const FREE_NS: u64 = 10_000;
/// After so many searches without one, a free spin is tried: the load may have changed.
const SKIPPED_MAX: u32 = 64;

impl Spin {
    /// The account of a waiting submitter: it may try once, before it has worked.
    pub(crate) fn new(max_ns: u64) -> Spin {
        Spin { saved_ns: max_ns, ..Spin::of_worker(max_ns) }
    }

    /// The account of a worker, which has not worked yet.
    pub(crate) fn of_worker(max_ns: u64) -> Spin {
        let gap = Cost::new();
        Spin { max_ns, saved_ns: 0, gap, idle_since: 0, busy_since: 0, skipped: 0 }
    }

    /// Looks until `is_over` or until the budget is spent. Returns whether it is over.
    pub(crate) fn until(&mut self, is_over: impl Fn() -> bool) -> bool {
        self.until_by(is_over, now_ns)
    }

    fn until_by(&mut self, is_over: impl Fn() -> bool, now: impl Fn() -> u64) -> bool {
        if self.max_ns == 0 || is_over() {
            return is_over();
        }
        let started = now();
        let budget_ns = self.idle(started);
        let mut spun_ns = 0;
        while spun_ns < budget_ns {
            for _ in 0..LOOKS {
                if is_over() {
                    let ended = now();
                    self.spent(ended.saturating_sub(started));
                    self.busy(ended);
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

    /// The thread has work again.
    pub(crate) fn busy(&mut self, now_ns: u64) {
        self.come(now_ns);
        self.busy_since = now_ns;
    }

    /// The thread is without work. Gives the time for which it spins.
    fn idle(&mut self, now_ns: u64) -> u64 {
        if self.busy_since > 0 {
            let worked_ns = now_ns.saturating_sub(self.busy_since);
            self.saved_ns = self.saved_ns.saturating_add(worked_ns).min(self.max_ns);
        }
        (self.idle_since, self.busy_since) = (now_ns, 0);
        let free_ns = FREE_NS.min(self.max_ns);
        let budget_ns = match self.gap.ns() {
            None => self.saved_ns,
            Some(gap_ns) if gap_ns <= free_ns => self.saved_ns.max(free_ns),
            Some(gap_ns) if gap_ns <= self.saved_ns => self.saved_ns,
            Some(_) => 0,
        };
        let is_tried = budget_ns == 0 && self.skipped >= SKIPPED_MAX;
        self.skipped = if budget_ns == 0 && !is_tried { self.skipped + 1 } else { 0 };
        if is_tried { free_ns } else { budget_ns.min(self.gap.ns().map_or(u64::MAX, |ns| 2 * ns + free_ns)) }
    }

    fn spent(&mut self, ns: u64) {
        self.saved_ns = self.saved_ns.saturating_sub(ns);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const MAX_NS: u64 = 50_000;

    /// A thread that works for a time, is without work for a gap, and so on; gives what it spins in each of so many rounds.
    fn spins(spin: &mut Spin, rounds: usize, work_ns: u64, gap_ns: u64) -> Vec<u64> {
        let now = Cell::new(1_u64);
        let round = |_| {
            let over = now.get() + work_ns + gap_ns;
            now.set(now.get() + work_ns);
            let started = now.get();
            let is_over = spin.until_by(
                || now.get() >= over,
                || {
                    now.set(now.get() + 100);
                    now.get()
                },
            );
            let spun = now.get() - started;
            if !is_over {
                now.set(over);
                spin.busy(over);
            }
            spun
        };
        (0..rounds).map(round).collect()
    }

    /// POOL-13: with nothing expected in the time that it may spin, a thread spins no more.
    #[test]
    fn nothing_expected_is_not_waited_for() {
        for mut spin in [Spin::new(MAX_NS), Spin::of_worker(MAX_NS)] {
            let spun = spins(&mut spin, 1_000, 100_000, 1_000_000);
            let total: u64 = spun[5..].iter().sum();
            assert!(total < 1_000 * 200 + 20 * FREE_NS, "{total} ns in 1,000 searches");
        }
    }

    /// POOL-13: a thread spins no longer than it has worked, whatever is expected.
    #[test]
    fn no_longer_than_the_work() {
        for gap_ns in [500, 5_000, 9_000, 20_000, 49_000, 60_000] {
            for work_ns in [500, 2_000, 10_000, 100_000] {
                let mut spin = Spin::of_worker(MAX_NS);
                let total: u64 = spins(&mut spin, 1_000, work_ns, gap_ns).iter().sum();
                let free = if gap_ns <= FREE_NS { 1_000 * (gap_ns + 200) } else { 0 };
                let readings = 1_000 * 300 + 20 * FREE_NS + 2 * MAX_NS;
                assert!(total <= 1_000 * work_ns + free + readings, "{work_ns} {gap_ns}: {total}");
            }
        }
    }

    /// POOL-13: work that comes soon again is waited for, once the thread knows it.
    #[test]
    fn work_that_comes_soon_is_waited_for() {
        let mut spin = Spin::of_worker(MAX_NS);
        let spun = spins(&mut spin, 100, 30_000, 15_000);
        assert!(spun[5..].iter().all(|ns| (15_000..17_000).contains(ns)), "{spun:?}");
        // After a stretch with long gaps it is tried again.
        spins(&mut spin, 100, 30_000, 1_000_000);
        let spun = spins(&mut spin, 100, 30_000, 15_000);
        assert!(spun[20..].iter().all(|ns| (15_000..17_000).contains(ns)), "{spun:?}");
    }

    /// POOL-13: never on one CPU, where the limit is 0.
    #[test]
    fn without_a_limit_no_clock_is_read() {
        let mut spin = Spin::new(0);
        assert!(!spin.until_by(|| false, || panic!("the clock is read")));
        assert!(spin.until_by(|| true, || panic!("the clock is read")));
    }
}
