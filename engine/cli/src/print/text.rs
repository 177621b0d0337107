//! Text in the manner of strace (SCRIPT-27): one line for each step.

use std::io::{self, Write};

use syslet::RawResult;

use crate::print::attribute::words;
use crate::print::{Printer, tree};
use crate::report::{Answered, Outcome, Report};

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
        let start = match (&step.group, &step.name) {
            (None, _) => format!("{}: {}({arguments})", step.line, step.call),
            (Some(_), None) => format!("{}: {}", step.line, step.call),
            (Some(_), Some(name)) => format!("{}: {} {name}", step.line, step.call),
        };
        match &report.outcome {
            Outcome::Skipped(why) => writeln!(self.out, "{start} {YELLOW}skipped: {why}{PLAIN}"),
            Outcome::Done(answer) => {
                let attributes: String = answer.attributes.iter().map(attribute).collect();
                writeln!(self.out, "{start} = {}{attributes}", result(answer.result, &answer.words))?;
                step.group.as_ref().map_or(Ok(()), |group| tree::text(group, answer, &mut self.out))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The result in words; an error stands out.
pub(crate) fn result(result: RawResult, words: &str) -> String {
    match result.decode() {
        Err(_) => format!("{RED}{words}{PLAIN}"),
        Ok(_) => words.to_owned(),
    }
}

pub(crate) fn attribute(answered: &Answered) -> String {
    format!("  {DIM}{}{PLAIN}", words(answered))
}
