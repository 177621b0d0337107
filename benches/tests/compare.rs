//! The harness as its users run it.

use std::process::{Command, Output};

use serde_json::Value;
use syslet_benches::contender;

fn harness(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_syslet-benches");
    Command::new(program).arg("compare").args(arguments).output().expect("the harness starts")
}

#[test]
fn each_workload_depth_and_contender_gets_one_line_of_json() {
    let output = harness(&["--workloads", "getppid,pread-cached", "--depths", "1,4", "--quick", "--json"]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert!(errors.contains("cores ") && errors.contains("Linux "), "{errors}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let found = lines.iter().map(|line| (&line["workload"], &line["depth"], &line["contender"]));
    let workloads = ["getppid", "pread-cached"].map(Value::from);
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
        let output = harness(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
}
