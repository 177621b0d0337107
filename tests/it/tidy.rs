//! What no lint sees: the source tree is read and compared with the project's own rules.
//!
//! Each check is a function from text to a list of faults, so that a fixture can prove that it catches something;
//! the tests then run it over the tree.

use syslet_tests::{files, mask};

mod commands;
mod cycles;
mod edges;
mod layout;
mod places;
mod pronouns;
mod raw_args;
mod rooms;
mod rules;
mod unsafe_code;
mod words;

/// Fails with one line for each fault.
#[track_caller]
fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "{} fault(s):\n{}", faults.len(), faults.join("\n"));
}

/// Fails unless exactly one fault is found, and it contains `part`.
#[track_caller]
fn assert_caught(faults: &[String], part: &str) {
    assert!(faults.len() == 1 && faults[0].contains(part), "expected one fault about {part:?}: {faults:#?}");
}
