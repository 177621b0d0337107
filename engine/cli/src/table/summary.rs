//! The counts of rows, for `--summary` and the table of the documents.

use std::io::{self, Write};

use serde_json::{Map, Value};
use syslet::syscalls::{Class, Row, Scope};

use super::{compared, words};
use crate::print::JSON_VERSION;

/// A count: its key, its words, and the test of a row.
type Count = (&'static str, &'static str, fn(&Row) -> bool);

const COMPARED: &str = "compared";

const COUNTS: &[Count] = &[
    ("rows", "calls with a row", |_| true),
    ("x86_64", "of them on x86_64", |row| row.numbers.x86_64.is_some()),
    ("aarch64", "of them on aarch64", |row| row.numbers.aarch64.is_some()),
    ("gone", "numbers without a call any more", |row| row.gone.is_some()),
    ("nonblocking", "with a non-blocking attempt", |row| row.nonblocking.is_some()),
    ("self_contained", "self-contained", Row::is_self_contained),
    ("safe", "that safe code may make", Row::is_safe),
    (COMPARED, "compared with the plain call by a test", compared::is_compared),
    ("instant", "instant", |row| row.class == Class::Instant),
    ("storage", "waiting for storage", |row| row.class == Class::Storage),
    ("descriptor", "where the descriptor decides", |row| row.class == Class::Descriptor),
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

/// The counts that are known: key, words, number.
fn counted<'a>(rows: &'a [&Row]) -> impl Iterator<Item = (&'static str, &'static str, usize)> + 'a {
    let known = COUNTS.iter().filter(|(key, ..)| *key != COMPARED || compared::is_known());
    known.map(|(key, text, counts)| (*key, *text, rows.iter().filter(|row| counts(row)).count()))
}

pub(super) fn print(rows: &[&Row], as_json: bool, out: &mut impl Write) -> io::Result<()> {
    if as_json {
        let version = [("v".to_owned(), Value::from(JSON_VERSION))];
        let counts = counted(rows).map(|(key, _, count)| (key.to_owned(), Value::from(count)));
        let object: Map<String, Value> = version.into_iter().chain(counts).collect();
        return writeln!(out, "{}", Value::from(object));
    }
    counted(rows).try_for_each(|(_, text, count)| writeln!(out, "{count:>4}  {text}"))
}

/// The counts as a table of the documents.
pub(super) fn markdown(rows: &[&Row], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "| calls | |\n|---:|---|")?;
    counted(rows).try_for_each(|(_, text, count)| writeln!(out, "| {count} | {text} |"))
}
