//! The harness as its users run it.

use std::process::{Command, Output};

use serde_json::Value;
use syslet_benches::contender;

fn harness(command: &str, arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_syslet-benches");
    Command::new(program).arg(command).args(arguments).output().expect("the harness starts")
}

#[test]
fn each_workload_depth_and_contender_gets_one_line_of_json() {
    let output =
        harness("compare", &["--workloads", "getppid,pipe-pingpong", "--depths", "1,4", "--quick", "--json"]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert!(errors.contains(" core") && errors.contains("Linux "), "{errors}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let found = lines.iter().map(|line| (&line["workload"], &line["depth"], &line["contender"]));
    let workloads = ["getppid", "pipe-pingpong"].map(Value::from);
    let depths = [1, 4].map(Value::from);
    let contenders: Vec<Value> = contender::ALL.iter().map(|kind| kind.name.into()).collect();
    let expected = workloads.iter().flat_map(|workload| {
        let contenders = &contenders;
        depths.iter().flat_map(move |depth| contenders.iter().map(move |name| (workload, depth, name)))
    });
    assert!(found.eq(expected), "{text}");
    for line in lines.iter().filter(|line| line.get("skipped").is_none()) {
        let is_whole = line["calls_per_round"].as_u64() >= Some(256)
            && line["ns_per_call"].as_f64() > Some(0.0)
            && line["cpu_ns_per_call"].as_f64() >= Some(0.0)
            && line["ratio_to_direct"].as_f64() > Some(0.0);
        assert!(is_whole, "{line}");
    }
}

#[test]
fn what_is_unknown_ends_with_2_and_prints_no_result() {
    for arguments in [["--workloads", "nothing"], ["--contenders", "nobody"], ["--depths", "0"]] {
        let output = harness("compare", &arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn fast_calls_beside_slow_ones_get_a_line_for_each_contender() {
    let output = harness(
        "mixed-slow",
        &["--depths", "32", "--contenders", "tokio,io_uring", "--fast", "getppid", "--quick", "--json"],
    );
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert_eq!(lines[1]["skipped"], "io_uring has no opcode for getppid");
    for line in [&lines[0], &lines[2]] {
        assert_eq!((&line["workload"], &line["depth"]), (&"mixed-slow/getppid".into(), &32.into()));
        assert!(line["fast_calls"].as_u64() > Some(4_400), "{line}");
        for (p50, p99) in [("p50_mixed_ns", "p99_mixed_ns"), ("p50_alone_ns", "p99_alone_ns")] {
            assert!(line[p50].as_u64() > Some(0) && line[p50].as_u64() <= line[p99].as_u64(), "{line}");
        }
    }
    assert!(lines[0]["p99_ratio"].as_f64() > Some(1.0), "direct waits for every sleeper: {}", lines[0]);
}

#[test]
fn busy_cores_are_told_with_each_result() {
    let cores = syslet_benches::busy::allowed().len();
    let arguments =
        ["--workloads", "getppid", "--depths", "1", "--contenders", "direct", "--busy", "--quick", "--json"];
    let output = harness("compare", &arguments);
    if cores < 2 {
        assert_eq!(output.status.code(), Some(1), "there is no other core to keep busy");
        return;
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let line: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(line["busy_cores"].as_array().map(Vec::len), Some(cores - 1), "{line}");
}

#[test]
fn compute_threads_end_with_their_standard_input() {
    let core = syslet_benches::busy::allowed()[0].to_string();
    let output = harness(syslet_benches::busy::COMMAND, &[&core]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.stdout, b"computing\n");
}
