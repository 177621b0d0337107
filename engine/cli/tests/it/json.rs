//! The output for programs: JSON Lines with every key.

use serde_json::{Value, json};

use crate::syslet::{data, statements, syslet};

/// SCRIPT-28: every key is always there, in the same order, for success, failure and skipping.
#[test]
fn every_key() {
    let run = statements(&["--json"], &["a = dup(7777) @timing", "b = lseek(a, 0, 0)", "umask(0o22)"]);
    let keys = |line: &Value| line.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    let lines = run.json();
    assert_eq!((run.code, lines.len()), (Some(1), 3));
    for line in &lines {
        assert_eq!(
            keys(line),
            "v line name call nr arguments repeat result error ran skipped_because data attributes"
        );
    }
    let find = |number: u64| lines.iter().find(|line| line["line"] == number).unwrap();
    let mut failed = find(1).clone();
    assert_eq!(keys(&failed["attributes"]["timing"]), "status queued_ns started_ns finished_ns");
    failed["attributes"] = json!("masked");
    let expected = json!({"v":3,"line":1,"name":"a","call":"dup","nr":32,
        "arguments":[{"kind":"VALUE","shown":"7777","value":7777}],"repeat":null,"result":-9,"error":"EBADF","ran":"submitter",
        "skipped_because":null,"data":[],"attributes":"masked"});
    assert_eq!(failed, expected);
    let expected = json!({"v":3,"line":2,"name":"b","call":"lseek","nr":8,
        "arguments":[{"kind":"VALUE","shown":"a","value":null},{"kind":"VALUE","shown":"0","value":null},
            {"kind":"VALUE","shown":"0","value":null}],"repeat":null,"result":null,"error":null,"ran":null,
        "skipped_because":"a failed","data":[],"attributes":{}});
    assert_eq!(*find(2), expected);
    assert_eq!((&find(3)["name"], &find(3)["error"]), (&Value::Null, &Value::Null));
}

/// SCRIPT-28: bytes that came back stand by argument, cut to those that the call wrote.
#[test]
fn data_by_argument() {
    let run = statements(
        &["--json"],
        &[
            "p = socketpair(AF_UNIX, SOCK_DGRAM, 0, out(8))",
            "s = sendto(i32(p, 0), \"hello\", 5, 0, 0, 0)",
            "recvfrom(i32(p, 4), out(64), 64, 0, out(110), pack(u32 110)) after s",
        ],
    );
    let lines = run.json();
    assert_eq!(run.code, Some(0), "{lines:?}");
    assert_eq!(data(&lines[0], 3).len(), 8);
    assert_eq!(data(&lines[2], 1), b"hello");
    assert_eq!(data(&lines[2], 5).len(), 4);
}

/// SCRIPT-28: a call that wrote nothing and succeeded brings nothing back in its area.
#[test]
fn data_of_nothing() {
    let run = statements(&["--json"], &["m = memfd_create(\"x\", 0)", "read(m, out(64), 64)"]);
    assert_eq!(run.json()[1]["data"], json!([{ "arg": 1, "len": 0, "base64": "" }]));
}

/// SCRIPT-28: a failed call brings nothing back.
#[test]
fn no_data_of_a_failure() {
    let calls = ["read(7777, out(64), 64)", "ioctl(7777, 0x541B, out(4))", "read(7777, out(64), 0)"];
    for line in statements(&["--json"], &calls).json() {
        assert_eq!((&line["error"], &line["data"]), (&json!("EBADF"), &json!([])));
    }
}

/// SCRIPT-29: the plan as JSON has every key.
#[test]
fn plan() {
    let run =
        syslet(&["run", "--json", "--dry-run", "-e", "fd = dup(1)", "-e", "write(fd, $1, 2) @timing!", "ab"]);
    let expected = json!({"v":3,"line":2,"name":null,"call":"write","nr":1,
        "arguments":[{"kind":"VALUE","shown":"fd"},{"kind":"IN","shown":"\"ab\""},{"kind":"VALUE","shown":"2"}],
        "waits_for":["fd"],"flags":[],"attributes":[{"name":"timing","required":true}]});
    assert_eq!(run.json()[1], expected);
}

/// SCRIPT-28: the values of observing attributes stand by name; a checksum that differs is a mismatch, with its value.
#[test]
fn observing_attributes() {
    let file = crate::files::Directory::new("observing-attributes");
    let file = file.file("f", "123456789");
    let keys = |value: &Value| {
        let object = value.as_object().expect("an object");
        object.keys().cloned().collect::<Vec<_>>().join(" ")
    };
    let lines = [
        "fd = openat(AT_FDCWD, $1, O_RDONLY) @cache",
        "pread64(fd, out(9), 9, 0) @cache @usage @io @blocked @checksum(0xe3069283) @trace(7)",
        "pread64(fd, out(9), 9, 0) @checksum(1) @trace!(18446744073709551615)",
    ];
    let mut all = vec!["run", "--json"];
    lines.iter().for_each(|line| all.extend(["-e", line]));
    all.push(&file);
    let lines = syslet(&all).json();
    assert_eq!(keys(&lines[0]["attributes"]["cache"]), "status verdict evidence");
    let said = &lines[1]["attributes"];
    assert_eq!(keys(said), "cache usage io blocked checksum trace");
    let usage = "status cpu_ns user_ns system_ns minor_faults major_faults voluntary_switches \
                 involuntary_switches sampled";
    assert_eq!((keys(&said["usage"]).as_str(), &said["usage"]["sampled"]), (usage, &json!(true)));
    assert_eq!(keys(&said["io"]), "status read_bytes written_bytes");
    assert_eq!(keys(&said["blocked"]), "status sleeps off_cpu_ns");
    assert_eq!(said["checksum"], json!({"status":"handled","bytes":9,"crc32c":0xe306_9283_u32}));
    assert_eq!(said["trace"], json!({"status":"handled","id":7}));
    let said = &lines[2]["attributes"];
    assert_eq!(said["checksum"], json!({"status":"mismatch","bytes":9,"crc32c":0xe306_9283_u32}));
    assert_eq!(said["trace"]["id"], u64::MAX);
}

/// SCRIPT-28: arguments stand in words and as numbers; of memory that travels there is no number. A repeated statement says for
/// which argument of the command it stands.
#[test]
fn arguments_and_repetition() {
    let run = syslet(&[
        "run",
        "--json",
        "-e",
        "openat(AT_FDCWD, $@, O_RDONLY)",
        "/nonexistent/a",
        "/nonexistent/b",
    ]);
    for (index, line) in run.json().iter().enumerate() {
        let item = ["/nonexistent/a", "/nonexistent/b"][index];
        assert_eq!(line["repeat"], json!({ "index": index, "item": item }));
        let arguments = json!([
            { "kind": "VALUE", "shown": "AT_FDCWD", "value": -100 },
            { "kind": "IN", "shown": format!("{item:?}"), "value": null },
            { "kind": "VALUE", "shown": "O_RDONLY", "value": 0 },
        ]);
        assert_eq!(line["arguments"], arguments);
    }
    let lines =
        statements(&["--json"], &["m = memfd_create(\"x\", 0)", "n = pread64(m, out(4), 4, 0)"]).json();
    let fd = &lines[0]["result"];
    assert_eq!(lines[1]["arguments"][0], json!({ "kind": "VALUE", "shown": fd.to_string(), "value": fd }));
    assert_eq!(lines[1]["arguments"][1], json!({ "kind": "OUT", "shown": "\"\"", "value": null }));
}

/// SCRIPT-28: states and sets stand by their names, never as codes.
#[test]
fn values_in_words() {
    let asked = "pread64(fd, out(3), 3, 0) @cache @worker @deadline(10s) @retry(short)";
    let directory = crate::files::Directory::new("values-in-words");
    let file = directory.file("f", "123456789");
    let run = syslet(&["run", "--json", "-e", "fd = openat(AT_FDCWD, $1, O_RDONLY)", "-e", asked, &file]);
    let said = &run.json()[1]["attributes"];
    assert_eq!(said["cache"]["verdict"], "hit");
    let evidence = said["cache"]["evidence"].as_array().expect("a set");
    assert!(evidence.iter().all(|word| word.as_str().is_some_and(|word| !word.contains(' '))), "{said}");
    assert!(said["worker"]["run_by"].is_string() && said["worker"]["tid"].is_u64(), "{said}");
    assert_eq!(said["deadline"]["outcome"], "met");
    assert!(said["deadline"]["late_ns"].as_i64().is_some_and(|late| late < 0), "{said}");
    assert_eq!(said["retry"], json!({ "status": "handled", "attempts": 1, "ended": "done" }));
    let sched = "getpid() @sched(batch) @ioprio(best_effort, level=3) @nice(3)";
    let said = &statements(&["--json"], &[sched]).json()[0]["attributes"];
    assert_eq!(said["sched"], json!({ "status": "handled", "policy": "batch" }));
    assert_eq!(said["ioprio"], json!({ "status": "handled", "class": "best_effort", "level": 3 }));
    assert_eq!(said["nice"], json!({ "status": "handled", "nice": 3 }));
}
