//! The table of the documents: counts, then one line for each call.

use std::io::{self, Write};

use syslet::syscalls::{Descriptors, Memory, Row, Scope};

use super::{summary, words};

const HEAD: &str = "\
| x86_64 | aarch64 | call | gives | class | scope | effects | nonblocking | after EINTR | kicked | submitted by |
|---:|---:|---|---|---|---|---|---|---|---|---|";

pub(super) fn print(rows: &[&Row], out: &mut impl Write) -> io::Result<()> {
    summary::markdown(rows, out)?;
    writeln!(out, "\n{HEAD}")?;
    rows.iter().try_for_each(|row| writeln!(out, "{}", line(row)))
}

fn line(row: &Row) -> String {
    let on = |number: Option<u16>| number.map_or("–".to_owned(), |number| number.to_string());
    let cells = [
        on(row.numbers.x86_64),
        on(row.numbers.aarch64),
        format!("`{}`", words::prototype(row)),
        words::yields(row.yields).to_owned(),
        column(words::classes(row), |class| words::class(class).to_owned()),
        column(words::scopes(row), scope),
        effects(row),
        words::nonblocking(row).unwrap_or_else(|| "–".to_owned()),
        column(words::restarts(row), words::restart),
        words::kick(row.kick).to_owned(),
        who_may(row),
    ];
    format!("| {} |", cells.join(" | "))
}

/// The usual value, then each other one with the condition under which it counts.
fn column<T>(all: Vec<(T, Option<String>)>, word: impl Fn(T) -> String) -> String {
    let cell = |(value, given): (T, Option<String>)| {
        let word = word(value);
        given.map_or(word.clone(), |given| format!("{word} if {given}"))
    };
    all.into_iter().map(cell).collect::<Vec<_>>().join("; ")
}

fn scope(scope: Scope) -> String {
    match scope {
        Scope::EngineLife(harm) => format!("engine-life ({harm:?})"),
        scope => words::scope(scope).to_owned(),
    }
}

fn effects(row: &Row) -> String {
    let memory = (row.memory != Memory::Kept).then(|| format!("{} memory", words::memory(row.memory)));
    let descriptors = (row.descriptors != Descriptors::Kept).then(|| words::descriptors(row.descriptors));
    let found: Vec<String> = memory.into_iter().chain(descriptors).collect();
    if found.is_empty() { "–".to_owned() } else { found.join(", ") }
}

fn who_may(row: &Row) -> String {
    match (row.gone, row.danger) {
        (Some(why), _) => format!("gone: {why}"),
        _ if row.is_safe() => "safe code".to_owned(),
        (_, Some(danger)) => format!("`push`: {danger}"),
        _ if row.is_self_contained() => "`push`, self-contained".to_owned(),
        _ => "`push`".to_owned(),
    }
}
