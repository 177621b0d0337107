//! The `syslet` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    syslet_cli::main()
}
