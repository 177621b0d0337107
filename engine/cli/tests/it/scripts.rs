//! The scripts that come with the command, on real files.

use std::fs;

use crate::files::Directory;
use crate::syslet::{command, data, ended, syslet};

const OS_RELEASE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/os-release.syslet");
const STAT_MANY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/stat-many.syslet");

/// SCRIPT-37: the main job: what comes back is what is in the file, timed.
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

/// SCRIPT-38: every file is looked at, more of them than fit in flight; what is missing is said to be.
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

/// SCRIPT-38: nothing to look at is no failure.
#[test]
fn stat_none() {
    assert_eq!(syslet(&["run", STAT_MANY]).quiet(), (0, ""));
}
