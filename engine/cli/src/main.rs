//! The `syslet` command: runs scripts of system calls, and shows the table that describes them.
//!
//! A script's way: options → source → tokens → tree → plan → run → report → print.

mod command;
mod exit;
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

use clap::Parser;

fn main() -> ExitCode {
    command::command(options::Options::parse()).into()
}
