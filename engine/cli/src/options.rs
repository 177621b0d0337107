//! The options of the command line, which `command` reads.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::table::words::argument_types;

/// Runs Linux system calls asynchronously: scripts of them, and the table that describes them.
#[derive(Debug, Parser)]
#[command(name = "syslet", version, arg_required_else_help = true, after_help = EXITS)]
pub(crate) struct Options {
    /// When to use colour; auto is on a terminal, unless NO_COLOR is set, and with CLICOLOR_FORCE everywhere
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", value_enum)]
    pub(crate) color: Colour,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// SCRIPT-33 in short.
pub(crate) const EXITS: &str = "\
Exit status:
  0    all calls succeeded
  1    a call failed or was skipped, or the report could not be written
  2    wrong usage, or an error in the script
  3    not supported here
  124  timed out
  129  hung up (SIGHUP)
  130  interrupted (SIGINT)
  143  terminated (SIGTERM)";

/// When output has colours.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Colour {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs a script
    ///
    /// A script is a list of system calls, one a line: `fd = openat(AT_FDCWD, "/etc/hosts", O_RDONLY)`. Calls that need nothing
    /// from each other are in flight together. A group, `syslet NAME { … }` over several lines, is one submission: in it `stop if fd < 0`,
    /// `if … { … } else { … }`, `loop { … }`, `break if n == 0`, `together { … }` and, at its end, `finally { … }` decide
    /// about the calls; `total += n` changes a register, `buf = area(4096)` is memory that comes back, `buf + at` a part of it.
    /// `@timing`, `@deadline(50ms)` and other attributes stand behind a call; `syslet probe` lists them. specs/scripts.md has all
    /// of it
    Run(RunOptions),
    /// Shows syslet's abilities here: kernel, limits, non-blocking attempts, io_uring, confinement
    Probe(ProbeOptions),
    /// Shows the table of calls
    Table(TableOptions),
}

#[derive(Args, Debug)]
#[command(
    after_help = EXITS,
    override_usage = "syslet run [OPTIONS] <FILE|-> [ARG]...\n       syslet run [OPTIONS] -e <STATEMENT>... [ARG]..."
)]
pub(crate) struct RunOptions {
    /// Print JSON Lines
    #[arg(long)]
    pub(crate) json: bool,
    /// Print the plan and run nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Write the report to this file instead of the standard output
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Print nothing about calls that succeed
    #[arg(short = 'q', long)]
    pub(crate) quiet: bool,
    /// Show at most this many bytes of data in text output
    #[arg(short = 's', value_name = "BYTES", default_value_t = 32)]
    pub(crate) shown_bytes: usize,
    /// Show the paths of descriptors in text output, 3</etc/passwd>
    #[arg(short = 'y', long)]
    pub(crate) fd_paths: bool,
    /// End the run after this long: seconds, or a number and a unit, for example 10, 1.5s, 500ms, 5m or 1h
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
    /// At most this many workers, 0 to 65536; with 0 the command runs every call itself, one after the other
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=65_536))]
    pub(crate) workers: Option<u32>,
    /// Write a line to PATH when a call with @trace begins, and one when it ends; /sys/kernel/tracing/trace_marker puts
    /// them beside the kernel's events
    #[arg(long, value_name = "PATH")]
    pub(crate) trace: Option<PathBuf>,
    /// A statement; repeated, one line each. There is no FILE then
    #[arg(short = 'e', value_name = "STATEMENT")]
    pub(crate) statements: Vec<String>,
    /// The script, - for standard input; behind it the script's arguments: $1, $2 …
    #[arg(value_name = "FILE", trailing_var_arg = true, required_unless_present = "statements")]
    pub(crate) operands: Vec<OsString>,
}

#[derive(Args, Debug)]
pub(crate) struct ProbeOptions {
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct TableOptions {
    /// Print JSON Lines
    #[arg(long)]
    pub(crate) json: bool,
    /// Print the table of specs/syscalls.md
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
    /// Print how many calls there are, and how many of which kind
    #[arg(long, conflicts_with = "markdown")]
    pub(crate) summary: bool,
    #[command(flatten)]
    pub(crate) filters: Filters,
    /// Only this call, with every column explained, and whether this kernel knows it; a part of a name, or one with `*` and `?`,
    /// lists the calls that have it
    #[arg(value_name = "NAME|NUMBER|PATTERN", conflicts_with_all = ["markdown", "summary", "class", "scope", "arg", "has", "missing_in"])]
    pub(crate) call: Option<String>,
}

/// Which rows to show: those for which all of these hold.
#[derive(Args, Debug)]
pub(crate) struct Filters {
    /// Calls that are of this class, with some arguments at least
    #[arg(long, value_parser = ["instant", "storage", "descriptor", "sleeps"])]
    pub(crate) class: Option<String>,
    /// Calls that have this scope, with some arguments at least
    #[arg(long, value_parser = ["process", "reads-thread", "writes-thread", "bound-to-thread", "engine-life"])]
    pub(crate) scope: Option<String>,
    /// Calls with an argument of this type; may be repeated
    #[arg(long, value_name = "TYPE", value_parser = PossibleValuesParser::new(argument_types()))]
    pub(crate) arg: Vec<String>,
    /// Calls of which this can be said; may be repeated
    #[arg(long, value_name = "COLUMN")]
    pub(crate) has: Vec<Column>,
    /// Calls that this has no way of making
    #[arg(long, value_name = "INTERFACE")]
    pub(crate) missing_in: Option<MissingIn>,
}

/// A statement about a call, true or false.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Column {
    /// It has a non-blocking attempt
    Nonblocking,
    /// It acts on the address space
    Memory,
    /// It closes or replaces descriptors
    Descriptors,
    /// It changes its thread, and wants PRIVATE
    Private,
    /// Arguments decide about class, scope or restart
    Condition,
    /// It can be interrupted
    Restart,
    /// A submitter that is held in it is taken out
    Kick,
    /// Safe code must not make it, for a reason of its own
    Danger,
    /// All it needs can travel in a submission
    SelfContained,
    /// Safe code may make it
    Safe,
    /// The kernel has only the number left
    Gone,
}

/// Another way of making calls.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum MissingIn {
    /// io_uring of the running kernel, or where that is forbidden, of a known one
    #[value(name = "io_uring")]
    IoUring,
}

/// The units of durations.
const UNITS: [(&str, u64); 6] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// A number, which can have decimals, and a unit of time, or of seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let wanted =
        || "a duration is a number of seconds, or with one of ns us ms s m h: 500ms, 1.5s".to_owned();
    let number = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(number);
    let unit = if unit.is_empty() { "s" } else { unit };
    let (_, unit) = UNITS.into_iter().find(|(name, _)| *name == unit).ok_or_else(wanted)?;
    let (whole, decimals) = match number.split_once('.') {
        Some((_, "")) => return Err(wanted()),
        Some((whole, decimals)) => (whole, decimals),
        None => (number, ""),
    };
    let too_long = "that is more than 2^64-1 nanoseconds";
    let mut ns = whole.parse::<u64>().map_err(|_| wanted())?.checked_mul(unit).ok_or(too_long)?;
    let mut rest = unit;
    for digit in decimals.bytes() {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0')).ok_or_else(wanted)?;
        if digit > 0 && !rest.is_multiple_of(10) {
            return Err("a duration has whole nanoseconds".to_owned());
        }
        rest /= 10;
        ns = ns.checked_add(digit * rest).ok_or(too_long)?;
    }
    if ns == 0 { Err("a duration is longer than 0".to_owned()) } else { Ok(Duration::from_nanos(ns)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SCRIPT-35: durations have units from nanoseconds to hours, and decimals.
    #[test]
    fn durations() {
        let ms = |text: &str| duration(text).map(|duration| duration.as_nanos() / 1_000_000);
        let known = [
            ("10", 10_000),
            ("500ms", 500),
            ("1.5s", 1500),
            ("0.25", 250),
            ("5m", 300_000),
            ("1h", 3_600_000),
            ("1.5h", 5_400_000),
        ];
        for (text, expected) in known {
            assert_eq!(ms(text), Ok(expected), "{text}");
        }
        assert_eq!(duration("1.5us").map(|it| it.as_nanos()), Ok(1500));
        for text in
            ["", "0", "0.0s", ".5s", "1.s", "1.5.5s", "1.5ns", "-1s", "5d", "5 s", "1e3", "99999999999h", "s"]
        {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
