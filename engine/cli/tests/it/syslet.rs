//! Runs the command and gives its exit code and output.

use std::process::{Command, Output, Stdio};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

/// The exit code and output of a run.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The command, in an environment that says nothing of colours.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_syslet"));
    command.stdin(Stdio::null());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command
}

/// Runs the command with these arguments.
pub(crate) fn syslet(arguments: &[&str]) -> Ended {
    ended(command().args(arguments).output().expect("the command was built"))
}

/// Runs statements, one argument each.
pub(crate) fn statements(options: &[&str], statements: &[&str]) -> Ended {
    let statements = statements.iter().flat_map(|statement| ["-e", statement]);
    let all: Vec<&str> = ["run"].into_iter().chain(options.iter().copied()).chain(statements).collect();
    syslet(&all)
}

pub(crate) fn ended(output: Output) -> Ended {
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("output is UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("messages are UTF-8"),
    }
}

impl Ended {
    /// The code and the output, with nothing on stderr.
    #[track_caller]
    pub(crate) fn quiet(&self) -> (i32, &str) {
        assert_eq!(self.stderr, "");
        (self.code.expect("it was not killed"), &self.stdout)
    }

    /// The lines printed, as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Vec<Value> {
        assert_eq!(self.stderr, "");
        self.stdout.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }
}

/// The bytes that came back for an argument.
#[track_caller]
pub(crate) fn data(line: &Value, argument: u64) -> Vec<u8> {
    let all = line["data"].as_array().expect("data is an array");
    let one = all.iter().find(|one| one["arg"] == argument).expect("bytes came back for the argument");
    let bytes = BASE64_STANDARD.decode(one["base64"].as_str().expect("a string")).expect("base64");
    assert_eq!(one["len"], bytes.len());
    bytes
}
