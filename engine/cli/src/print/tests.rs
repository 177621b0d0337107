//! The printed form of completions that a run cannot provoke.

use syslet::{DoneFlags, RawResult, Status};

use crate::plan::Step;
use crate::print::Printer;
use crate::print::json::JsonPrinter;
use crate::print::text::TextPrinter;
use crate::report::{Answer, Answered, Outcome, Report};

/// A call that the engine answered because a REQUIRED attribute could not be honoured.
fn not_run(step: &Step) -> Report<'_> {
    let attributes = vec![Answered { name: "timing", status: Status::UNAVAILABLE, values: Vec::new() }];
    let flags = DoneFlags::NOT_RUN.with(DoneFlags::ENGINE_RESULT);
    let words = "-1 EOPNOTSUPP (Operation not supported) (not run)".to_owned();
    let answer = Answer {
        result: RawResult(-95),
        words,
        flags,
        ran_by: None,
        data: Vec::new(),
        attributes,
        atoms: Vec::new(),
        areas: Vec::new(),
    };
    Report { step, arguments: Vec::new(), outcome: Outcome::Done(answer) }
}

fn step() -> Step {
    Step {
        line: 7,
        name: None,
        call: "getpid".to_owned(),
        nr: 39,
        row: None,
        operands: Vec::new(),
        asks: Vec::new(),
        is_private: false,
        waits: Vec::new(),
        area_read: false,
        repeat: None,
        group: None,
    }
}

/// SCRIPT-27: a call that the engine answered is marked, and an attribute that was not handled has its status.
#[test]
fn not_run_as_text() {
    let mut printer = TextPrinter { out: anstream::StripStream::new(Vec::new()) };
    printer.report(&not_run(&step())).unwrap();
    let text = String::from_utf8(printer.out.into_inner()).unwrap();
    assert_eq!(
        text,
        "7: getpid() = -1 EOPNOTSUPP (Operation not supported) (not run)  @timing unavailable\n"
    );
}

/// SCRIPT-28: no thread ran a call that the engine answered.
#[test]
fn not_run_as_json() {
    let mut printer = JsonPrinter { out: Vec::new() };
    printer.report(&not_run(&step())).unwrap();
    let line: serde_json::Value = serde_json::from_slice(&printer.out).unwrap();
    assert_eq!((&line["ran"], &line["error"]), (&serde_json::Value::Null, &"EOPNOTSUPP".into()));
    assert_eq!(line["attributes"]["timing"], serde_json::json!({ "status": "unavailable" }));
}
