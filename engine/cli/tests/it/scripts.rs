//! The scripts that come with the command, on real files.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::files::Directory;
use crate::syslet::{command, data, ended, syslet};

const OS_RELEASE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/os-release.syslet");
const PIPE_WAKES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/pipe-wakes.syslet");
const MANY_SLEEPS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/many-sleeps.syslet");
const STAT_MANY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/stat-many.syslet");

/// SCRIPT-37: the main job: the bytes of the file come back, with the times.
#[test]
fn os_release() {
    let lines = syslet(&["run", "--json", OS_RELEASE]).json();
    let calls: Vec<&str> = lines.iter().filter_map(|line| line["call"].as_str()).collect();
    assert_eq!(calls, ["openat", "read", "close"]);
    assert_eq!(data(&lines[1], 1), fs::read("/etc/os-release").unwrap());
    let timing = &lines[1]["attributes"]["timing"];
    let at = |name: &str| timing[name].as_u64().unwrap();
    assert_eq!(timing["status"], "handled");
    assert!(
        0 < at("queued_ns") && at("queued_ns") <= at("started_ns") && at("started_ns") <= at("finished_ns")
    );
}

/// SCRIPT-37: the text says the same for a person.
#[test]
fn os_release_as_text() {
    let ended = syslet(&["run", OS_RELEASE]);
    let (code, text) = ended.quiet();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((code, lines.len()), (0, 3));
    assert!(
        lines[0].starts_with("2: openat(AT_FDCWD, \"/etc/os-release\", O_RDONLY|O_CLOEXEC) = "),
        "{text}"
    );
    let len = fs::read("/etc/os-release").unwrap().len();
    assert!(lines[1].contains(&format!("\"..., 4096) = {len}  @timing waited ")), "{text}");
    assert!(lines[2].starts_with("4: close(") && lines[2].ends_with(") = 0"), "{text}");
}

/// SCRIPT-38: every file is looked at, more of them than fit in flight; a file that is missing is reported.
#[test]
fn stat_many() {
    let directory = Directory::new("stat-many");
    let mut files: Vec<String> =
        (0..600).map(|size| directory.file(&size.to_string(), vec![b'x'; size])).collect();
    files.insert(300, directory.path("missing"));
    let output = command().args(["run", "--json", STAT_MANY]).args(&files).output().unwrap();
    let ended = ended(output);
    let lines = ended.json();
    assert_eq!((ended.code, lines.len()), (Some(1), files.len()));
    let mut sizes: Vec<u64> = lines
        .iter()
        .filter(|line| line["error"].is_null())
        .map(|line| u64::from_ne_bytes(data(line, 4)[40..48].try_into().unwrap()))
        .collect();
    sizes.sort_unstable();
    assert_eq!(sizes, (0..600).collect::<Vec<u64>>());
    let missing: Vec<_> = lines.iter().filter(|line| line["error"] == "ENOENT").collect();
    assert_eq!(missing.len(), 1);
}

/// SCRIPT-38, SCRIPT-12: nothing to look at is no failure, and is said.
#[test]
fn stat_none() {
    let run = syslet(&["run", STAT_MANY]);
    assert_eq!((run.code, &*run.stdout), (Some(0), ""));
    assert!(
        run.stderr.starts_with("syslet: line 2 runs once for each argument, and none was given"),
        "{}",
        run.stderr
    );
}

/// SCRIPT-39: a read sleeps in a worker until a statement behind it writes.
#[test]
fn pipe_wakes() {
    let lines = syslet(&["run", "--json", PIPE_WAKES]).json();
    let mut results: Vec<_> =
        lines.iter().map(|line| (line["line"].as_u64(), line["result"].as_i64())).collect();
    results.sort_unstable();
    assert_eq!(results, [(Some(3), Some(0)), (Some(4), Some(7)), (Some(5), Some(7))]);
    let read = lines.iter().find(|line| line["call"] == "read").expect("it ran");
    assert_eq!(data(read, 1), b"wake up");
    let worker = &read["attributes"]["worker"];
    assert_eq!(worker["status"], "handled");
    assert!(worker["tid"].as_u64() > Some(0) && worker["attempts"].as_u64() >= Some(1), "{read}");
    let ran = if worker["run_by"] == "pooled" { "worker" } else { "submitter" };
    assert_eq!(read["ran"], ran);
}

/// SCRIPT-40: all naps overlap: the first ends after the last has begun.
#[test]
fn many_sleeps() {
    let lines = syslet(&["run", "--json", MANY_SLEEPS]).json();
    assert_eq!(lines.len(), 32);
    assert!(lines.iter().all(|line| line["result"] == 0 && line["ran"] == "worker"), "{lines:?}");
    let instants = |name: &str| -> Vec<u64> {
        lines.iter().map(|line| line["attributes"]["timing"][name].as_u64().expect("timed")).collect()
    };
    assert!(instants("started_ns").iter().max() < instants("finished_ns").iter().min(), "{lines:?}");
}

/// SCRIPT-79: a script that begins with a line for the system is a command of its own; its arguments are the script's.
#[test]
fn a_script_is_a_command() {
    let directory = Directory::new("shebang");
    let text = "#!/usr/bin/env -S syslet run --quiet\nfaccessat(AT_FDCWD, $1, 0)\n";
    let script = directory.file("there", text);
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    let folder = Path::new(env!("CARGO_BIN_EXE_syslet")).parent().expect("it lies in a folder");
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
    let run = |argument: &str| {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", "exec \"$0\" \"$1\"", &script, argument]).env("PATH", &path);
        ended(command.output().expect("there is a shell"))
    };
    assert_eq!(run("/").quiet(), (0, ""));
    let gone = run("/nowhere");
    assert_eq!(gone.code, Some(1));
    assert!(gone.stdout.starts_with("2: faccessat("), "{}{}", gone.stdout, gone.stderr);
}
