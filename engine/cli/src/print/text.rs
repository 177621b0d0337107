//! Text in the manner of strace (SCRIPT-27): one line for each step.

use std::io::{self, Write};

use syslet::attrs::RunBy;

use crate::print::Printer;
use crate::report::{Answer, Answered, Outcome, Report};

const RED: &str = "\x1b[31m";
const YELLOW: &str = "\x1b[33m";
const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";

/// Prints to `out`, which takes the colours away where they do not belong.
#[derive(Debug)]
pub(crate) struct TextPrinter<W> {
    pub(crate) out: W,
}

impl<W: Write> Printer for TextPrinter<W> {
    fn report(&mut self, report: &Report<'_>) -> io::Result<()> {
        let step = report.step;
        let arguments = report.arguments.join(", ");
        let start = format!("{}: {}({arguments})", step.line, step.call);
        match &report.outcome {
            Outcome::Skipped(why) => writeln!(self.out, "{start} {YELLOW}skipped: {why}{PLAIN}"),
            Outcome::Done(answer) => {
                let attributes: String = answer.attributes.iter().map(attribute).collect();
                writeln!(self.out, "{start} = {}{attributes}", result(answer))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The result; an error stands out.
fn result(answer: &Answer) -> String {
    match answer.result.decode() {
        Err(_) => format!("{RED}{}{PLAIN}", answer.words),
        Ok(_) => answer.words.clone(),
    }
}

fn attribute(answered: &Answered) -> String {
    let value =
        |name: &str| answered.values.iter().find(|(known, _)| *known == name).map(|&(_, value)| value);
    let times = (value("queued_ns"), value("started_ns"), value("finished_ns"));
    if let (Some(queued), Some(started), Some(finished)) = times {
        let (waited, ran) = (started.saturating_sub(queued), finished.saturating_sub(started));
        return format!("  {DIM}@{} waited {} ran {}{PLAIN}", answered.name, time(waited), time(ran));
    }
    let numbers = (value("tid"), value("cpu"), value("run_by"), value("attempts"));
    if let (Some(tid), Some(cpu), Some(run_by), Some(attempts)) = numbers {
        let by = RunBy(u32::try_from(run_by).unwrap_or_default()).name();
        return format!("  {DIM}@{} {by} in {tid} on cpu {cpu}, {attempts} attempt(s){PLAIN}", answered.name);
    }
    let values: String = answered.values.iter().map(|(name, value)| format!(" {name}={value}")).collect();
    format!("  {DIM}@{} {}{values}{PLAIN}", answered.name, answered.status.name())
}

/// Nanoseconds in the unit that gives few digits.
fn time(ns: u64) -> String {
    match ns {
        0..1_000 => format!("{ns}ns"),
        1_000..1_000_000 => format!("{}.{}us", ns / 1_000, ns / 100 % 10),
        1_000_000..1_000_000_000 => format!("{}.{}ms", ns / 1_000_000, ns / 100_000 % 10),
        _ => format!("{}.{}s", ns / 1_000_000_000, ns / 100_000_000 % 10),
    }
}
