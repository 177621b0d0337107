//! What slow calls do to fast ones: one call in a hundred sleeps, and the latency of the others is compared with
//! that of the same calls by the same contender when none sleeps.
//!
//! A latency lasts from the handing over of a window to the moment the contender's caller sees the call's result.
//! Windows with and without sleepers take turns. A window that has sleepers keeps the processors idle for some
//! milliseconds, which makes the next one start slower; therefore the window that has none is followed by a pause
//! of the same length, and what remains is what the sleepers did to the calls beside them.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::call::RawCall;
use crate::compare::order;
use crate::pause::pause;
use crate::turn::{Entrant, check, forget};
use crate::workload::Batch;

/// How long a slow call sleeps.
pub const SLEEP: Duration = Duration::from_millis(5);
/// One call in so many is slow.
const ONE_IN: u64 = 100;
/// A contender's turn has so many calls, or one window.
const TURN_CALLS: usize = 640;
/// Digits of a latency that count.
const DIGITS: u8 = 3;

/// What the fast calls of one contender took, in nanoseconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Summary {
    /// Fast calls that count, in each of the two.
    pub calls: u64,
    /// Beside slow ones.
    pub mixed: Percentiles,
    /// Without them.
    pub alone: Percentiles,
}

/// What half, and 99 of 100, stay below, in nanoseconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Percentiles {
    /// The median.
    pub p50_ns: u64,
    /// The 99th percentile.
    pub p99_ns: u64,
}

/// The latencies of one contender.
#[derive(Debug)]
struct Latencies {
    mixed: Histogram<u64>,
    alone: Histogram<u64>,
}

/// Room for one window.
#[derive(Debug)]
struct Scratch {
    results: Vec<i64>,
    latencies_ns: Vec<u64>,
}

/// Measures every entrant with at least `calls` calls of which one in a hundred is `slow`; the others are `window`'s,
/// which is as long as the depth.
///
/// # Errors
/// When a contender fails, or a call gives another result than it must.
pub fn measure(
    window: &Batch<'_>,
    slow: RawCall<'_>,
    entrants: &mut [Entrant],
    calls: usize,
) -> Result<Vec<Summary>, String> {
    let windows = TURN_CALLS.div_ceil(window.len());
    let rounds = calls.div_ceil(windows * window.len());
    let mut latencies: Vec<Latencies> = entrants.iter().map(|_| Latencies::new()).collect();
    let mut scratch = Scratch { results: vec![0; window.len()], latencies_ns: vec![0; window.len()] };
    // The first round warms up and does not count.
    for round in 0..=rounds {
        for index in order(round, entrants.len()) {
            let entrant = &mut entrants[index];
            for number in (round * windows..).take(windows) {
                both(window, slow, number, entrant, &mut scratch, &mut latencies[index])
                    .map_err(|error| format!("{}: {error}", entrant.name))?;
            }
        }
        if round == 0 {
            latencies.iter_mut().for_each(Latencies::clear);
        }
    }
    Ok(latencies.iter().map(Latencies::summarize).collect())
}

/// One window with its slow calls, and the same one without.
fn both(
    window: &Batch<'_>,
    slow: RawCall<'_>,
    number: usize,
    entrant: &mut Entrant,
    scratch: &mut Scratch,
    into: &mut Latencies,
) -> Result<(), String> {
    let first = (number * window.len()) as u64;
    let mixed: Vec<RawCall<'_>> =
        (first..).zip(&**window).map(|(index, fast)| if is_slow(index) { slow } else { *fast }).collect();
    let is_fast = |place: usize| !is_slow(first + place as u64);
    window.renew()?;
    one(&mixed, entrant, scratch, &is_fast, &mut into.mixed)?;
    window.renew()?;
    one(window, entrant, scratch, &is_fast, &mut into.alone)?;
    if (0..window.len()).any(|place| !is_fast(place)) {
        pause(SLEEP);
    }
    Ok(())
}

/// Runs one window and records what its fast calls took.
fn one(
    window: &[RawCall<'_>],
    entrant: &mut Entrant,
    scratch: &mut Scratch,
    is_fast: &impl Fn(usize) -> bool,
    into: &mut Histogram<u64>,
) -> Result<(), String> {
    forget(&mut scratch.results);
    entrant.contender.run_timed(window, &mut scratch.results, &mut scratch.latencies_ns)?;
    check(window, &scratch.results)?;
    let fast = scratch.latencies_ns.iter().enumerate().filter(|(place, _)| is_fast(*place));
    fast.for_each(|(_, latency_ns)| into.saturating_record(*latency_ns));
    Ok(())
}

/// One in each hundred, at a place that looks like chance and is the same in every run.
fn is_slow(index: u64) -> bool {
    let mut hash = (index / ONE_IN).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    hash = (hash ^ (hash >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    (hash ^ (hash >> 32)) % ONE_IN == index % ONE_IN
}

impl Latencies {
    fn new() -> Latencies {
        let histogram =
            || Histogram::new_with_bounds(1, 60_000_000_000, DIGITS).expect("bounds are in order");
        Latencies { mixed: histogram(), alone: histogram() }
    }

    fn clear(&mut self) {
        self.mixed.clear();
        self.alone.clear();
    }

    fn summarize(&self) -> Summary {
        let percentiles = |latencies: &Histogram<u64>| Percentiles {
            p50_ns: latencies.value_at_quantile(0.5),
            p99_ns: latencies.value_at_quantile(0.99),
        };
        Summary { calls: self.mixed.len(), mixed: percentiles(&self.mixed), alone: percentiles(&self.alone) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contender::{ALL, BASELINE};

    #[test]
    fn one_call_in_each_hundred_is_slow_at_varying_places() {
        let slow: Vec<u64> = (0..10_000).filter(|index| is_slow(*index)).collect();
        let hundreds: Vec<u64> = slow.iter().map(|index| index / ONE_IN).collect();
        assert_eq!(hundreds, (0..100).collect::<Vec<u64>>());
        let mut places: Vec<u64> = slow.iter().map(|index| index % ONE_IN).collect();
        places.sort_unstable();
        places.dedup();
        assert!(places.len() > 40, "{places:?}");
    }

    fn summary_of(name: &'static str, depth: usize, slow_ms: i64) -> Summary {
        let kind = ALL.iter().find(|kind| kind.name == name).unwrap();
        let sleep = libc::timespec { tv_sec: 0, tv_nsec: slow_ms * 1_000_000 };
        let slow = RawCall::nanosleep(&sleep);
        let contender = (kind.prepare)(depth, &[RawCall::getppid(), slow]).unwrap();
        let mut entrants = [Entrant { name, contender }];
        measure(&Batch::from(vec![RawCall::getppid(); depth]), slow, &mut entrants, 1000).unwrap()[0]
    }

    #[test]
    fn who_makes_calls_in_order_lets_fast_ones_wait_for_slow_ones() {
        let summary = summary_of(BASELINE.name, 100, 5);
        // Two rounds of seven windows of a hundred, each with one slow call, which does not count.
        assert_eq!(summary.calls, 2 * 7 * 99);
        assert!(summary.mixed.p99_ns >= 5_000_000, "{summary:?}");
    }

    #[test]
    fn a_thread_for_each_call_does_not() {
        // Starting a hundred threads takes a machine that is busy a few milliseconds.
        let slow_ms = 50;
        let summary = summary_of("thread-per-call", 100, slow_ms);
        assert!(summary.mixed.p50_ns < summary_of(BASELINE.name, 100, slow_ms).mixed.p99_ns, "{summary:?}");
    }
}
