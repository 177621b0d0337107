//! Chains of calls: pieces of work of several calls each, the later ones given what the earlier have answered. Everybody
//! does the same work in interleaved rounds; plain calls, one after the other in one thread, are what all are compared with.

mod cat;
mod copy;
mod files;
mod lock;
mod open_read_close;
mod syslets;
mod sys;
mod tasks;
mod uring;

use std::fmt::Debug;
use std::io;
use std::time::Instant;

use nix::time::{ClockId, clock_gettime};

use crate::compare::{Summary, Turns, order, summarize};

/// A way of doing the work.
pub trait Doer: Debug {
    /// Does all of it once; gives how many bytes were moved.
    ///
    /// # Errors
    /// A sentence that says what failed.
    fn turn(&mut self) -> Result<u64, String>;

    /// What of its set-up the figures depend on, in a few words; empty if nothing.
    fn settings(&self) -> String {
        String::new()
    }
}

/// Who does it, by name; or the reason why not.
pub type Entered = (&'static str, Result<Box<dyn Doer>, String>);

/// Work to be done over and over.
#[derive(Debug)]
pub struct Work {
    /// What the figures depend on besides the machine.
    pub note: String,
    /// Pieces in one turn.
    pub pieces: usize,
    /// Bytes that every turn moves.
    pub bytes: u64,
    /// Plain calls first.
    pub doers: Vec<Entered>,
}

/// A workload by name.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The name it is asked for by.
    pub name: &'static str,
    /// Prepares it.
    pub prepare: fn() -> io::Result<Work>,
}

/// Every workload, in the order they run.
pub const ALL: &[Kind] = &[
    Kind { name: "open-read-close", prepare: open_read_close::prepare },
    Kind { name: "copy-64k", prepare: copy::prepare },
    Kind { name: "lock-append", prepare: lock::prepare },
    Kind { name: "cat", prepare: cat::prepare },
];

/// Compares those who take part, in so many rounds that count; gives a summary of each, in their order, per piece.
///
/// # Errors
/// When one of them fails, or moves another number of bytes.
pub fn compare(
    doers: &mut [(&'static str, Box<dyn Doer>)],
    pieces: usize,
    bytes: u64,
    rounds: usize,
) -> Result<Vec<Summary>, String> {
    Ok(summarize(&rounds_of(doers, pieces, bytes, rounds)?))
}

/// Lets those who take part do the work in so many rounds that count; gives the turns of each, in their order, per piece.
///
/// # Errors
/// When one of them fails, or moves another number of bytes.
pub fn rounds_of(
    doers: &mut [(&'static str, Box<dyn Doer>)],
    pieces: usize,
    bytes: u64,
    rounds: usize,
) -> Result<Vec<Turns>, String> {
    let mut turns = vec![Turns { calls: pieces, ..Turns::default() }; doers.len()];
    // The first round warms up and does not count.
    for round in 0..=rounds {
        for index in order(round, doers.len()) {
            let (name, doer) = &mut doers[index];
            let (began, cpu_began) = (Instant::now(), cpu_ns());
            let moved = doer.turn().map_err(|error| format!("{name}: {error}"))?;
            let (wall, cpu) = (began.elapsed().as_nanos(), cpu_ns() - cpu_began);
            if moved != bytes {
                return Err(format!("{name} has moved {moved} bytes of {bytes}"));
            }
            if round > 0 {
                turns[index].ns_per_call.push(per_piece(wall, pieces));
                turns[index].cpu_ns_per_call.push(per_piece(cpu.into(), pieces));
            }
        }
    }
    Ok(turns)
}

#[allow(clippy::cast_precision_loss, reason = "a minute's nanoseconds fit")]
fn per_piece(ns: u128, pieces: usize) -> f64 {
    ns as f64 / pieces as f64
}

/// What all threads of this process have taken.
fn cpu_ns() -> u64 {
    let Ok(now) = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID) else { return 0 };
    now.tv_sec().cast_unsigned() * 1_000_000_000 + now.tv_nsec().cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everybody who takes part does the work, and says how much it was.
    #[test]
    fn everybody_does_the_work() {
        for kind in ALL {
            let work = (kind.prepare)().unwrap();
            assert_eq!(work.doers[0].0, "plain", "{}", kind.name);
            let taking_part = work.doers.into_iter().filter_map(|(name, doer)| Some((name, doer.ok()?)));
            let mut doers: Vec<_> = taking_part.collect();
            assert!(doers.len() >= 4, "{}", kind.name);
            let summaries = compare(&mut doers, work.pieces, work.bytes, 1).unwrap();
            assert!(summaries.iter().all(|summary| summary.ns_per_call > 0.0));
            let wrong = compare(&mut doers, work.pieces, work.bytes + 1, 1).unwrap_err();
            assert!(wrong.contains("plain has moved"), "{wrong}");
        }
    }
}
