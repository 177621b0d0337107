//! Rounds. In each round every contender makes the same calls, one contender after the other, so that what slows the
//! machine down meets all of them. The order moves on by one from round to round.

use std::time::{Duration, Instant};

use crate::call::RawCall;
use crate::contender::Contender;

/// About this long one contender takes in one round: long against the clock and a change of caches, short against
/// what disturbs a machine.
const TURN: Duration = Duration::from_millis(2);
/// A batch has at least as many calls, so that handing it over costs nothing per call.
pub const BATCH_CALLS_MIN: usize = 256;

/// Somebody who takes part.
#[derive(Debug)]
pub struct Entrant {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub contender: Box<dyn Contender>,
}

/// What the rounds say of one contender.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Median time of one call, in nanoseconds.
    pub ns_per_call: f64,
    /// Median over the rounds of its time divided by the baseline's in the same round.
    pub ratio: f64,
}

/// What the rounds say.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Calls each contender made in each round.
    pub calls_per_round: usize,
    /// In the order of the entrants.
    pub summaries: Vec<Summary>,
}

/// How many calls a batch for this depth has: a multiple of it.
#[must_use]
pub fn batch_calls(depth: usize) -> usize {
    BATCH_CALLS_MIN.next_multiple_of(depth)
}

/// Compares the entrants, the first of which is the baseline.
///
/// # Errors
/// When a contender fails, or a call gives another result than it must.
pub fn compare(batch: &[RawCall<'_>], entrants: &mut [Entrant], rounds: usize) -> Result<Comparison, String> {
    let mut results = vec![0; batch.len()];
    let once = turn(batch, &mut entrants[0], &mut results)?;
    let batches = batches_in(TURN, once);
    let mut results = vec![0; batch.len() * batches];
    let mut ns_per_call = vec![Vec::with_capacity(rounds); entrants.len()];
    // The first round warms up and does not count.
    for round in 0..=rounds {
        for index in order(round, entrants.len()) {
            let took = turn(batch, &mut entrants[index], &mut results)?;
            if round > 0 {
                ns_per_call[index].push(per_call(took, results.len()));
            }
        }
    }
    Ok(Comparison { calls_per_round: results.len(), summaries: summarize(&ns_per_call) })
}

/// The order of one round.
fn order(round: usize, entrants: usize) -> impl Iterator<Item = usize> {
    (0..entrants).map(move |place| (round + place) % entrants)
}

fn batches_in(time: Duration, one_batch: Duration) -> usize {
    let batches = time.as_nanos() / one_batch.as_nanos().max(1);
    usize::try_from(batches).unwrap_or(usize::MAX).clamp(1, 1000)
}

#[allow(clippy::cast_precision_loss, reason = "a turn takes milliseconds; their nanoseconds fit")]
fn per_call(took: Duration, calls: usize) -> f64 {
    took.as_nanos() as f64 / calls as f64
}

/// Lets one contender fill `results`, batch by batch, and checks them outside of the time taken.
fn turn(batch: &[RawCall<'_>], entrant: &mut Entrant, results: &mut [i64]) -> Result<Duration, String> {
    // A result that is never written must not pass for one that is right.
    results.fill(i64::MIN);
    let started = Instant::now();
    for part in results.chunks_mut(batch.len()) {
        entrant.contender.run(batch, part).map_err(|error| format!("{}: {error}", entrant.name))?;
    }
    let took = started.elapsed();
    let calls = batch.iter().cycle();
    for (index, (call, result)) in calls.zip(results.iter()).enumerate() {
        if call.expected() != *result {
            let (name, nr, expected) = (entrant.name, call.nr(), call.expected());
            return Err(format!("{name}: call {index} (number {nr}) gave {result}, not {expected}"));
        }
    }
    Ok(took)
}

/// The medians of what each contender took in each round; the first is the baseline.
#[must_use]
pub fn summarize(ns_per_call: &[Vec<f64>]) -> Vec<Summary> {
    let ratio =
        |times: &Vec<f64>| times.iter().zip(&ns_per_call[0]).map(|(time, base)| time / base).collect();
    ns_per_call
        .iter()
        .map(|times| Summary { ns_per_call: median(times.clone()), ratio: median(ratio(times)) })
        .collect()
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
    use std::rc::Rc;

    use super::*;

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
        let summaries = summarize(&[direct, other]);
        assert_eq!(summaries[0], Summary { ns_per_call: 300.0, ratio: 1.0 });
        assert_eq!(summaries[1], Summary { ns_per_call: 200.0, ratio: 1.1 });
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
    fn a_batch_is_a_multiple_of_the_depth() {
        assert_eq!([1, 32, 128, 100, 300].map(batch_calls), [256, 256, 256, 300, 300]);
    }

    /// Gives every result right until told otherwise, and keeps a list of who ran how many calls.
    #[derive(Debug)]
    struct Scripted {
        name: &'static str,
        log: Rc<RefCell<Vec<(&'static str, usize)>>>,
        answer: fn(i64) -> i64,
    }

    impl Contender for Scripted {
        fn run(&mut self, batch: &[RawCall<'_>], results: &mut [i64]) -> Result<(), String> {
            self.log.borrow_mut().push((self.name, results.len()));
            results.iter_mut().zip(batch).for_each(|(result, call)| *result = (self.answer)(call.expected()));
            Ok(())
        }
    }

    type Log = Rc<RefCell<Vec<(&'static str, usize)>>>;

    fn entrant(name: &'static str, log: &Log, answer: fn(i64) -> i64) -> Entrant {
        Entrant { name, contender: Box::new(Scripted { name, log: Rc::clone(log), answer }) }
    }

    #[test]
    fn every_contender_makes_as_many_calls() {
        let log = Log::default();
        let mut entrants = ["a", "b", "c"].map(|name| entrant(name, &log, |expected| expected));
        let comparison = compare(&[RawCall::getppid(); 256], &mut entrants, 4).unwrap();
        let calls =
            |who: &str| log.borrow().iter().filter(|(name, _)| *name == who).map(|(_, n)| n).sum::<usize>();
        let measured = 5 * comparison.calls_per_round;
        assert_eq!([calls("a"), calls("b"), calls("c")], [measured + 256, measured, measured]);
    }

    #[test]
    fn a_wrong_result_ends_the_comparison() {
        let log = Log::default();
        let mut entrants = [entrant("right", &log, |expected| expected), entrant("wrong", &log, |_| -14)];
        let error = compare(&[RawCall::getppid(); 256], &mut entrants, 4).unwrap_err();
        assert!(error.starts_with("wrong: call 0 ") && error.contains("gave -14"), "{error}");
    }
}
