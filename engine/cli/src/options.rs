//! The options of the command line, which `command` reads.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::script::syntax::Unit;
use crate::table::words::argument_types;

/// Runs Linux system calls asynchronously: scripts of them, and the table that describes them.
#[derive(Debug, Parser)]
#[command(name = "syslet", version, arg_required_else_help = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Command,
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
    /// End the run after this long: seconds, or a number and a unit, for example 10 or 500ms
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
    /// Only this call, with every column explained, and whether this kernel knows it
    #[arg(value_name = "NAME|NUMBER", conflicts_with_all = ["markdown", "summary", "class", "scope", "arg", "has", "missing_in"])]
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

/// A number and a unit of time, or of seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let wanted = || "a duration is an integer of seconds, or with one of ns us ms s: 500ms".to_owned();
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (count, unit) = text.split_at(digits);
    let unit = if unit.is_empty() { "s" } else { unit };
    let unit = Unit::named(unit).filter(|unit| unit.is_time()).ok_or_else(wanted)?;
    let count: u64 = count.parse().map_err(|_| wanted())?;
    let ns = count.checked_mul(unit.1).ok_or("that is more than 2^64-1 nanoseconds")?;
    if ns == 0 { Err("a duration is longer than 0".to_owned()) } else { Ok(Duration::from_nanos(ns)) }
}
