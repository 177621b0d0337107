//! `syslet probe`.

use serde_json::Value;

use crate::syslet::syslet;

fn probed() -> Value {
    let mut lines = syslet(&["probe", "--json"]).json();
    assert_eq!(lines.len(), 1, "one object");
    lines.remove(0)
}

/// PROBE-1, PROBE-2: one object with the sections and the keys that the document lists, in its order.
#[test]
fn the_keys_are_those_of_the_document() {
    let document = include_str!("../../../../specs/probe.md");
    let listed = document.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let listed: Vec<_> = listed.map(|(key, _)| key.to_owned()).collect();
    let found = probed();
    let sections = found.as_object().expect("an object").iter().filter(|(name, _)| *name != "v");
    let keys: Vec<_> = sections
        .flat_map(|(section, value)| {
            value.as_object().expect("an object").keys().map(move |key| format!("{section}.{key}"))
        })
        .collect();
    assert_eq!(found["v"], 3);
    assert_eq!(keys, listed);
}

/// PROBE-3: the section of non-blocking attempts tells of reads that happened: a pipe with bytes in it needs no worker, and a
/// directory gives EISDIR twice.
#[test]
fn attempts_are_made() {
    let found = probed();
    let attempts = &found["nonblocking"];
    let pipe = attempts["pipe"].as_str().expect("text");
    assert!(pipe.starts_with("read nonblocking") || pipe.starts_with("read pooled"), "{pipe}");
    let directory = attempts["directory"].as_str().expect("text");
    assert_eq!(directory.matches("EISDIR").count(), 2, "{directory}");
}

/// PROBE-7, PARK-47: a nanosleep is made, and the thread that has waited for it is named: none.
#[test]
fn a_sleep_is_made() {
    assert_eq!(probed()["parking"]["nanosleep"], "parked");
}

/// PROBE-5: every attribute is asked for, and has the outcome of a file that was just read.
#[test]
fn attributes_are_asked_for() {
    let found = probed();
    let attributes = found["attributes"].as_object().expect("an object");
    let known = found["engine"]["attributes"].as_array().expect("a list");
    let names: Vec<_> = known.iter().filter_map(Value::as_str).filter(|name| *name != "data").collect();
    assert_eq!(attributes.keys().collect::<Vec<_>>(), names);
    for (name, said) in attributes {
        let said = said.as_str().expect("text");
        assert!(
            said.starts_with("handled")
                || ["counters", "creds"].contains(&&**name) && said == "unavailable"
                || name == "atoms" && said == "inapplicable",
            "{name}: {said}"
        );
    }
    assert_eq!(attributes["trace"], "handled: id=7");
    assert!(attributes["cache"].as_str().is_some_and(|said| said.starts_with("handled: hit (")), "{found}");
}

/// KICK-9, KICK-4: the waits that no kick ends are said, and whether a thread is kicked here.
#[test]
fn kicks_are_told() {
    let run = syslet(&["probe", "--json"]);
    let found: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let told = &found["confinement"];
    assert!(
        told["kick"].as_str().is_some_and(|kick| kick.contains("signal") || kick.contains("filter")),
        "{told}"
    );
    let limits = include_str!("../../../../README.md");
    let spec = include_str!("../../../../specs/kick.md");
    for (wait, title) in [
        ("fuse", "FUSE"),
        ("nfs", "NFS"),
        ("autofs", "autofs"),
        ("fanotify", "fanotify"),
        ("userfaultfd", "userfaultfd"),
        ("fallocate", "fallocate"),
    ] {
        let list = told["kick_does_not_reach"].as_array().expect("a list");
        assert!(list.iter().any(|line| line.as_str().is_some_and(|line| line.contains(wait))), "{wait}");
        assert!(limits.contains(title) && spec.contains(title), "{title}");
    }
    let unlink = syslet(&["table", "unlink"]);
    assert!(unlink.stdout.contains("kicked       never: "), "{}", unlink.stdout);
}

/// PROBE-6: the sources of the comparison are those of the engine: no filter is on tests.
#[test]
fn the_comparison_is_told() {
    let found = probed();
    let confinement = &found["confinement"];
    assert_eq!(
        (&confinement["threads_seen_by"], &confinement["tables_seen_by"]),
        (&"status".into(), &"kcmp".into())
    );
    assert_eq!(confinement["landlock_counted"], false);
}

/// PROBE-4: io_uring is allowed, or the error is named; nothing is left open and nothing is on stderr.
#[test]
fn io_uring_is_asked_for() {
    let found = probed();
    let answer = found["system"]["io_uring"].as_str().expect("text");
    assert!(answer == "allowed" || answer.starts_with('E'), "{answer}");
}

/// PROBE-1: for people the same, a section and its lines.
#[test]
fn as_text() {
    let ended = syslet(&["probe"]);
    let (code, text) = ended.quiet();
    assert_eq!(code, 0);
    for part in [
        "system\n  kernel",
        "\nengine\n  version",
        "\nlimits\n  workers max",
        "\nnonblocking\n",
        "\nconfinement\n",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// PROBE-8: without /proc only that is unknown which /proc alone has.
#[test]
fn without_proc() {
    let hidden = "mount -t tmpfs none /proc || { echo skipped; exit 0; }; exec \"$0\" probe --json";
    let mut command = std::process::Command::new("unshare");
    command.args(["-m", "sh", "-c", hidden, env!("CARGO_BIN_EXE_syslet")]);
    let Some(ran) = command.output().ok().filter(|ran| ran.status.success() && ran.stdout != b"skipped\n")
    else {
        println!("skipped: no namespace of mounts can be made");
        return;
    };
    let found: Value = serde_json::from_slice(&ran.stdout).expect("one object");
    let whole = probed();
    assert_eq!(found["system"], whole["system"]);
    assert_eq!(found["limits"], whole["limits"]);
    assert_eq!(found["confinement"]["uid"], whole["confinement"]["uid"]);
    let attributes = found["attributes"].as_object().expect("an object");
    assert!(attributes.values().all(Value::is_string), "{attributes:?}");
}
