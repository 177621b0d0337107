//! How many rows say what.

use std::io::{self, Write};

use serde_json::{Map, Value};
use syslet::syscalls::{Class, Row, Scope};

use super::words;

/// A count, what it is called, and which rows count.
type Count = (&'static str, &'static str, fn(&Row) -> bool);

const COUNTS: &[Count] = &[
    ("rows", "calls with a row", |_| true),
    ("x86_64", "of them on x86_64", |row| row.numbers.x86_64.is_some()),
    ("aarch64", "of them on aarch64", |row| row.numbers.aarch64.is_some()),
    ("gone", "numbers whose call is gone", |row| row.gone.is_some()),
    ("twins", "with a twin", |row| row.twin.is_some()),
    ("self_contained", "self-contained", Row::is_self_contained),
    ("safe", "that safe code may make", Row::is_safe),
    ("instant", "instant", |row| row.class == Class::Instant),
    ("storage", "waiting for storage", |row| row.class == Class::Storage),
    ("descriptor", "whose descriptor decides", |row| row.class == Class::Descriptor),
    ("sleeps", "that may sleep for ever", |row| row.class == Class::Sleeps),
    ("writes_thread", "that change their thread, at least with some arguments", writes_thread),
    ("bound_to_thread", "bound to their thread, in the same way", bound_to_thread),
    ("engine_life", "that no engine makes, in the same way", engine_life),
];

fn can_be(row: &Row, is_it: impl Fn(Scope) -> bool) -> bool {
    words::scopes(row).into_iter().any(|(scope, _)| is_it(scope))
}

fn writes_thread(row: &Row) -> bool {
    can_be(row, |scope| scope == Scope::WritesThread)
}

fn bound_to_thread(row: &Row) -> bool {
    can_be(row, |scope| scope == Scope::BoundToThread)
}

fn engine_life(row: &Row) -> bool {
    can_be(row, |scope| matches!(scope, Scope::EngineLife(_)))
}

pub(super) fn print(rows: &[&Row], as_json: bool, out: &mut impl Write) -> io::Result<()> {
    let count = |counts: fn(&Row) -> bool| rows.iter().filter(|row| counts(row)).count();
    if as_json {
        let counts = COUNTS.iter().map(|(key, _, counts)| ((*key).to_owned(), Value::from(count(*counts))));
        let object: Map<String, Value> =
            [("v".to_owned(), Value::from(1))].into_iter().chain(counts).collect();
        return writeln!(out, "{}", Value::from(object));
    }
    for (_, text, counts) in COUNTS {
        writeln!(out, "{:>4}  {text}", count(*counts))?;
    }
    Ok(())
}

/// The counts as a table of the documents.
pub(super) fn markdown(rows: &[&Row], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "| calls | |\n|---:|---|")?;
    for (_, text, counts) in COUNTS {
        writeln!(out, "| {} | {text} |", rows.iter().filter(|row| counts(row)).count())?;
    }
    Ok(())
}
