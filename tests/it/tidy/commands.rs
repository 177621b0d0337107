//! The documents name the commands that the continuous integration runs.

use super::files::{self, File};
use super::{assert_caught, assert_none};

/// The commands of `.ci/run`: each stands in single quotes behind `run`.
fn commands(script: &str) -> Vec<&str> {
    script.lines().filter_map(|line| line.trim().strip_prefix("run '")?.strip_suffix('\'')).collect()
}

/// The lines of a document's first shell block.
fn first_shell_block(document: &str) -> Vec<&str> {
    let block = document.split_once("```sh\n").map_or("", |(_, rest)| rest);
    block.lines().take_while(|line| !line.starts_with("```")).filter(|line| !line.is_empty()).collect()
}

fn faults(script: &str, readme: &str, contributing: &str) -> Vec<String> {
    let run = commands(script);
    let promised = first_shell_block(readme);
    let mut faults = Vec::new();
    if run.is_empty() || promised.is_empty() {
        faults.push(".ci/run and README.md name no commands".to_owned());
    }
    for line in promised.iter().filter(|line| !run.contains(line)) {
        faults.push(format!("README.md: `{line}` is no command of .ci/run"));
    }
    for command in run.iter().filter(|command| !contributing.lines().any(|line| line.trim() == **command)) {
        faults.push(format!("CONTRIBUTING.md: `{command}` of .ci/run is missing"));
    }
    faults
}

#[test]
fn the_documents_name_the_commands_that_run() {
    let files = files::all();
    let text = |path: &str| {
        let is_it = |file: &&File| file.path == path;
        files.iter().find(is_it).unwrap_or_else(|| panic!("{path}: no such file")).text.as_str()
    };
    assert_none(&faults(text(".ci/run"), text("README.md"), text("CONTRIBUTING.md")));
}

#[test]
fn a_command_that_differs_is_caught() {
    let (script, readme) = ("run 'a b'\nrun 'c'\n", "Text\n```sh\nc\n```\n```sh\nother\n```\n");
    assert_none(&faults(script, readme, "    a b\n    c\n"));
    assert_caught(&faults(script, readme, "c\n"), "CONTRIBUTING.md: `a b`");
    assert_caught(&faults(script, "```sh\nd\n```\n", "a b\nc\n"), "README.md: `d`");
    assert_caught(&faults("", "", ""), "name no commands");
}
