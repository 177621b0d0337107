//! The process of the `syslet` command: hands its arguments to the library, and its exit code to the system.

use std::process::ExitCode;

fn main() -> ExitCode {
    syslet_cli::main()
}
