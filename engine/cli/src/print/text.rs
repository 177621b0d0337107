//! The printer of text in the manner of strace (SCRIPT-27): one line for each step.

use std::io::{self, Write};

use syslet::RawResult;

use crate::plan::group::Group;
use crate::print::Printer;
use crate::print::attribute::words;
use crate::print::ran::ran;
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
        let words: Vec<&str> = report.arguments.iter().map(|argument| &*argument.words).collect();
        let arguments = words.join(", ");
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
                step.group.as_ref().map_or(Ok(()), |group| atoms(group, answer, &mut self.out))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The result in words; an error stands out.
fn result(result: RawResult, words: &str) -> String {
    match result.decode() {
        Err(_) => format!("{RED}{words}{PLAIN}"),
        Ok(_) => words.to_owned(),
    }
}

fn attribute(answered: &Answered) -> String {
    format!("  {DIM}{}{PLAIN}", words(answered))
}

/// A line for each atom that ran and was written in the script, indented by the blocks it stands in.
fn atoms(group: &Group, answer: &Answer, out: &mut impl Write) -> io::Result<()> {
    for (atom, answer) in ran(group, answer).filter(|(atom, _)| !atom.words.is_empty()) {
        let name = match &atom.name {
            Some(name) if atom.row.is_some() => format!("{name} = "),
            _ => String::new(),
        };
        let runs = if answer.runs == 1 { String::new() } else { format!("  ({} times)", answer.runs) };
        let attributes: String = answer.attributes.iter().map(attribute).collect();
        let value = result(answer.value, &answer.words);
        let indent = 4 + 2 * atom.depth;
        let (line, words) = (atom.line, &atom.words);
        // A change of a register has a sign of its own.
        let sign = if atom.is_call() { "=" } else { "->" };
        writeln!(out, "{:indent$}{line}: {name}{words} {sign} {value}{runs}{attributes}", "")?;
    }
    answer.areas.iter().try_for_each(|(name, holds)| writeln!(out, "      {name}: {holds}"))
}
