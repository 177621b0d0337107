//! The scorecard as its users run it. What it prints is judged by its shape: no figure of a shared machine is a test.

use std::process::{Command, Output};

use serde_json::Value;
use syslet_benches::scorecard;

fn harness(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_syslet-benches");
    Command::new(program).args(arguments).output().expect("the harness starts")
}

/// A row has a figure and a verdict that fit together, or says why not.
fn assert_whole(row: &Value) {
    let goal = row["at_most"].as_f64().or(row["at_least"].as_f64());
    assert!(goal.is_some(), "{row}");
    let figure = row["figure"].as_f64();
    match row["verdict"].as_str() {
        Some("reached") => assert!(figure.is_some() && row.get("missed_by").is_none(), "{row}"),
        Some("missed") => assert!(row["missed_by"].as_f64() > Some(0.0) && figure.is_some(), "{row}"),
        Some("not_measured") => {
            assert!(row["command"].is_string() || row["reason"].is_string(), "{row}");
            return;
        }
        _ => panic!("{row}"),
    }
    assert_eq!(row["rounds"], 9, "{row}");
    for cost in ["of_ns", "of_cpu_ns", "to_ns", "to_cpu_ns"] {
        assert!(row[cost].as_f64() >= Some(0.0), "{cost}: {row}");
    }
}

#[test]
fn every_goal_has_a_row_whether_it_is_reached_or_not() {
    let output = harness(&["scorecard", "--quick", "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&str> = rows.iter().filter_map(|row| row["goal"].as_str()).collect();
    let expected: Vec<&str> = scorecard::all().iter().map(|goal| goal.name).collect();
    assert_eq!(names, expected);
    rows.iter().for_each(assert_whole);
    let measured = rows.iter().filter(|row| row["figure"].is_number()).count();
    // A machine with one core has no other one, and one may refuse io_uring.
    assert!(measured >= rows.len() - 7, "{text}");
    // Not built for speed and beside other tests: goals are missed, and the run has worked.
    assert!(rows.iter().any(|row| row["verdict"] == "missed"), "{text}");
}
