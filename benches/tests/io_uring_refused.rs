//! A machine that allows no `io_uring`.

use std::collections::BTreeMap;
use std::env::consts::ARCH;
use std::process::{Command, Output};
use std::thread;

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};
use serde_json::Value;

/// Runs the harness in a child that gets `errno` from `io_uring_setup`.
fn harness_without_io_uring(errno: i32, arguments: &'static [&'static str]) -> Output {
    let filter: BpfProgram = SeccompFilter::new(
        BTreeMap::from([(libc::SYS_io_uring_setup, Vec::new())]),
        SeccompAction::Allow,
        SeccompAction::Errno(errno.unsigned_abs()),
        ARCH.try_into().expect("filters know this architecture"),
    )
    .and_then(TryInto::try_into)
    .expect("the filter is valid");
    // A filter is the calling thread's, and its children's.
    let child = thread::spawn(move || {
        apply_filter(&filter).expect("the kernel takes the filter");
        Command::new(env!("CARGO_BIN_EXE_syslet-benches"))
            .args(arguments)
            .output()
            .expect("the harness starts")
    });
    child.join().expect("the thread ends")
}

#[test]
fn io_uring_refused_is_fine() {
    const ARGUMENTS: &[&str] = &[
        "compare",
        "--workloads=pread-cached",
        "--depths=2",
        "--contenders=io_uring,io_uring-async,thread-per-call",
        "--quick",
        "--json",
    ];
    for (errno, reason_given) in [(libc::EPERM, "not permitted"), (libc::ENOSYS, "not implemented")] {
        let output = harness_without_io_uring(errno, ARGUMENTS);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let printed = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let names: Vec<&str> = lines.iter().filter_map(|line| line["contender"].as_str()).collect();
        assert_eq!(names, ["direct", "io_uring", "io_uring-async", "thread-per-call"]);
        for line in &lines[1..3] {
            let reason = line["skipped"].as_str().unwrap_or_default();
            assert!(reason.starts_with("io_uring_setup: ") && reason.contains(reason_given), "{line}");
        }
        assert!(lines[0]["ns_per_call"].is_f64() && lines[3]["ns_per_call"].is_f64(), "{printed}");
    }
}
