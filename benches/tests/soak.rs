//! The soak and the sleepers as their users run them, for a moment.

use std::process::{Command, Output};

use serde_json::Value;

fn harness(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_syslet-benches");
    let output = Command::new(program).args(arguments).output().expect("the harness starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn a_short_soak_finds_nothing_and_says_what_it_did() {
    let text = String::from_utf8(harness(&["soak", "--seconds", "2", "--seed", "7"]).stdout).unwrap();
    assert!(text.starts_with("seed 7\n"), "{text}");
    let count = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok())
    };
    for name in ["pread ", "pipe-read ", "big-read ", "recv ", "futex-wait ", "flock ", "close "] {
        assert!(count(name) > Some(0), "{name}: {text}");
    }
}

#[test]
fn two_hundred_sleepers_are_measured() {
    let text = String::from_utf8(harness(&["sleepers", "--count", "200", "--json"]).stdout).unwrap();
    let figures: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(figures["asleep"], 200);
    // The first thread, the monitor, and a worker for each wait on the futex at least.
    assert!(figures["threads"].as_u64() >= Some(102), "{text}");
    assert!(figures["idle_cpu_percent"].as_f64() >= Some(0.0), "{text}");
    assert_eq!(figures["limit"]["calls"], 400);
    assert_eq!(figures["limit"]["workers_max"], 200);
    for memory in [&figures["kib_per_call"]["rss"], &figures["idle"]["rss_kib"]] {
        assert!(memory.as_f64() > Some(0.0), "{text}");
    }
    let bounds = figures["bounds"].as_array().unwrap();
    assert!(bounds.iter().any(|bound| bound["name"] == "vm.max_map_count"), "{text}");
}

#[test]
fn each_kind_of_sleepers_is_measured() {
    for kind in ["recv", "nanosleep", "futex"] {
        let text = harness(&["sleepers", "--kind", kind, "--count", "20", "--json"]).stdout;
        let figures: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(figures["kind"], kind);
        assert_eq!(figures["asleep"], 20);
        assert!(figures["threads"].as_u64() >= Some(2), "{figures}");
    }
}
