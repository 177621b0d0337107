//! The echo servers as the harness's users run them, for a moment.

use std::process::{Command, Output};

use serde_json::Value;
use syslet_benches::echo;

fn harness(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_syslet-benches");
    Command::new(program).arg("echo").args(arguments).output().expect("the harness starts")
}

fn lines(arguments: &[&str]) -> Vec<Value> {
    let output = harness(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn each_server_gets_one_line_of_json() {
    let lines = lines(&["--clients", "20", "--messages", "10", "--bytes", "33", "--quick", "--json"]);
    let names: Vec<&str> = lines.iter().filter_map(|line| line["server"].as_str()).collect();
    assert!(names.iter().eq(echo::ALL.iter().map(|kind| &kind.name)), "{names:?}");
    for line in lines.iter().filter(|line| line.get("skipped").is_none()) {
        let size = ["clients", "messages", "bytes"].map(|name| line[name].as_u64());
        assert_eq!(size, [Some(20), Some(10), Some(33)], "{line}");
        assert_eq!(line["compared_with"], "tokio");
        for name in ["wall_ms", "cpu_ms", "wall_ratio", "cpu_ratio"] {
            assert!(line[name].as_f64() > Some(0.0), "{name}: {line}");
        }
    }
    let threads = |name: &str| lines.iter().find(|line| line["server"] == name).unwrap()["threads"].as_u64();
    // One for each connection, as long as it has messages, and the one that starts them.
    assert!(threads("threads").is_some_and(|count| (3..=21).contains(&count)), "{lines:?}");
    assert!(threads("engine") >= Some(2), "{lines:?}");
}

#[test]
fn servers_that_are_not_asked_for_do_not_run() {
    let lines =
        lines(&["--clients", "2", "--messages", "2", "--servers", "engine,threads", "--quick", "--json"]);
    let found: Vec<_> = lines.iter().map(|line| (&line["server"], &line["compared_with"])).collect();
    let base = Value::from("threads");
    assert_eq!(found, [(&base, &base), (&"engine".into(), &base)]);
    assert_eq!(lines[0]["wall_ratio"], 1.0);
}

#[test]
fn what_is_unknown_ends_with_2_and_prints_no_result() {
    for arguments in [["--servers", "nothing"], ["--clients", "0"], ["--bytes", "4097"]] {
        let output = harness(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
}
