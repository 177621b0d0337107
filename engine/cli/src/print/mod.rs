//! The output of a run: text for people, JSON Lines for programs. `command` chooses a printer, `run` reports to it.

pub(crate) mod attribute;
pub(crate) mod json;
pub(crate) mod output;
pub(crate) mod plan;
mod ran;
#[cfg(test)]
mod tests;
pub(crate) mod text;

use std::io;

use crate::names;
use crate::report::Report;

/// The version of the command's JSON documents.
pub(crate) const JSON_VERSION: u32 = 3;

/// Tells of each step that is over.
pub(crate) trait Printer {
    fn report(&mut self, report: &Report<'_>) -> io::Result<()>;

    /// Everything told so far is visible.
    fn flush(&mut self) -> io::Result<()>;
}

/// Hands reports on; with `is_quiet`, only those of failures.
pub(crate) struct Quiet<'a> {
    pub(crate) is_quiet: bool,
    pub(crate) printer: &'a mut dyn Printer,
}

impl Printer for Quiet<'_> {
    fn report(&mut self, report: &Report<'_>) -> io::Result<()> {
        if self.is_quiet && report.outcome.succeeded() { Ok(()) } else { self.printer.report(report) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.printer.flush()
    }
}

/// The name of an error number, or the number.
pub(crate) fn errno_name(errno: i32) -> String {
    names::errno_name(errno).map_or_else(|| format!("errno {errno}"), str::to_owned)
}
