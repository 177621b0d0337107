//! Text in the manner of strace (SCRIPT-27): one line for each step.

use std::io::{self, Write};

use syslet::syscalls::{ArgType, Yields};

use syslet::attrs::RunBy;

use crate::plan::{Passed, Shown, Way};
use crate::print::escape::quoted;
use crate::print::{Printer, errno_name};
use crate::report::{Answer, Answered, Outcome, Report};

const RED: &str = "\x1b[31m";
const YELLOW: &str = "\x1b[33m";
const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";

/// Prints to `out`, which takes the colours away where they do not belong.
#[derive(Debug)]
pub(crate) struct TextPrinter<W> {
    pub(crate) out: W,
    /// At most this many bytes of data are shown.
    pub(crate) shown_bytes: usize,
}

impl<W: Write> Printer for TextPrinter<W> {
    fn report(&mut self, report: &Report<'_>) -> io::Result<()> {
        let step = report.step;
        let arguments = self.arguments(report).join(", ");
        let start = format!("{}: {}({arguments})", step.line, step.call);
        match &report.outcome {
            Outcome::Skipped(why) => writeln!(self.out, "{start} {YELLOW}skipped: {why}{PLAIN}"),
            Outcome::Done(answer) => {
                let attributes: String = answer.attributes.iter().map(attribute).collect();
                writeln!(self.out, "{start} = {}{attributes}", result(report, answer))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<W> TextPrinter<W> {
    fn arguments(&self, report: &Report<'_>) -> Vec<String> {
        (0..report.step.operands.len()).map(|index| self.argument(report, index)).collect()
    }

    fn argument(&self, report: &Report<'_>, index: usize) -> String {
        let operand = &report.step.operands[index];
        let before = match &operand.shown {
            Shown::Written(text) => text.clone(),
            Shown::Bytes(bytes) => quoted(bytes, self.shown_bytes),
            Shown::Number(text) => report
                .numbers
                .get(index)
                .map_or_else(|| text.clone(), |&number| self.number(report, index, number)),
        };
        let Outcome::Done(answer) = &report.outcome else { return before };
        let Some(data) = answer.data.iter().find(|data| data.argument == index) else { return before };
        let after = quoted(&data.bytes, self.shown_bytes);
        match &operand.passed {
            Passed::Memory { way: Way::InOut, .. } => format!("{before} => {after}"),
            _ => after,
        }
    }

    fn number(&self, report: &Report<'_>, index: usize, number: u64) -> String {
        let arg = report.step.row.and_then(|row| row.args.get(index));
        match arg.map(|arg| arg.ty) {
            Some(ArgType::Address) => format!("{number:#x}"),
            _ => number.cast_signed().to_string(),
        }
    }
}

fn result(report: &Report<'_>, answer: &Answer) -> String {
    let not_run = if answer.ran() { "" } else { " (not run)" };
    match answer.result.decode() {
        Err(errno) => format!("{RED}-1 {} ({}){PLAIN}{not_run}", errno_name(errno.0), message(errno.0)),
        Ok(value) if report.step.row.is_some_and(|row| row.yields == Yields::Address) => {
            format!("{value:#x}")
        }
        Ok(value) => format!("{}{not_run}", value.cast_signed()),
    }
}

/// What the C library says about an error number.
fn message(errno: i32) -> String {
    let text = io::Error::from_raw_os_error(errno).to_string();
    text.strip_suffix(&format!(" (os error {errno})")).unwrap_or(&text).to_owned()
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
