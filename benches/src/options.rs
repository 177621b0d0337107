//! The command line.

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};
use syslet_benches::{busy, chains, contender, echo, instructions, sleepers, workload};

/// At most this many calls in flight.
const DEPTH_MAX: u64 = 1024;

/// At most so many connections.
const CLIENTS_MAX: i64 = 10_000;

/// A message fits the buffers of its connection, so that a client that sends it never sleeps.
const MESSAGE_BYTES_MAX: i64 = 4096;

/// At most so many calls asleep.
const SLEEPERS_MAX: i64 = 60_000;

/// Compares ways of making system calls.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs contenders in interleaved rounds and prints medians
    Compare(Compare),
    /// Compares ways of doing work of several calls that depend on each other
    Chains(Chains),
    /// Prints each goal of the engine with the figure that is reached here
    Scorecard(Scorecard),
    /// Prints the instructions of a call, counted by valgrind's callgrind
    Instructions(Instructions),
    /// Prints the latency of fast calls beside slow ones, and without them
    MixedSlow(MixedSlow),
    /// Compares ways of writing a server that sends back what its clients send
    Echo(Echo),
    /// Looks for lost, doubled and wrong completions while everything changes
    Soak(Soak),
    /// Prints what calls that sleep cost, many at once
    Sleepers(Sleepers),
    /// What `--busy` starts: computes on each of these cores until standard input ends
    #[command(name = busy::COMMAND, hide = true)]
    Compute(Compute),
    /// What `instructions` counts: makes so many batches of calls
    #[command(name = instructions::COMMAND, hide = true)]
    Repeat(Repeat),
}

#[derive(Args, Debug)]
pub(crate) struct Compute {
    pub(crate) cores: Vec<usize>,
}

#[derive(Args, Debug)]
pub(crate) struct Repeat {
    #[command(flatten)]
    pub(crate) of: Instructions,
    /// How many batches
    #[arg(long, value_name = "N")]
    pub(crate) batches: u32,
}

#[derive(Args, Debug)]
pub(crate) struct Scorecard {
    /// Fewer rounds: coarse figures, soon
    #[arg(long)]
    pub(crate) quick: bool,
    /// One line of JSON for each goal instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Instructions {
    /// What to do
    #[arg(long, value_name = "NAME", value_parser = workloads(), default_value = "getppid")]
    workload: String,
    /// What does it
    #[arg(long, value_name = "NAME", value_parser = contenders(), default_value = "engine-inline")]
    contender: String,
    /// How many calls to have in flight
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u64).range(1..=DEPTH_MAX))]
    depth: u64,
}

#[derive(Args, Debug)]
pub(crate) struct Compare {
    /// What to do
    #[arg(long, value_delimiter = ',', value_name = "NAME", value_parser = workloads(), default_values_t = all(workload_names()))]
    pub(crate) workloads: Vec<String>,
    /// How many calls to have in flight
    #[arg(long, value_delimiter = ',', value_name = "N", default_values_t = [1, 32, 128], value_parser = clap::value_parser!(u64).range(1..=DEPTH_MAX))]
    pub(crate) depths: Vec<u64>,
    /// Keep every other core busy with a compute thread
    #[arg(long)]
    pub(crate) busy: bool,
    #[command(flatten)]
    pub(crate) shared: Shared,
}

#[derive(Args, Debug)]
pub(crate) struct Chains {
    /// What to do
    #[arg(long, value_delimiter = ',', value_name = "NAME", value_parser = PossibleValuesParser::new(chain_names().collect::<Vec<_>>()), default_values_t = all(chain_names()))]
    pub(crate) workloads: Vec<String>,
    /// Keep every other core busy with a compute thread
    #[arg(long)]
    pub(crate) busy: bool,
    /// Fewer rounds: coarse figures, soon
    #[arg(long)]
    pub(crate) quick: bool,
    /// One line of JSON for each result instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct MixedSlow {
    /// What the fast calls do
    #[arg(long, value_name = "NAME", value_parser = workloads(), default_value = "pread-cached")]
    fast: String,
    /// How many calls to have in flight
    #[arg(long, value_delimiter = ',', value_name = "N", default_values_t = [32, 128], value_parser = clap::value_parser!(u64).range(1..=DEPTH_MAX))]
    pub(crate) depths: Vec<u64>,
    #[command(flatten)]
    pub(crate) shared: Shared,
}

#[derive(Args, Debug)]
pub(crate) struct Echo {
    /// How many connections
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=CLIENTS_MAX))]
    clients: u32,
    /// How many messages each client sends, one after the other
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    messages: u32,
    /// How long a message is
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=MESSAGE_BYTES_MAX))]
    bytes: u32,
    /// Which servers; the first in the list of all is what the others are compared with
    #[arg(long, value_delimiter = ',', value_name = "NAME", value_parser = PossibleValuesParser::new(server_names().collect::<Vec<_>>()), default_values_t = all(server_names()))]
    servers: Vec<String>,
    /// Fewer rounds: coarse figures, soon
    #[arg(long)]
    quick: bool,
    /// One line of JSON for each result instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Shared {
    /// Who does it; "direct", which all are compared with, always takes part
    #[arg(long, value_delimiter = ',', value_name = "NAME", value_parser = contenders(), default_values_t = all(contender_names()))]
    pub(crate) contenders: Vec<String>,
    /// Fewer calls: coarse figures, soon
    #[arg(long)]
    pub(crate) quick: bool,
    /// One line of JSON for each result instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Soak {
    /// How long
    #[arg(long, value_name = "N", default_value_t = 60)]
    pub(crate) seconds: u64,
    /// Whatever is chosen by chance follows from it; by default it is chosen by chance itself
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
}

#[derive(Args, Debug)]
pub(crate) struct Sleepers {
    /// How many calls sleep at once
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(2..=SLEEPERS_MAX))]
    pub(crate) count: u32,
    /// What they do; by default half is in nanosleep, half waits on a futex
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(sleepers::KINDS.iter().map(|(name, _)| *name)), default_value = sleepers::KINDS[0].0)]
    kind: String,
    /// One object of JSON instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    /// Only what an idle engine takes, for a process of its own
    #[arg(long, hide = true)]
    pub(crate) idle: bool,
}

impl Compare {
    /// How many rounds count.
    pub(crate) fn rounds(&self) -> usize {
        if self.shared.quick { 21 } else { 201 }
    }
}

impl Scorecard {
    /// How many rounds count. A median of fewer than 9 says nothing.
    pub(crate) fn rounds(&self) -> usize {
        if self.quick { 9 } else { 101 }
    }
}

impl Echo {
    /// How many rounds count.
    pub(crate) fn rounds(&self) -> usize {
        if self.quick { 3 } else { 21 }
    }

    /// How much is echoed.
    pub(crate) fn size(&self) -> echo::Size {
        let [clients, messages, bytes] = [self.clients, self.messages, self.bytes].map(|n| n as usize);
        echo::Size { clients, messages, bytes }
    }

    /// Those that are asked for, in the order of all.
    pub(crate) fn servers(&self) -> Vec<&'static echo::Kind> {
        let is_asked = |kind: &&echo::Kind| self.servers.iter().any(|name| name == kind.name);
        echo::ALL.iter().filter(is_asked).collect()
    }
}

impl Sleepers {
    /// What the calls do.
    pub(crate) fn kind(&self) -> sleepers::Kind {
        let found = sleepers::KINDS.iter().find(|(name, _)| *name == self.kind);
        found.expect("only known names are parsed").1
    }
}

impl Instructions {
    /// What makes which calls.
    pub(crate) fn subject(&self) -> instructions::Subject {
        let workload = workload::ALL.iter().find(|kind| kind.name == self.workload);
        let contender = contender::ALL.iter().find(|kind| kind.name == self.contender);
        instructions::Subject {
            workload: workload.expect("only known names are parsed"),
            contender: contender.expect("only known names are parsed"),
            depth: usize::try_from(self.depth).expect("depths are small"),
        }
    }
}

impl MixedSlow {
    /// How many calls each contender makes at least.
    pub(crate) fn calls(&self) -> usize {
        if self.shared.quick { 4_480 } else { 32_000 }
    }

    /// The workload of the fast calls.
    pub(crate) fn fast(&self) -> &'static workload::Kind {
        let is_it = |kind: &&workload::Kind| kind.name == self.fast;
        workload::ALL.iter().find(is_it).expect("only known names are parsed")
    }
}

fn server_names() -> impl Iterator<Item = &'static str> {
    echo::ALL.iter().map(|kind| kind.name)
}

fn chain_names() -> impl Iterator<Item = &'static str> {
    chains::ALL.iter().map(|kind| kind.name)
}

fn workload_names() -> impl Iterator<Item = &'static str> {
    workload::ALL.iter().map(|kind| kind.name)
}

fn contender_names() -> impl Iterator<Item = &'static str> {
    contender::ALL.iter().map(|kind| kind.name)
}

fn workloads() -> PossibleValuesParser {
    PossibleValuesParser::new(workload_names().collect::<Vec<_>>())
}

fn contenders() -> PossibleValuesParser {
    PossibleValuesParser::new(contender_names().collect::<Vec<_>>())
}

fn all(names: impl Iterator<Item = &'static str>) -> Vec<String> {
    names.map(str::to_owned).collect()
}

#[cfg(test)]
fn refused(arguments: &[&str]) -> String {
    let error = Options::try_parse_from([&["syslet-benches", "compare"], arguments].concat()).unwrap_err();
    assert_eq!(error.exit_code(), 2);
    error.to_string()
}

#[test]
fn an_unknown_name_is_refused_with_the_known_ones() {
    let error = refused(&["--workloads", "getppid,statz"]);
    assert!(workload_names().all(|name| error.contains(name)) && error.contains("statz"), "{error}");
    let error = refused(&["--contenders", "dirct"]);
    assert!(contender_names().all(|name| error.contains(name)) && error.contains("dirct"), "{error}");
}

#[test]
fn a_depth_out_of_range_is_refused() {
    assert!(refused(&["--depths", "0"]).contains("1..=1024"));
    assert!(refused(&["--depths", "1,1025"]).contains("1..=1024"));
    assert!(refused(&["--depths", "many"]).contains("many"));
}

#[test]
fn without_names_everything_runs() {
    let Command::Compare(options) = Options::parse_from(["syslet-benches", "compare"]).command else {
        panic!("another command");
    };
    assert!(workload_names().eq(options.workloads.iter().map(String::as_str)));
    assert!(contender_names().eq(options.shared.contenders.iter().map(String::as_str)));
    assert_eq!(options.depths, [1, 32, 128]);
}
