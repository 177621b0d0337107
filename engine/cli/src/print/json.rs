//! The printer of JSON Lines (SCRIPT-28): one object for each step, every key always present.

use std::io::{self, Write};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use syslet::DoneFlags;
use syslet::attrs::RunBy;

use crate::plan::group::{Atom, Group};
use crate::plan::{Operand, Repeat};
use crate::print::ran::ran;
use crate::print::{JSON_VERSION, Printer, errno_name};
use crate::report::{Answer, Answered, Argument, AtomAnswer, Data, Outcome, Report};

/// Prints to `out`.
#[derive(Debug)]
pub(crate) struct JsonPrinter<W> {
    pub(crate) out: W,
}

impl<W: Write> Printer for JsonPrinter<W> {
    fn report(&mut self, report: &Report<'_>) -> io::Result<()> {
        writeln!(self.out, "{}", line(report))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn line(report: &Report<'_>) -> Value {
    let step = report.step;
    let (answer, why) = match &report.outcome {
        Outcome::Done(answer) => (Some(answer), None),
        Outcome::Skipped(why) => (None, Some(why)),
    };
    let ran = answer.filter(|answer| answer.ran()).map(|answer| match answer.ran_by {
        Some(RunBy::POOLED | RunBy::PARKED) => "worker",
        Some(RunBy::PRIVATE) => "private",
        _ => "submitter",
    });
    let mut object = json!({
        "v": JSON_VERSION,
        "line": step.line,
        "name": step.name,
        "call": step.call,
        "nr": step.group.is_none().then_some(step.nr),
        "arguments": arguments(report),
        "repeat": step.repeat.as_ref().map(repeat),
        "result": answer.map(|answer| answer.result.0),
        "error": answer.and_then(|answer| answer.result.decode().err()).map(|errno| errno_name(errno.0)),
        "ran": ran,
        "skipped_because": why,
        "data": answer.map_or_else(Vec::new, data),
        "attributes": answer.map_or_else(Map::new, |answer| attributes(&answer.attributes)),
    });
    if let Some(group) = &step.group {
        object["atoms"] = answer.map_or_else(Vec::new, |answer| atoms(group, answer)).into();
    }
    object
}

/// The arguments; the number that was passed is signed.
fn arguments(report: &Report<'_>) -> Vec<Value> {
    let one = |(operand, argument): (&Operand, &Argument)| {
        let value = argument.value.map(u64::cast_signed);
        json!({ "kind": operand.kind(), "shown": argument.words, "value": value })
    };
    report.step.operands.iter().zip(&report.arguments).map(one).collect()
}

fn repeat(repeat: &Repeat) -> Value {
    json!({ "index": repeat.index, "item": String::from_utf8_lossy(&repeat.item) })
}

fn data(answer: &Answer) -> Vec<Value> {
    let entry = |data: &Data| {
        let (len, base64) = (data.bytes.len(), BASE64_STANDARD.encode(&data.bytes));
        match &data.name {
            None => json!({ "arg": data.argument, "len": len, "base64": base64 }),
            Some(name) => json!({ "name": name, "len": len, "base64": base64 }),
        }
    };
    answer.data.iter().map(entry).collect()
}

fn attributes(answered: &[Answered]) -> Map<String, Value> {
    let entry = |answered: &Answered| {
        let mut object = Map::new();
        object.insert("status".to_owned(), answered.status.name().into());
        for (name, value) in &answered.values {
            object.insert((*name).to_owned(), value.json());
        }
        (answered.name.to_owned(), Value::Object(object))
    };
    answered.iter().map(entry).collect()
}

/// The atoms that ran, as objects.
fn atoms(group: &Group, answer: &Answer) -> Vec<Value> {
    let object = |(atom, answer): (&Atom, &AtomAnswer)| {
        let error = answer.value.decode().err().filter(|_| atom.is_call());
        json!({
            "atom": answer.atom,
            "line": atom.line,
            "depth": atom.depth,
            "name": atom.name,
            "call": atom.call_name(),
            "text": atom.words,
            "finally": atom.is_finally,
            "runs": answer.runs,
            "value": answer.value.0,
            "error": error.map(|errno| errno_name(errno.0)),
            "made": !answer.flags.contains(DoneFlags::ENGINE_RESULT),
            "attributes": attributes(&answer.attributes),
        })
    };
    ran(group, answer).map(object).collect()
}
