//! What lies at the top level, and how long a file gets.

use std::collections::BTreeSet;

use super::files::{self, File};
use super::{assert_caught, assert_none};

/// Everything that lies at the top level, besides dot-files and what a build leaves in `target`.
const TOP_LEVEL: &[&str] = &[
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "abi",
    "attrs",
    "benches",
    "engine",
    "specs",
    "syscalls",
    "tests",
];

/// A file that is longer tells more than one idea. Tables have one idea and many lines.
const LINES_MAX: usize = 600;
/// Files and folders whose lines are the rows of a table.
const TABLES: &[&str] = &["syscalls/src/table"];

fn top_level_faults(found: &BTreeSet<String>) -> Vec<String> {
    let expected: BTreeSet<String> = TOP_LEVEL.iter().map(|name| (*name).to_owned()).collect();
    let is_free = |name: &str| name.starts_with('.') || name == "target";
    let extra = found.difference(&expected).filter(|name| !is_free(name));
    let extra = extra.map(|name| format!("{name}: has no place at the top level"));
    extra.chain(expected.difference(found).map(|name| format!("{name}: missing at the top level"))).collect()
}

fn length_faults(files: &[File]) -> Vec<String> {
    let is_table = |file: &File| TABLES.iter().any(|table| file.path.starts_with(table));
    let too_long = |file: &&File| file.text.lines().count() > LINES_MAX && !is_table(file);
    let fault =
        |file: &File| format!("{}: {} lines, at most {LINES_MAX}", file.path, file.text.lines().count());
    files.iter().filter(too_long).map(fault).collect()
}

#[test]
fn the_top_level_holds_what_it_should() {
    let entries = std::fs::read_dir(files::root()).expect("the top level is readable");
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.expect("the top level is readable").file_name().to_string_lossy().into_owned()
    };
    assert_none(&top_level_faults(&entries.map(name).collect()));
}

#[test]
fn source_files_are_short() {
    assert_none(&length_faults(&files::rust()));
}

#[test]
fn a_stranger_at_the_top_level_is_caught() {
    let mut found: BTreeSet<String> = TOP_LEVEL.iter().map(|name| (*name).to_owned()).collect();
    found.extend([".ci".to_owned(), "target".to_owned()]);
    assert_none(&top_level_faults(&found));
    found.insert("scripts".to_owned());
    assert_caught(&top_level_faults(&found), "scripts: has no place");
    found.remove("scripts");
    found.remove("specs");
    assert_caught(&top_level_faults(&found), "specs: missing");
}

#[test]
fn a_long_file_is_caught() {
    let file = |path: &str, lines: usize| File { path: path.into(), text: "x\n".repeat(lines) };
    assert_none(&length_faults(&[file("a.rs", LINES_MAX), file("syscalls/src/table.rs", 2 * LINES_MAX)]));
    assert_caught(&length_faults(&[file("a.rs", LINES_MAX + 1)]), "a.rs: 601 lines");
}
