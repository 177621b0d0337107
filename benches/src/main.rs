//! The harness: compares contenders on workloads, and prints what each call took.

mod options;
mod report;

use std::env;
use std::io::{self, ErrorKind, Write};
use std::process::{self, ExitCode};
use std::time::Duration;

use clap::Parser;
use nix::sys::time::TimeSpec;
use options::{
    Chains, Command, Compare, Echo, Instructions, MixedSlow, Options, Scorecard, Shared, Sleepers, Soak,
};
use report::{Figures, Line, Outcome, Report, Subject};
use syslet_benches::busy::{Busy, compute};
use syslet_benches::call::RawCall;
use syslet_benches::compare::{self, batch_calls, compare};
use syslet_benches::sleepers::{self, Idle};
use syslet_benches::soak::{Settings, soak};
use syslet_benches::turn::Entrant;
use syslet_benches::{chains, contender, echo, instructions, mixed_slow, scorecard, workload};

fn main() -> ExitCode {
    let done = match Options::parse().command {
        Command::Compare(options) => run_compare(&options),
        Command::Chains(options) => run_chains(&options),
        Command::Scorecard(options) => run_scorecard(&options),
        Command::Instructions(options) => run_instructions(&options),
        Command::MixedSlow(options) => run_mixed_slow(&options),
        Command::Echo(options) => run_echo(&options),
        Command::Soak(options) => run_soak(&options),
        Command::Sleepers(options) => run_sleepers(&options),
        Command::Compute(options) => compute(&options.cores),
        Command::Repeat(options) => {
            instructions::repeat(options.of.subject(), options.batches).map_err(io::Error::other)
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Who reads has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run_compare(options: &Compare) -> io::Result<()> {
    writeln!(io::stderr(), "{}", report::machine())?;
    let busy = options.busy.then(Busy::begin).transpose()?;
    let mut report = Report::begin(io::stdout().lock(), options.shared.json)?;
    let is_asked = |kind: &&workload::Kind| options.workloads.iter().any(|name| name == kind.name);
    for kind in workload::ALL.iter().filter(is_asked) {
        for &depth in &options.depths {
            let depth = usize::try_from(depth).map_err(io::Error::other)?;
            compare_one(kind, depth, options, busy.as_ref(), &mut report)?;
        }
    }
    report.end()
}

/// Compares everybody on chains of calls, per piece of work.
fn run_chains(options: &Chains) -> io::Result<()> {
    writeln!(io::stderr(), "{}", report::machine())?;
    let busy = options.busy.then(Busy::begin).transpose()?;
    let mut report = Report::begin(io::stdout().lock(), options.json)?;
    let is_asked = |kind: &&chains::Kind| options.workloads.iter().any(|name| name == kind.name);
    for kind in chains::ALL.iter().filter(is_asked) {
        let work = (kind.prepare)()?;
        let (workload, busy_cores) = (kind.name.to_owned(), cores(busy.as_ref()));
        let subject = Subject { workload, depth: work.pieces, note: work.note, busy_cores };
        let (mut doers, mut skipped) = (Vec::new(), Vec::new());
        for (contender, doer) in work.doers {
            match doer {
                Ok(doer) => doers.push((contender, doer)),
                Err(reason) => skipped.push((contender, reason)),
            }
        }
        let rounds = if options.quick { 5 } else { 51 };
        let summaries = chains::compare(&mut doers, work.pieces, work.bytes, rounds);
        for ((contender, doer), summary) in doers.iter().zip(summaries.map_err(io::Error::other)?) {
            let line = Line { contender, settings: doer.settings(), outcome: Outcome::Ran(summary) };
            report.line(&subject, &line)?;
        }
        for (contender, reason) in skipped {
            let line = Line { contender, settings: String::new(), outcome: Outcome::Skipped(reason) };
            report.line(&subject, &line)?;
        }
    }
    report.end()
}

/// The processors that are kept busy.
fn cores(busy: Option<&Busy>) -> Vec<usize> {
    busy.map_or_else(Vec::new, |busy| busy.cores().to_vec())
}

/// Judges the engine by its goals.
fn run_scorecard(options: &Scorecard) -> io::Result<()> {
    writeln!(io::stderr(), "{}", report::machine())?;
    let mut card = report::Scorecard::begin(io::stdout().lock(), options.json)?;
    scorecard::scorecard(options.rounds(), |row| card.row(row))?;
    card.end()
}

/// Counts the instructions of a call.
fn run_instructions(options: &Instructions) -> io::Result<()> {
    let found = instructions::instructions(options.subject()).map_err(io::Error::other)?;
    writeln!(io::stdout(), "{found:.1} instructions for each call")
}

/// Compares servers.
fn run_echo(options: &Echo) -> io::Result<()> {
    writeln!(io::stderr(), "{}", report::machine())?;
    let report =
        echo::echo(&options.servers(), options.size(), options.rounds()).map_err(io::Error::other)?;
    if options.json {
        return report.json().try_for_each(|line| writeln!(io::stdout(), "{line}"));
    }
    write!(io::stdout(), "{report}")
}

/// Soaks, and prints what was done.
fn run_soak(options: &Soak) -> io::Result<()> {
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..));
    writeln!(io::stdout(), "seed {seed}")?;
    let tally =
        soak(Settings { duration: Duration::from_secs(options.seconds), seed }).map_err(io::Error::other)?;
    write!(io::stdout(), "{tally}")
}

/// Measures calls that sleep. What an idle engine takes is measured in a process that has done nothing else.
fn run_sleepers(options: &Sleepers) -> io::Result<()> {
    if options.idle {
        let Idle { rss_kib, pss_kib, threads } = sleepers::idle()?;
        return writeln!(io::stdout(), "{rss_kib} {pss_kib} {threads}");
    }
    writeln!(io::stderr(), "{}", report::machine())?;
    let child = process::Command::new(env::current_exe()?).args(["sleepers", "--idle"]).output()?;
    let idle =
        Idle::parse(&String::from_utf8_lossy(&child.stdout)).ok_or_else(|| io::Error::other("no figures"))?;
    let (asleep, limit) = sleepers::sleepers(options.kind(), options.count).map_err(io::Error::other)?;
    let report = sleepers::Report { asleep, limit, idle };
    if options.json {
        return writeln!(io::stdout(), "{}", report.json());
    }
    write!(io::stdout(), "{report}")
}

/// Compares all contenders on one workload at one depth.
fn compare_one(
    kind: &workload::Kind,
    depth: usize,
    options: &Compare,
    busy: Option<&Busy>,
    report: &mut Report<impl Write, compare::Summary>,
) -> io::Result<()> {
    let mut workload = (kind.prepare)(depth)?;
    let (workload_name, note) = (kind.name.to_owned(), workload.note());
    let subject = Subject { workload: workload_name, depth, note, busy_cores: cores(busy) };
    let batch = workload.batch(batch_calls(depth));
    let mut field = Field::prepare(depth, &batch, &options.shared);
    let summaries = compare(&batch, &mut field.entrants, options.rounds()).map_err(io::Error::other)?;
    field.print(&subject, summaries, report)
}

fn run_mixed_slow(options: &MixedSlow) -> io::Result<()> {
    writeln!(io::stderr(), "{}", report::machine())?;
    let mut report = Report::begin(io::stdout().lock(), options.shared.json)?;
    for &depth in &options.depths {
        let depth = usize::try_from(depth).map_err(io::Error::other)?;
        mixed_slow_one(options.fast(), depth, options, &mut report)?;
    }
    report.end()
}

/// Measures all contenders with one kind of fast calls at one depth.
fn mixed_slow_one(
    kind: &workload::Kind,
    depth: usize,
    options: &MixedSlow,
    report: &mut Report<impl Write, mixed_slow::Summary>,
) -> io::Result<()> {
    let mut workload = (kind.prepare)(depth)?;
    let sleep_ms = mixed_slow::SLEEP.as_millis();
    let note = format!("nanoseconds until fast calls are over; one call in 100 sleeps {sleep_ms} ms");
    let note = [note, workload.note()].join("; ").trim_end_matches("; ").to_owned();
    let workload_name = format!("mixed-slow/{}", kind.name);
    let subject = Subject { workload: workload_name, depth, note, busy_cores: Vec::new() };
    let sleep = *TimeSpec::from_duration(mixed_slow::SLEEP).as_ref();
    let slow = RawCall::nanosleep(&sleep);
    let window = workload.batch(depth);
    let mut field = Field::prepare(depth, &[&window[..], &[slow]].concat(), &options.shared);
    let summaries = mixed_slow::measure(&window, slow, &mut field.entrants, options.calls());
    field.print(&subject, summaries.map_err(io::Error::other)?, report)
}

/// Those who take part, and those who cannot, all in the order of the list.
#[derive(Debug)]
struct Field {
    /// The baseline first.
    entrants: Vec<Entrant>,
    /// Every name, and the reason of who is not among the entrants.
    asked: Vec<(&'static str, Option<String>)>,
}

impl Field {
    fn prepare(depth: usize, calls: &[RawCall<'_>], options: &Shared) -> Field {
        let is_asked = |kind: &&contender::Kind| {
            kind.name == contender::BASELINE.name || options.contenders.iter().any(|name| name == kind.name)
        };
        let mut field = Field { entrants: Vec::new(), asked: Vec::new() };
        for kind in contender::ALL.iter().filter(is_asked) {
            let prepared = (kind.prepare)(depth, calls);
            let entrant = prepared.map(|contender| Entrant { name: kind.name, contender });
            field.asked.push((kind.name, entrant.map(|entrant| field.entrants.push(entrant)).err()));
        }
        field
    }

    /// Prints a line for everybody; `summaries` are the entrants'.
    fn print<F: Figures>(
        self,
        subject: &Subject,
        summaries: Vec<F>,
        report: &mut Report<impl Write, F>,
    ) -> io::Result<()> {
        let settings: Vec<String> =
            self.entrants.iter().map(|entrant| entrant.contender.settings()).collect();
        let mut ran = settings.into_iter().zip(summaries);
        for (contender, skipped) in self.asked {
            let (settings, outcome) = match skipped {
                Some(reason) => (String::new(), Outcome::Skipped(reason)),
                None => {
                    let (settings, summary) = ran.next().expect("everybody who takes part has a summary");
                    (settings, Outcome::Ran(summary))
                }
            };
            report.line(subject, &Line { contender, settings, outcome })?;
        }
        Ok(())
    }
}
