//! Which calls have a case, and that the specification names those that have none.

use std::collections::BTreeSet;
use std::path::Path;

use syslet::syscalls::rows;

use crate::cases;

/// The heading of the list, in specs/testing.md.
const HEADING: &str = "## Calls without an equivalence test";
/// A case for fewer calls would be a step back.
const CALLS_MIN: usize = 220;

fn covered() -> BTreeSet<&'static str> {
    cases().iter().map(|case| case.call).collect()
}

/// The calls in the first column of the table under the heading, each with the reason beside it.
fn listed(text: &str) -> Vec<(String, String)> {
    let section = text.split_once(HEADING).map_or("", |(_, section)| section);
    let lines = section.lines().take_while(|line| !line.starts_with("## "));
    let rows = lines.filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |")?.split_once(" | "));
    rows.flat_map(|(calls, why)| {
        let calls = calls.split(',').map(|call| call.trim().trim_matches('`').to_owned());
        calls.map(|call| (call, why.trim().to_owned())).collect::<Vec<_>>()
    })
    .collect()
}

/// What the list and the rows do not agree about.
fn faults(text: &str, covered: &BTreeSet<&str>, known: &BTreeSet<&str>) -> Vec<String> {
    let listed = listed(text);
    let names: BTreeSet<&str> = listed.iter().map(|(call, _)| call.as_str()).collect();
    let mut faults = Vec::new();
    for call in known.difference(covered).filter(|call| !names.contains(*call)) {
        faults.push(format!("{call} has no case, and stands not in the list"));
    }
    for (call, why) in &listed {
        if covered.contains(call.as_str()) {
            faults.push(format!("{call} has a case, and stands in the list"));
        } else if !known.contains(call.as_str()) {
            faults.push(format!("{call} is listed, and no call of this architecture"));
        }
        if why.is_empty() {
            faults.push(format!("{call} is listed without a reason"));
        }
    }
    if names.len() != listed.len() {
        faults.push("a call is listed twice".to_owned());
    }
    faults
}

/// ENGINE-19: most calls are compared, and specs/testing.md says of each other one why not.
#[test]
fn calls_without_a_case_have_a_reason() {
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs/testing.md");
    let text = std::fs::read_to_string(specs).unwrap();
    let known: BTreeSet<&str> =
        rows().iter().filter(|row| row.numbers.here().is_some()).map(|row| row.name).collect();
    let faults = faults(&text, &covered(), &known);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(covered().len() >= CALLS_MIN, "{} calls have a case", covered().len());
}

/// Calls with a non-blocking form of which no case sleeps, and why none can.
const NEVER_ASLEEP: &[(&str, &str)] = &[
    ("pread64", "positions are for files, whose wait nobody can lengthen"),
    ("preadv", "positions are for files, whose wait nobody can lengthen"),
    ("getrandom", "it sleeps only until the machine has started"),
    ("openat2", "it waits for storage, which nobody can lengthen"),
    (
        "close",
        "it waits for a server, a line or a peer that lingers, and no longer than the time that is set for it",
    ),
    ("dup2", "as close, of the file that it replaces"),
    ("dup3", "as close, of the file that it replaces"),
    ("nanosleep", "its own time ends it"),
    ("clock_nanosleep", "its own time ends it"),
];

/// ENGINE-19: a call that can be tried first is also tried where it would sleep, and ended by a worker.
#[test]
fn calls_with_an_attempt_are_found_asleep() {
    let cases = cases();
    let asleep: BTreeSet<&str> = cases
        .iter()
        .filter(|case| case.unblock.is_some() && !case.allowed.submitter)
        .map(|case| case.call)
        .collect();
    let attempted = rows().iter().filter(|row| row.nonblocking.is_some() && row.numbers.here().is_some());
    for row in attempted {
        let is_excused = NEVER_ASLEEP.iter().any(|(call, _)| *call == row.name);
        assert!(
            asleep.contains(row.name) || is_excused,
            "{} has a non-blocking form and no case that sleeps",
            row.name
        );
    }
}

#[test]
fn a_list_that_is_not_current_is_caught() {
    let text = |table: &str| {
        format!("# T\n\n{HEADING}\n\n| call | why not |\n|---|---|\n{table}\n## Next\n| `z` | y |\n")
    };
    let (covered, known) = (BTreeSet::from(["a"]), BTreeSet::from(["a", "b", "c"]));
    let count = |table: &str| faults(&text(table), &covered, &known).len();
    assert_eq!(count("| `b`, `c` | why |\n"), 0);
    assert_eq!(count("| `b` | why |\n"), 1, "c is missing");
    assert_eq!(count("| `b`, `c` | why |\n| `a` | why |\n"), 1, "a has a case");
    assert_eq!(count("| `b`, `c` | why |\n| `d` | why |\n"), 1, "d is unknown");
    assert_eq!(count("| `b`, `c` |  |\n"), 2, "no reason");
    assert_eq!(count("| `b`, `c` | why |\n| `c` | why |\n"), 1, "twice");
}
