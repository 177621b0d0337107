//! Text in the manner of strace (SCRIPT-27): one line for each step.

use std::io::{self, Write};

use crate::print::Printer;
use crate::print::attribute::words;
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
    format!("  {DIM}{}{PLAIN}", words(answered))
}
