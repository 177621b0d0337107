//! The instructions of one call, counted by callgrind; for the harness's command of that name.
//!
//! This program runs itself twice under valgrind, with calls of two numbers. What it does once is in both, so the
//! difference of the counts is that of the calls. Exact on a machine with other work, where times are not.

use std::env;
use std::process::Command;

use crate::compare::batch_calls;
use crate::contender::Kind as Contender;
use crate::turn::{check, forget};
use crate::workload::Kind as Workload;

/// The name of the command that [`repeat`] is the body of.
pub const COMMAND: &str = "repeat";
/// Batches of the two runs. The first has warmed up by then.
const BATCHES: [u32; 2] = [20, 60];

/// What makes the calls, and which.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// The calls.
    pub workload: &'static Workload,
    /// The contender that makes them.
    pub contender: &'static Contender,
    /// How many are in flight.
    pub depth: usize,
}

/// Instructions of a call: this process's own, all threads, without the kernel's.
///
/// # Errors
/// When valgrind is not there, or a run fails.
pub fn instructions(subject: Subject) -> Result<f64, String> {
    let [few, many] = BATCHES.map(|batches| collected(subject, batches));
    per_call(few?, many?, batch_calls(subject.depth))
}

fn collected(subject: Subject, batches: u32) -> Result<u64, String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args([COMMAND, "--workload", subject.workload.name, "--contender", subject.contender.name])
        .args(["--depth", &subject.depth.to_string(), "--batches", &batches.to_string()])
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    count(&said).filter(|_| output.status.success()).ok_or_else(|| format!("no count: {said}"))
}

/// The number that callgrind prints. A fork of the process prints its own first: what the process had until then.
fn count(said: &str) -> Option<u64> {
    let numbers = said.lines().filter_map(|line| line.split_once("Collected : "));
    numbers.filter_map(|(_, number)| number.trim().parse().ok()).max()
}

#[allow(clippy::cast_precision_loss, reason = "a few digits are shown")]
fn per_call(few: u64, many: u64, batch: usize) -> Result<f64, String> {
    let more = many.checked_sub(few).ok_or("more calls took fewer instructions")?;
    Ok(more as f64 / (f64::from(BATCHES[1] - BATCHES[0]) * batch as f64))
}

/// Makes so many batches of calls, and checks the results of the last.
///
/// # Errors
/// When the contender fails, or a call gives another result than it must.
pub fn repeat(subject: Subject, batches: u32) -> Result<(), String> {
    let mut workload = (subject.workload.prepare)(subject.depth).map_err(|error| error.to_string())?;
    let batch = workload.batch(batch_calls(subject.depth));
    let mut contender = (subject.contender.prepare)(subject.depth, &batch)?;
    let mut results = vec![0; batch.len()];
    forget(&mut results);
    for _ in 0..batches {
        batch.renew()?;
        contender.run(&batch, &mut results)?;
    }
    check(&batch, &results)
}

#[test]
fn the_difference_of_two_runs_is_that_of_their_calls() {
    assert_eq!(count("==7== Events    : Ir\n==7== Collected : 1234\n"), Some(1234));
    assert_eq!(count("==8== Collected : 56\n==7== Collected : 1234\n"), Some(1234), "a fork's is its own");
    assert_eq!(count("valgrind: no such program"), None);
    let batch = 256;
    let many = 5000 + u64::from(BATCHES[1] - BATCHES[0]) * batch * 250;
    assert_eq!(per_call(5000, many, 256).map(f64::to_bits), Ok(250_f64.to_bits()));
    assert!(per_call(2, 1, 256).is_err());
}
