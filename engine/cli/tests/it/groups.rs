//! Groups: one submission of many calls, and its output.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use crate::files::Directory;
use crate::syslet::{statements, syslet};

/// SCRIPT-54: a group in text: its result, and below it every atom that ran, in the blocks that it stands in.
#[test]
fn text() {
    let run = statements(
        &[],
        &[
            "syslet count {",
            "    n = 0",
            "    loop {",
            "        n += 2",
            "        break if n >= 6",
            "    }",
            "    a = close(-1)",
            "    if errno(a, EBADF) {",
            "        kept = 7",
            "    }",
            "    finally { sched_yield() }",
            "}",
        ],
    );
    let expected = "1: syslet count = 7\n    \
         2: n = 0 -> 0\n      \
           4: n += 2 -> 6  (3 times)\n    \
         7: a = close(-1) = -1 EBADF (Bad file descriptor)\n      \
           9: kept = 7 -> 7\n      \
           11: sched_yield() = 0\n";
    assert_eq!(run.quiet(), (0, expected));
}

/// SCRIPT-54: the contents of a group's areas are printed, scratch memory is not; a call's own attributes stand
/// behind it.
#[test]
fn areas() {
    let file = Directory::new("group-areas");
    let file = file.file("f", "hello");
    let run = syslet(&[
        "run",
        "-e",
        "syslet { a = area(8); s = scratch(8); fd = openat(AT_FDCWD, $1, O_RDONLY); read(fd, a, 8) @checksum; pread64(fd, s, 8, 0); close(fd) }",
        &file,
    ]);
    let (code, text) = run.quiet();
    assert_eq!(code, 0);
    assert!(text.contains("read(fd, a, 8) = 5  @checksum 0x9a71bb4c of 5 bytes\n"), "{text}");
    assert!(text.ends_with("      a: \"hello\"\n") && !text.contains("s: "), "{text}");
}

/// SCRIPT-50: bytes that do not fit their area are not read, and the atom says so; the next area stays as it was.
#[test]
fn areas_are_kept_apart() {
    let file = Directory::new("group-bounds");
    let file = file.file("f", "sixteen bytes in");
    let group = "syslet { a = area(8); b = area(8); n = 9; few = 3; fd = openat(AT_FDCWD, $1, O_RDONLY); \
        m = read(fd, a, n); n -= 1; k = read(fd, a, n); together { o = pread64(fd, a, k, 0); p = pread64(fd, b, few, 0) }; \
        w = write(-1, \"short\", n); finally { n = 9; q = pread64(fd, a, n, 0); close(fd) } }";
    let run = syslet(&["run", "--json", "-e", group, &file]);
    let line = &run.json()[0];
    let values = |name: &str| {
        let atoms = line["atoms"].as_array().unwrap();
        let atom = atoms.iter().find(|atom| atom["name"] == name).unwrap();
        (atom["value"].as_i64().unwrap(), atom["made"] == true)
    };
    let beyond = (-14, false);
    assert_eq!((values("m"), values("k"), values("o")), (beyond, (8, true), (8, true)));
    assert_eq!((values("w"), values("q")), (beyond, beyond));
    assert_eq!(line["data"][0]["base64"], BASE64_STANDARD.encode("sixteen "));
    assert_eq!(line["data"][1]["base64"], BASE64_STANDARD.encode(b"six\0\0\0\0\0"));
}

/// SCRIPT-67: with `@async` a worker runs the group, and without workers no thread does; the plan has the marks.
#[test]
fn marks() {
    let run = statements(&["--json"], &["syslet { getpid() @async; getuid() @storage @stoppable }"]);
    assert_eq!((&run.json()[0]["ran"], run.code), (&json!("worker"), Some(0)));
    let run = statements(&["--workers", "0"], &["syslet { getpid() @async }"]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    let run = statements(&["--dry-run"], &["syslet { getpid() @async @timing }"]);
    assert!(run.quiet().1.contains("0: getpid()  @async  @timing  # line 1\n"), "{}", run.stdout);
}

/// SCRIPT-66: a file is read piece by piece into one area, one number of each piece is looked at, and at its end it is full.
#[test]
fn parts() {
    let directory = Directory::new("group-parts");
    let file = directory.file("f", "abcdefghijkl");
    let group = "syslet { a = area(10); b = area(8); at = 0; fd = openat(AT_FDCWD, $1, O_RDONLY); \
        loop { n = read(fd, a + at, 4); break if n < 0; last = u8(a, at); write(1, a + at, 1); at += n }; \
        none = u32(a, at); finally { close(fd) } }";
    let run = syslet(&["run", "--json", "-e", group, &file]);
    let (letters, json) = run.stdout.split_at(2);
    let line: serde_json::Value = serde_json::from_str(json).unwrap();
    let values = |name: &str| {
        let atoms = line["atoms"].as_array().unwrap();
        let atom = atoms.iter().rfind(|atom| atom["name"] == name).unwrap();
        (atom["value"].as_i64().unwrap(), atom["runs"].as_i64().unwrap())
    };
    assert_eq!((letters, values("n"), values("last")), ("ae", (-14, 3), (i64::from(b'e'), 2)));
    assert_eq!((values("at"), values("none")), ((8, 2), (-14, 1)));
    assert_eq!(line["data"][0]["base64"], BASE64_STANDARD.encode(b"abcdefgh\0\0"));
    assert_eq!(line["data"][1]["base64"], BASE64_STANDARD.encode([0; 8]));
}

/// SCRIPT-65: a call reads the fields of that time, and never bytes that other calls have left there.
#[test]
fn packs() {
    let directory = Directory::new("group-packs");
    let to = directory.path("to");
    let group = "syslet { fd = openat(AT_FDCWD, $1, O_RDWR|O_CREAT, 0o600); n = 0x0102; \
        loop { n += 1; w = write(fd, pack(u8 n, u8 n, i16 -1, i32 fd, \"-\"), 9); break if n > 0x0103; stop if w < 0 }; \
        ready = poll(pack(i32 fd, i16 POLLIN, i16 0), 1, 0); finally { write(fd, pack(u64 n), 8); close(fd) } }";
    let run = syslet(&["run", "--json", "-e", group, &to]);
    let line = &run.json()[0];
    assert_eq!((&line["result"], run.code), (&json!(1), Some(0)), "{line}");
    let fd = i32::try_from(line["atoms"][0]["value"].as_i64().unwrap()).unwrap();
    let written = |n: u8| [&[n, n, 0xff, 0xff][..], &fd.to_ne_bytes(), b"-"].concat();
    let expected = [written(3), written(4), 0x0104_u64.to_ne_bytes().to_vec()].concat();
    assert_eq!(std::fs::read(&to).unwrap(), expected);
    let text = syslet(&["run", "-e", group, &to]).stdout;
    assert_eq!(text.matches("pack(").count(), 3, "the steps are not told: {text}");
}

/// SCRIPT-55: a group as JSON has its atoms, and its areas by name; nothing of atoms that did not run.
#[test]
fn as_json() {
    let group = "syslet g { a = area(2); b = close(-1); stop if b < 0; getpid(); finally { x = 3 } }";
    let run = statements(&["--json"], &[group]);
    let line = &run.json()[0];
    let keys: Vec<&String> = line.as_object().expect("an object").keys().collect();
    let expected =
        "v line name call nr arguments repeat result error ran skipped_because data attributes atoms";
    assert_eq!(keys, expected.split(' ').collect::<Vec<_>>());
    assert_eq!((&line["name"], &line["call"], &line["nr"]), (&json!("g"), &json!("syslet"), &json!(null)));
    assert_eq!((&line["result"], &line["error"]), (&json!(-9), &json!("EBADF")));
    assert_eq!(line["data"], json!([{"name": "a", "len": 2, "base64": "AAA="}]));
    let expected = json!([
        {"atom": 0, "line": 1, "depth": 0, "name": "b", "call": "close", "text": "close(-1)", "finally": false, "runs": 1,
         "value": -9, "error": "EBADF", "made": true, "attributes": {}},
        {"atom": 2, "line": 1, "depth": 1, "name": "x", "call": null, "text": "x = 3", "finally": true, "runs": 1,
         "value": 3, "error": null, "made": true, "attributes": {}},
    ]);
    assert_eq!(line["atoms"], expected);
}

/// SCRIPT-53: a number from outside is waited for; one that is missing skips the group, with the reason.
#[test]
fn from_outside() {
    let run =
        statements(&["--json"], &["fd = dup(0)", "syslet g { again = dup(fd); close(again) }", "close(fd)"]);
    let results: Vec<_> =
        run.json().iter().map(|line| (line["line"].clone(), line["result"].clone())).collect();
    assert_eq!((results[1].clone(), results[2].clone()), ((json!(2), json!(0)), (json!(3), json!(0))));
    let run = statements(&[], &["fd = dup(-1)", "syslet g { fsync(fd) }"]);
    assert!(run.quiet().1.ends_with("2: syslet g skipped: fd failed\n"), "{}", run.stdout);
    let run = statements(&[], &["b = buffer(8)", "syslet { getrandom(b, 8, 0) }", "lseek(-1, u64(b, 0), 0)"]);
    assert!(run.quiet().1.contains("getrandom(b, 8, 0) = 8\n"), "{}", run.stdout);
}

/// SCRIPT-56: the plan has the atoms with their targets and lines, and runs nothing.
#[test]
fn dry_run() {
    let lines = [
        "x = dup(0)",
        "syslet g budget(9) @timing {",
        "loop {",
        "n = fsync(x) @worker",
        "break if n == 0",
        "}",
        "finally { getpid() }",
        "}",
    ];
    let expected = "2: syslet g budget(9)\n      \
         r0 = x\n      \
         0: fsync(r0), if == 0 stop  @worker  # line 4\n      \
         1: jump to 0  # line 3\n      \
         2: finally getpid()  # line 7\n      \
         waits for x\n      \
         @timing\n";
    let run = statements(&["--dry-run"], &lines);
    let (code, text) = run.quiet();
    assert!(code == 0 && text.ends_with(expected), "{text}");
    let planned = &statements(&["--dry-run", "--json"], &lines).json()[1];
    assert_eq!(planned["atoms"][1], "1: jump to 0");
    assert_eq!(
        (&planned["budget"], &planned["nr"], &planned["waits_for"]),
        (&json!(9), &json!(null), &json!(["x"]))
    );
}

/// SCRIPT-57: a loop without end is ended by its budget, and the way out runs.
#[test]
fn budget() {
    let run = statements(&[], &["syslet budget(100) { n = 0; loop { n += 1 }; finally { getuid() } }"]);
    let (code, text) = run.quiet();
    assert!(code == 1 && text.starts_with("1: syslet = -1 ELOOP"), "{text}");
    assert!(text.contains("n += 1 -> 99  (99 times)\n") && text.contains("getuid() = "), "{text}");
}

/// SCRIPT-57, SCRIPT-33: without workers the command runs groups itself; threads of their own want some.
#[test]
fn without_workers() {
    let run = statements(
        &["--workers", "0", "--json"],
        &["syslet { nanosleep(pack(i64 0, i64 1000), 0); getpid() }"],
    );
    assert_eq!(run.json()[0]["ran"], "submitter");
    let run = statements(&["--workers", "0"], &["syslet @private { getpid() }"]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    let run = statements(&["--workers", "0"], &["syslet { write(1, \"\", 0) @retry }"]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
}

/// SCRIPT-44: with `--quiet` nothing is printed about steps that succeeded.
#[test]
fn quiet() {
    let run = statements(&["-q"], &["getpid()", "close(-1)", "syslet { getpid() }"]);
    assert_eq!(run.quiet(), (1, "2: close(-1) = -1 EBADF (Bad file descriptor)\n"));
}

/// SCRIPT-49: a refusal that only the engine can give names the atom.
#[test]
fn refused() {
    let run = statements(&[], &["syslet { getpid(); syscall(0x40000001) }"]);
    let text = run.quiet().1;
    assert!(text.contains("1: syslet skipped: refused: ") && text.contains("(atom 1, nr)"), "{text}");
}
