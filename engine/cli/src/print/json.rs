//! JSON Lines (SCRIPT-28): one object for each step, every key always present.

use std::io::{self, Write};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use syslet::attrs::RunBy;

use crate::print::{Printer, errno_name};
use crate::report::{Answer, Outcome, Report};

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
        Some(RunBy::POOLED) => "worker",
        Some(RunBy::PRIVATE) => "private",
        _ => "submitter",
    });
    json!({
        "v": 1,
        "line": step.line,
        "name": step.name,
        "call": step.call,
        "nr": step.nr,
        "result": answer.map(|answer| answer.result.0),
        "error": answer.and_then(|answer| answer.result.decode().err()).map(|errno| errno_name(errno.0)),
        "ran": ran,
        "skipped_because": why,
        "data": answer.map_or_else(Vec::new, data),
        "attributes": answer.map_or_else(Map::new, attributes),
    })
}

fn data(answer: &Answer) -> Vec<Value> {
    let entry = |data: &crate::report::Data| json!({ "arg": data.argument, "len": data.bytes.len(), "base64": BASE64_STANDARD.encode(&data.bytes) });
    answer.data.iter().map(entry).collect()
}

fn attributes(answer: &Answer) -> Map<String, Value> {
    let entry = |answered: &crate::report::Answered| {
        let mut object = Map::new();
        object.insert("status".to_owned(), answered.status.name().into());
        for (name, value) in &answered.values {
            let is_signed = ["nice", "late_ns", "level"].contains(name);
            let number = if is_signed { value.cast_signed().into() } else { (*value).into() };
            object.insert((*name).to_owned(), number);
        }
        (answered.name.to_owned(), Value::Object(object))
    };
    answer.attributes.iter().map(entry).collect()
}
