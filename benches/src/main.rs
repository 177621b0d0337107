//! The harness: compares contenders on workloads, and prints medians.

mod options;
mod report;

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use clap::Parser;
use options::{Command, Compare, Options};
use report::{Outcome, Report, Subject};
use syslet_benches::compare::{Comparison, Entrant, batch_calls, compare};
use syslet_benches::{contender, workload};

fn main() -> ExitCode {
    let Command::Compare(options) = Options::parse().command;
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        // Who reads has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Compare) -> io::Result<()> {
    writeln!(io::stderr(), "{}", report::machine())?;
    let mut report = Report::begin(io::stdout().lock(), options.json)?;
    for workload in workload::ALL.iter().filter(|kind| options.workloads.iter().any(|name| name == kind.name))
    {
        for &depth in &options.depths {
            let depth = usize::try_from(depth).map_err(io::Error::other)?;
            measure(workload, depth, options, &mut report)?;
        }
    }
    Ok(())
}

/// Compares all contenders on one workload at one depth.
fn measure(
    kind: &workload::Kind,
    depth: usize,
    options: &Compare,
    report: &mut Report<impl Write>,
) -> io::Result<()> {
    let mut workload = (kind.prepare)(depth)?;
    let subject = Subject { workload: kind.name, depth, note: workload.note(), rounds: options.rounds() };
    let (mut entrants, skipped) = prepare(depth, options);
    let batch = workload.batch(batch_calls(depth));
    let Comparison { calls_per_round, summaries } =
        compare(&batch, &mut entrants, subject.rounds).map_err(io::Error::other)?;
    for (entrant, summary) in entrants.iter().zip(summaries) {
        report.line(&subject, entrant.name, &Outcome::Ran { calls_per_round, summary })?;
    }
    for (name, reason) in skipped {
        report.line(&subject, name, &Outcome::Skipped(reason))?;
    }
    Ok(())
}

/// Those who take part, the baseline first, and those who cannot, with the reason.
fn prepare(depth: usize, options: &Compare) -> (Vec<Entrant>, Vec<(&'static str, String)>) {
    let is_asked = |kind: &&contender::Kind| {
        kind.name == contender::BASELINE.name || options.contenders.iter().any(|name| name == kind.name)
    };
    let (mut entrants, mut skipped) = (Vec::new(), Vec::new());
    for kind in contender::ALL.iter().filter(is_asked) {
        match (kind.prepare)(depth) {
            Ok(contender) => entrants.push(Entrant { name: kind.name, contender }),
            Err(reason) => skipped.push((kind.name, reason)),
        }
    }
    (entrants, skipped)
}
