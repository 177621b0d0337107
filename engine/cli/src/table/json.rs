//! The table as JSON: one object for each call.

use std::io::{self, Write};

use serde_json::{Value, json};
use syslet::syscalls::{Row, Scope};

use super::words;
use crate::print::JSON_VERSION;

pub(super) fn print(rows: &[&Row], out: &mut impl Write) -> io::Result<()> {
    rows.iter().try_for_each(|row| writeln!(out, "{}", object(row)))
}

pub(super) fn object(row: &Row) -> Value {
    let args: Vec<Value> = (0..row.args.len()).map(|index| argument(row, index)).collect();
    let reason = match row.scope {
        Scope::EngineLife(harm) => Some(harm.why()),
        _ => None,
    };
    json!({
        "v": JSON_VERSION,
        "name": row.name,
        "nr": row.numbers.here(),
        "x86_64": row.numbers.x86_64,
        "aarch64": row.numbers.aarch64,
        "args": args,
        "gives": words::yields(row.yields),
        "class": words::class(row.class),
        "class_when": exceptions(words::classes(row), |class| words::class(class).to_owned()),
        "scope": words::scope(row.scope),
        "scope_when": exceptions(words::scopes(row), |scope| words::scope(scope).to_owned()),
        "refused": reason,
        "descriptors": words::descriptors(row.descriptors),
        "memory": words::memory(row.memory),
        "nonblocking": row.nonblocking.map(|form| form.to_string()),
        "blocking_only": row.blocking_only,
        "restart": row.restart.to_string(),
        "restart_when": exceptions(words::restarts(row), |restart| restart.to_string()),
        "kick": words::kick(row.kick),
        "kick_why": row.kick.to_string(),
        "self_contained": row.is_self_contained(),
        "safe": row.is_safe(),
        "danger": row.danger,
        "gone": row.gone,
    })
}

fn argument(row: &Row, index: usize) -> Value {
    let arg = &row.args[index];
    let form = |formed: words::Formed| {
        json!({
            "when": formed.when(),
            "type": words::ty(formed.arg.ty),
            "direction": words::direction(&formed.arg),
            "bits": formed.arg.width.bits(),
            "length": words::length(&formed.arg),
            "danger": formed.danger,
        })
    };
    json!({
        "name": arg.name,
        "type": words::ty(arg.ty),
        "direction": words::direction(arg),
        "bits": arg.width.bits(),
        "length": words::length(arg),
        "descriptor": words::lent(row, index),
        "forms": words::forms(row, arg).into_iter().map(form).collect::<Vec<_>>(),
    })
}

/// The values of a column that depend on a condition, with it; the usual value is left out.
fn exceptions<T>(all: Vec<(T, Option<String>)>, word: impl Fn(T) -> String) -> Vec<Value> {
    let condition = |(value, given): (T, Option<String>)| Some(json!({ "when": given?, "is": word(value) }));
    all.into_iter().filter_map(condition).collect()
}
