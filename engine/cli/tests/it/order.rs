//! The order of statements, the numbers that they pass on, and skipping.

use crate::files::Directory;
use crate::syslet::{command, data, ended, statements, syslet};

/// SCRIPT-19: a statement that needs a failed result is skipped, and so is one that needs that; the reason is printed.
#[test]
fn skipped() {
    let run = statements(
        &[],
        &[
            "fd = openat(AT_FDCWD, \"/nowhere/x\", 0)",
            "n = read(fd, out(8), 8)",
            "lseek(0, n, 0)",
            "close(fd)",
        ],
    );
    let (code, text) = run.quiet();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(code, 1);
    assert_eq!(lines[1], "2: read(fd, out(8), 8) skipped: fd failed");
    assert!(lines.contains(&"3: lseek(0, n, 0) skipped: n was skipped"), "{text}");
    assert!(lines.contains(&"4: close(fd) skipped: fd failed"), "{text}");
}

/// SCRIPT-20: a closing call runs although the others failed, and after them.
#[test]
fn closing_runs_anyway() {
    let run = statements(
        &["--json"],
        &[
            "fd = openat(AT_FDCWD, \"/\", O_RDONLY)",
            "read(fd, out(8), 8)",
            "n = write(fd, \"x\", 1)",
            "close(fd) after n",
        ],
    );
    let mut lines = run.json();
    lines.sort_by_key(|line| line["line"].as_u64());
    let seen: Vec<_> = lines.iter().map(|line| line["result"].as_i64().map(|result| result.min(0))).collect();
    let (is_a_directory, not_for_writing) = (Some(-21), Some(-9));
    let expected = [Some(0), is_a_directory, not_for_writing, Some(0)];
    assert_eq!(seen, expected);
}

/// SCRIPT-9, SCRIPT-10, SCRIPT-21: descriptors out of an area, a shared buffer, and an order that `after` makes.
#[test]
fn through_a_pipe() {
    let run = statements(
        &["--json"],
        &[
            "b = buffer(64)",
            "p = pipe2(out(8), O_CLOEXEC)",
            "w = write(i32(p, 4), \"hello\", 5)",
            "r = read(i32(p, 0), b, 64) after w",
            "m = memfd_create(\"x\", 0)",
            "c = pwrite64(m, b, r, 0)",
            "pread64(m, out(64), 64, 0) after c",
            "lseek(m, u8(b, 1), SEEK_SET) after r",
        ],
    );
    let lines = run.json();
    assert_eq!(run.code, Some(0), "{lines:?}");
    let find = |number: u64| lines.iter().find(|line| line["line"] == number).unwrap();
    assert_eq!(data(find(7), 1), b"hello");
    assert_eq!(find(8)["result"], u64::from(b'e'));
}

/// SCRIPT-7: a result packed into memory is the one the call sees.
#[test]
fn packed_results() {
    let run = statements(
        &["--json"],
        &[
            "p = pipe2(out(8), 0)",
            "fd = dup(i32(p, 4))",
            "ppoll(pack(i32 fd, i16 POLLOUT, i16 0), 1, pack(i64 5, i64 0), 0, 0)",
        ],
    );
    let lines = run.json();
    assert_eq!((run.code, &lines[2]["result"]), (Some(0), &1.into()), "{lines:?}");
    assert_eq!(data(&lines[2], 0)[6..8], 4u16.to_ne_bytes());
}

/// SCRIPT-10: a number behind the bytes that came back skips the statement that reads it.
#[test]
fn behind_what_came_back() {
    let directory = Directory::new("behind");
    let file = directory.file("f", "abcdef");
    let script = [
        "fd = openat(AT_FDCWD, $1, 0)",
        "n = read(fd, out(64), 64)",
        "lseek(fd, u32(n, 2), 0)",
        "lseek(fd, u32(n, 4), 0)",
    ];
    let all: Vec<&str> =
        ["run"].into_iter().chain(script.iter().flat_map(|line| ["-e", line])).chain([&*file]).collect();
    let run = syslet(&all);
    let (code, text) = run.quiet();
    assert_eq!(code, 1);
    let number = u32::from_ne_bytes(*b"cdef");
    assert!(text.contains(&format!(", {number}, SEEK_SET) = {number}\n")), "{text}");
    assert!(text.contains("skipped: it reads u32 at offset 4, and 6 bytes came back\n"), "{text}");
}

/// SCRIPT-15: a length that is a result is checked when the statement is submitted.
#[test]
fn lengths_known_later() {
    let run = statements(
        &[],
        &[
            "b = buffer(4)",
            "n = memfd_create(\"x\", 0)",
            "p = getpid()",
            "write(n, b, p)",
            "read(n, out(4), p)",
        ],
    );
    let (code, text) = run.quiet();
    assert_eq!(code, 1);
    assert_eq!(text.matches("skipped: argument 2 has 4 bytes, and the call reaches ").count(), 2, "{text}");
}

/// SCRIPT-17: memory that the table does not describe: vectors of a buffer, a structure for fcntl, bytes for a number.
#[test]
fn undescribed_memory() {
    let run = statements(
        &["--json"],
        &[
            "m = memfd_create(\"x\", 0)",
            "b = buffer(8)",
            "w = pwrite64(m, \"vectored\", 8, 0)",
            "r = preadv(m, pack(u64 b, u64 8), 1, 0, 0) after w",
            "pwrite64(m, b, r, 8)",
            "fcntl(m, F_GETLK, pack(i16 F_WRLCK, i16 SEEK_SET, i64 0, i64 0, i32 0))",
            "n = ioctl(m, 0x541B, out(4)) after w",
            "fstat(m, out(144)) after n, r",
        ],
    );
    let lines = run.json();
    assert_eq!(run.code, Some(0), "{lines:?}");
    let find = |number: u64| lines.iter().find(|line| line["line"] == number).unwrap();
    assert_eq!(find(4)["result"], 8);
    assert_eq!(data(find(7), 2).len(), 4);
}

/// SCRIPT-1, SCRIPT-11: a script comes from a file, from standard input or from `-e`; the words behind it are its arguments.
#[test]
fn sources() {
    let directory = Directory::new("sources");
    let script = "lseek($1, $#, 2)\n";
    let file = directory.file("s", script);
    let expected = "1: lseek(7777, 2, SEEK_END) = -1 EBADF (Bad file descriptor)\n";
    assert_eq!(syslet(&["run", &file, "7777", "--json"]).quiet(), (1, expected));
    assert_eq!(syslet(&["run", "-e", script, "7777", "x"]).quiet(), (1, expected));
    let stdin = std::fs::File::open(&file).unwrap();
    let output = command().args(["run", "-", "7777", "-"]).stdin(stdin).output().unwrap();
    assert_eq!(ended(output).quiet(), (1, expected));
}

/// SCRIPT-11: an argument that the script does not use is an error, and nothing runs: it may be an option at the wrong place.
#[test]
fn unused_arguments() {
    for (script, arguments) in [
        ("write(1, \"x\", 1)", &["--", "--dry-run"][..]),
        ("write($1, \"x\", 1)", &["1", "--dry-run"]),
        ("syslet { write(1, \"${1}\", 1) }", &["1", "--dry-run"]),
    ] {
        let run = syslet(&[&["run", "-e", script], arguments].concat());
        assert_eq!((run.code, &*run.stdout), (Some(2), ""));
        assert!(run.stderr.contains(", `--dry-run`; options stand in front of the script"), "{}", run.stderr);
    }
    let used = syslet(&["run", "-e", "lseek($2, 0, 0)", "unused", "0x1e61"]);
    assert_eq!(used.quiet(), (1, "1: lseek(7777, 0, SEEK_SET) = -1 EBADF (Bad file descriptor)\n"));
    assert_eq!(syslet(&["run", "-q", "-e", "write(1, \"\", 0) @trace($#)", "x"]).code, Some(2),);
}

/// SCRIPT-23: more statements than slots, all of them told exactly once.
#[test]
fn more_than_fit() {
    let directory = Directory::new("more");
    let count = 2000;
    let script: String = (0..count).map(|_| "getppid()\n").collect();
    let run = syslet(&["run", "--json", &directory.file("s", script)]);
    let mut lines: Vec<u64> = run.json().iter().map(|line| line["line"].as_u64().unwrap()).collect();
    lines.sort_unstable();
    assert_eq!((run.code, lines), (Some(0), (1..=count).collect()));
}

/// SCRIPT-6: areas larger than the ring would be by default come back whole.
#[test]
fn large_areas() {
    let run = statements(
        &["--json"],
        &[
            "m = memfd_create(\"x\", 0)",
            "t = ftruncate(m, 3000000)",
            "n = pread64(m, out(3000000), 3000000, 0) after t",
        ],
    );
    let lines = run.json();
    assert_eq!(data(&lines[2], 1), vec![0; 3_000_000]);
}

/// SCRIPT-24: without workers statements run in the script's order, one that waits for a result before a later one that waits
/// for nothing.
#[test]
fn in_order_without_workers() {
    let script = [
        "p = pipe2(out(8), O_CLOEXEC)",
        "write(i32(p, 4), \"a\", 1)",
        "getpid()",
        "n = write(i32(p, 4), \"b\", 1)",
        "getppid()",
        "read(i32(p, 0), out(8), 8) after n",
        "getuid()",
    ];
    let run = statements(&["--workers", "0", "--json"], &script);
    let lines: Vec<_> = run.json().iter().map(|line| line["line"].as_u64()).collect();
    assert_eq!(lines, (1..=7).map(Some).collect::<Vec<_>>());
    assert_eq!(data(&run.json()[5], 1), b"ab");
}

/// SCRIPT-23: more calls sleep at once than a default ring has slots; the one behind them that wakes them is made.
#[test]
fn many_sleepers_and_their_waker() {
    const READERS: usize = 600;
    let mut script = vec!["p = pipe2(out(8), O_CLOEXEC)".to_owned()];
    script.extend((0..READERS).map(|_| "read(i32(p, 0), out(1), 1)".to_owned()));
    script.push(format!("write(i32(p, 4), \"{}\", {READERS})", "x".repeat(READERS)));
    let script: Vec<&str> = script.iter().map(String::as_str).collect();
    let run = statements(&["--json", "--timeout", "60s"], &script);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let lines = run.json();
    assert_eq!(lines.iter().filter(|line| line["call"] == "read" && line["result"] == 1).count(), READERS);
}

/// SCRIPT-72: a script whose calls could wait for ever because of a limit is told of it before it runs.
#[test]
fn limits_are_told() {
    let script = [
        "p = pipe2(out(8), 0)",
        "read(i32(p, 0), out(1), 1)",
        "read(i32(p, 0), out(1), 1)",
        "write(i32(p, 4), \"ab\", 2)",
    ];
    let run = statements(&["--workers", "1", "--timeout", "60s"], &script);
    assert!(
        run.stderr
            .starts_with("syslet: the script has 3 calls that may sleep at once, and there are 1 workers"),
        "{}",
        run.stderr
    );
    assert_eq!(statements(&["--workers", "3"], &script).stderr, "");
    assert_eq!(statements(&["--workers", "0"], &["getpid()"]).stderr, "");
}

/// SCRIPT-21: a statement that is `after!` another runs behind it, also where that failed or was skipped.
#[test]
fn after_whatever_came() {
    let run = statements(
        &[],
        &[
            "fd = openat(AT_FDCWD, \"/nowhere/x\", 0)",
            "n = read(fd, out(8), 8)",
            "getpid() after! n",
            "getpid() after n",
        ],
    );
    let (code, text) = run.quiet();
    assert_eq!(code, 1);
    assert!(text.contains("\n3: getpid() = "), "{text}");
    assert!(text.contains("4: getpid() skipped: n was skipped"), "{text}");
}
