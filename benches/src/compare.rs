//! Rounds. In each round every contender makes the same calls, one contender after the other, so that what slows the
//! machine down meets all of them. The order moves on by one from round to round.

use std::time::Duration;

use crate::turn::{Entrant, Took, turn};
use crate::workload::Batch;

/// About this long the baseline takes in one round: long against the clock and a change of caches, short against what
/// disturbs a machine.
const TURN: Duration = Duration::from_millis(2);
/// Who is slower makes as many calls in at most about this time, or fewer, but a batch at least.
const TURN_MAX: Duration = Duration::from_millis(8);
/// A batch has at least as many calls, so that handing it over costs nothing per call.
pub const BATCH_CALLS_MIN: usize = 256;

/// What the rounds say of one contender.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Calls it made in each round.
    pub calls_per_round: usize,
    /// Median time of one call, in nanoseconds.
    pub ns_per_call: f64,
    /// Median CPU time of one call, in nanoseconds.
    pub cpu_ns_per_call: f64,
    /// Median over the rounds of its time per call divided by the baseline's in the same round.
    pub ratio: f64,
}

/// The turns of one contender, in the order of the rounds.
#[derive(Clone, Debug, Default)]
pub struct Turns {
    /// Calls in each.
    pub calls: usize,
    /// The time of a call in each.
    pub ns_per_call: Vec<f64>,
    /// The CPU time of a call in each.
    pub cpu_ns_per_call: Vec<f64>,
}

/// How many calls a batch for this depth has: an even multiple of it, since some
/// workloads' calls come in pairs.
#[must_use]
pub fn batch_calls(depth: usize) -> usize {
    BATCH_CALLS_MIN.next_multiple_of(2 * depth)
}

/// Compares the entrants, the first of which is the baseline. Gives a summary for each, in their order.
///
/// # Errors
/// When a contender fails, or a call gives another result than it must.
pub fn compare(batch: &Batch<'_>, entrants: &mut [Entrant], rounds: usize) -> Result<Vec<Summary>, String> {
    Ok(summarize(&rounds_of(batch, entrants, rounds)?))
}

/// Lets the entrants make the calls in so many rounds that count. Gives the turns of each, in their order.
///
/// # Errors
/// When a contender fails, or a call gives another result than it must.
pub fn rounds_of(batch: &Batch<'_>, entrants: &mut [Entrant], rounds: usize) -> Result<Vec<Turns>, String> {
    let mut turns = vec![Turns::default(); entrants.len()];
    let batches = share_out(batch, entrants)?;
    let most = batches.iter().max().copied().unwrap_or(0);
    let mut results = vec![0; batch.len() * most];
    // The first round warms up and does not count.
    for round in 0..=rounds {
        for index in order(round, entrants.len()) {
            let results = &mut results[..batch.len() * batches[index]];
            let took = turn(batch, &mut entrants[index], results)?;
            if round > 0 {
                turns[index].add(took, results.len());
            }
        }
    }
    Ok(turns)
}

/// How many batches each makes in a round.
fn share_out(batch: &Batch<'_>, entrants: &mut [Entrant]) -> Result<Vec<usize>, String> {
    let mut results = vec![0; batch.len()];
    let mut once = Vec::with_capacity(entrants.len());
    for entrant in entrants {
        // The first time, it may start threads.
        turn(batch, entrant, &mut results)?;
        once.push(turn(batch, entrant, &mut results)?.wall);
    }
    let most = if batch.is_once() { 1 } else { batches_in(TURN, once[0]) };
    Ok(once.into_iter().map(|once| batches_in(TURN_MAX, once).min(most)).collect())
}

/// The order of one round.
pub(crate) fn order(round: usize, entrants: usize) -> impl Iterator<Item = usize> {
    (0..entrants).map(move |place| (round + place) % entrants)
}

fn batches_in(time: Duration, one_batch: Duration) -> usize {
    let batches = time.as_nanos() / one_batch.as_nanos().max(1);
    usize::try_from(batches).unwrap_or(usize::MAX).clamp(1, 1000)
}

impl Turns {
    fn add(&mut self, took: Took, calls: usize) {
        self.calls = calls;
        self.ns_per_call.push(per_call(took.wall, calls));
        self.cpu_ns_per_call.push(per_call(took.cpu, calls));
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "what is measured takes minutes at most; their nanoseconds fit"
)]
fn per_call(took: Duration, calls: usize) -> f64 {
    took.as_nanos() as f64 / calls as f64
}

/// The medians of what each contender took in each round; the first is the baseline.
pub(crate) fn summarize(turns: &[Turns]) -> Vec<Summary> {
    let Some(base) = turns.first().map(|turns| &turns.ns_per_call) else { return Vec::new() };
    turns.iter().map(|turns| summary(turns.calls, &turns.ns_per_call, &turns.cpu_ns_per_call, base)).collect()
}

/// The medians of one contender; the ratios are to `base`, round by round.
fn summary(calls: usize, wall_ns: &[f64], cpu_ns: &[f64], base: &[f64]) -> Summary {
    Summary {
        calls_per_round: calls,
        ns_per_call: median(wall_ns.to_vec()),
        cpu_ns_per_call: median(cpu_ns.to_vec()),
        ratio: median(wall_ns.iter().zip(base).map(|(time, base)| time / base).collect()),
    }
}

/// The middle value, or the mean of the two in the middle.
///
/// # Panics
/// When there is no value.
#[must_use]
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) {
        f64::midpoint(values[middle - 1], values[middle])
    } else {
        values[middle]
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::os::fd::AsFd;
    use std::rc::Rc;
    use std::time::Instant;

    use super::*;
    use crate::call::RawCall;
    use crate::contender::Contender;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(vec![9.0, 1.0, 2.0]).to_bits(), 2f64.to_bits());
        assert_eq!(median(vec![4.0, 1.0, 2.0, 1000.0]).to_bits(), 3f64.to_bits());
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        // The machine is three times slower in the last two rounds. Of the medians alone (300 and 200) the second
        // contender would look faster; in every round but one it is slower.
        let direct = vec![100.0, 100.0, 300.0, 300.0, 300.0];
        let other = vec![110.0, 200.0, 150.0, 360.0, 330.0];
        let turns = |ns_per_call| Turns { calls: 100, ns_per_call, cpu_ns_per_call: vec![400.0, 1.0, 500.0] };
        let summaries = summarize(&[turns(direct), turns(other)]);
        let expected =
            Summary { calls_per_round: 100, ns_per_call: 300.0, cpu_ns_per_call: 400.0, ratio: 1.0 };
        assert_eq!(summaries[0], expected);
        assert_eq!(summaries[1], Summary { ns_per_call: 200.0, ratio: 1.1, ..expected });
    }

    #[test]
    fn every_contender_takes_every_place_equally_often() {
        let mut taken = [[0; 3]; 3];
        for round in 0..30 {
            for (place, entrant) in order(round, 3).enumerate() {
                taken[entrant][place] += 1;
            }
        }
        assert_eq!(taken, [[10; 3]; 3]);
    }

    #[test]
    fn a_batch_is_an_even_multiple_of_the_depth() {
        assert_eq!([1, 32, 128, 100, 300].map(batch_calls), [256, 256, 256, 400, 600]);
    }

    /// Gives every result right until told otherwise, and keeps a list of who ran how many calls.
    #[derive(Debug)]
    struct Scripted {
        name: &'static str,
        log: Log,
        answer: fn(i64) -> i64,
    }

    impl Contender for Scripted {
        fn run(&mut self, batch: &[RawCall<'_>], results: &mut [i64]) -> Result<(), String> {
            self.log.borrow_mut().push((self.name, results.len()));
            results.iter_mut().zip(batch).for_each(|(result, call)| *result = (self.answer)(call.expected()));
            if self.name == "slow" {
                let started = Instant::now();
                while started.elapsed() < TURN_MAX {}
            }
            Ok(())
        }

        fn run_timed(&mut self, _: &[RawCall<'_>], _: &mut [i64], _: &mut [u64]) -> Result<(), String> {
            Err("only counts".to_owned())
        }

        fn settings(&self) -> String {
            String::new()
        }
    }

    type Log = Rc<RefCell<Vec<(&'static str, usize)>>>;

    fn entrant(name: &'static str, log: &Log, answer: fn(i64) -> i64) -> Entrant {
        Entrant { name, contender: Box::new(Scripted { name, log: Rc::clone(log), answer }) }
    }

    fn getppids() -> Batch<'static> {
        Batch::from(vec![RawCall::getppid(); 256])
    }

    #[test]
    fn reads_that_must_be_cold_are_made_once_in_a_turn() {
        let file = tempfile::tempfile().unwrap();
        let log = Log::default();
        let mut entrants = ["a", "b"].map(|name| entrant(name, &log, |expected| expected));
        let batch = Batch::cold(vec![RawCall::getppid(); 256], file.as_fd());
        let turns = rounds_of(&batch, &mut entrants, 3).unwrap();
        assert_eq!([turns[0].calls, turns[1].calls], [256; 2]);
        assert!(log.borrow().iter().all(|(_, calls)| *calls == 256));
        assert_eq!(
            log.borrow().len(),
            2 * (2 + 1 + 3),
            "two to share out, one to warm up, and those that count"
        );
    }

    #[test]
    fn every_contender_makes_as_many_calls_but_a_slow_one_fewer() {
        let log = Log::default();
        let mut entrants = ["a", "b", "slow"].map(|name| entrant(name, &log, |expected| expected));
        let summaries = compare(&getppids(), &mut entrants, 4).unwrap();
        let per_round: Vec<usize> = summaries.iter().map(|summary| summary.calls_per_round).collect();
        assert!(per_round[0] > 256 && per_round[1] > 256, "{per_round:?}");
        assert_eq!(per_round[2], 256, "the least there is");
        let calls =
            |who: &str| log.borrow().iter().filter(|(name, _)| *name == who).map(|(_, n)| n).sum::<usize>();
        // Beside the rounds that count: one to warm up, and two batches to share out.
        let expected: Vec<usize> = per_round.iter().map(|count| 2 * 256 + 5 * count).collect();
        assert_eq!(["a", "b", "slow"].map(calls)[..], expected);
    }

    #[test]
    fn a_wrong_result_ends_the_comparison() {
        let log = Log::default();
        let mut entrants = [entrant("right", &log, |expected| expected), entrant("wrong", &log, |_| -14)];
        let error = compare(&getppids(), &mut entrants, 4).unwrap_err();
        assert!(error.starts_with("wrong: call 0 (getppid) gave -14"), "{error}");
    }
}
