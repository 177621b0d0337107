//! The exit codes of the command, for all of its subcommands.

use std::process::ExitCode;

/// The command's exit codes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Exit {
    /// All calls succeeded.
    Success,
    /// A call failed or was skipped.
    Failure,
    /// Wrong usage, or an error in the script.
    Usage,
    /// This machine, kernel or option does not support it.
    NotSupported,
    /// The time given had passed.
    TimedOut,
    /// SIGHUP.
    HungUp,
    /// SIGINT.
    Interrupted,
    /// SIGTERM.
    Terminated,
}

impl Exit {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::Failure => 1,
            Exit::Usage => 2,
            Exit::NotSupported => 3,
            Exit::TimedOut => 124,
            Exit::HungUp => 129,
            Exit::Interrupted => 130,
            Exit::Terminated => 143,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
