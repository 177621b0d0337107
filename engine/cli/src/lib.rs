//! The `syslet` command: runs scripts of system calls, and shows the table that describes them. `main` calls it; so do tests
//! that read scripts without running them.
//!
//! A script's way: options → source → tokens → tree → plan → run → report → print.

mod command;
mod exit;
mod generate;
mod measure;
mod names;
mod options;
mod plan;
mod probe;
mod print;
mod report;
mod run;
mod script;
mod table;

use std::process::ExitCode;

use annotate_snippets::Renderer;
use clap::{CommandFactory, FromArgMatches};

/// The command, with the arguments of the process.
#[must_use]
pub fn main() -> ExitCode {
    let matches = options::Options::command().subcommand(generate::subcommand()).get_matches();
    if let Some(directory) = generate::asked(&matches) {
        return command::generated(directory).into();
    }
    match options::Options::from_arg_matches(&matches) {
        Ok(options) => command::command(options).into(),
        Err(error) => error.exit(),
    }
}

/// Reads and checks a script, as the command does before anything runs; gives how many steps it has.
///
/// # Errors
/// The faults and their places, as the command prints them.
pub fn check(text: &str, arguments: &[Vec<u8>]) -> Result<usize, String> {
    let source = script::source::Source { name: "-".to_owned(), text: text.to_owned() };
    let plan = script::compile(&source, arguments);
    plan.map(|plan| plan.steps.len()).map_err(|faults| {
        let all = faults.iter().map(|fault| fault.render(&source, &Renderer::plain()));
        all.collect::<Vec<_>>().join("\n")
    })
}
