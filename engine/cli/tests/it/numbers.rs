//! Memory that is filled before anything runs, and numbers that are made out of results.

use crate::syslet::{data, statements};

/// SCRIPT-73, SCRIPT-74: writev, and sendmsg with a message of several parts, out of buffers with contents.
#[test]
fn vectors_out_of_buffers() {
    let run = statements(
        &["--json"],
        &[
            "a = buffer(8) = \"hello\"",
            "b = buffer(8) = pack(\" you\")",
            "v = buffer(32) = pack(u64 a, u64 5, u64 b + 1, u64 3)",
            "p = pipe2(out(8), O_CLOEXEC)",
            "w = writev(i32(p, 4), v, 2)",
            "read(i32(p, 0), out(16), 16) after w",
            "m = buffer(56) = pack(u64 0, u64 0, u64 v + 16, u64 1, u64 0, u64 0, u64 0)",
            "s = socketpair(AF_UNIX, SOCK_STREAM, 0, out(8))",
            "t = sendmsg(i32(s, 0), m, 0)",
            "read(i32(s, 4), out(16), 16) after t",
        ],
    );
    let lines = run.json();
    let line = |number: u64| lines.iter().find(|line| line["line"] == number).expect("it ran");
    assert_eq!(data(line(6), 1), b"helloyou");
    assert_eq!(data(line(10), 1), b"you");
}

/// SCRIPT-74, SCRIPT-75: the highest descriptor and one more, and the bit of a descriptor, for select; in groups for numbers from
/// outside.
#[test]
fn select_on_a_result() {
    let run = statements(
        &["--json"],
        &[
            "e = eventfd2(1, EFD_CLOEXEC)",
            "pselect6(e + 1, pack(u64 1 << e), 0, 0, pack(i64 0, i64 0), 0)",
            "p = pipe2(out(8), O_CLOEXEC)",
            "pselect6(64, pack(u64 1 << i32(p, 0)), 0, 0, pack(i64 0, i64 0), 0)",
            "syslet g { lseek(0, e + 1, SEEK_SET); stop; }",
            "b = buffer(16) = \"....five\"",
            "syslet h { write(e, b + 8, 8) }",
        ],
    );
    let lines = run.json();
    let result = |number: u64| {
        lines.iter().find(|line| line["line"] == number).and_then(|line| line["result"].as_i64())
    };
    assert_eq!((result(2), result(4)), (Some(1), Some(0)));
    assert_eq!(result(7), Some(8), "{lines:?}");
}

/// SCRIPT-75: a number without a bit skips the statement.
#[test]
fn no_such_bit() {
    let run = statements(&[], &["d = fcntl(1, F_DUPFD_CLOEXEC, 64)", "lseek(0, 1 << d, 0)"]);
    let (code, text) = run.quiet();
    assert_eq!(code, 1);
    assert!(text.contains("skipped: 64 bits have none with the number"), "{text}");
}

/// SCRIPT-77: a descriptor that a group opens is read and closed by statements below, and by another group.
#[test]
fn results_of_groups() {
    let run = statements(
        &["--json"],
        &[
            "syslet g { fd = memfd_create(\"x\", 0); n = write(fd, \"hello\", 5); }",
            "pread64(g.fd, out(8), g.n, 0)",
            "syslet h { m = lseek(g.fd, 0, SEEK_END); }",
            "lseek(g.fd, h.m + 2, SEEK_SET)",
            "close(g.fd)",
        ],
    );
    let lines = run.json();
    let line = |number: u64| lines.iter().find(|line| line["line"] == number).expect("it ran");
    assert_eq!(data(line(2), 1), b"hello");
    assert_eq!((&line(4)["result"], &line(5)["result"]), (&7.into(), &0.into()));
}

/// SCRIPT-77: a statement is skipped whose result the group did not make, or closed; it runs although the group failed.
#[test]
fn results_that_are_not_there() {
    let run = statements(
        &[],
        &[
            "syslet g { fd = dup(1); x = openat(AT_FDCWD, \"/nowhere/x\", 0); }",
            "lseek(0, g.fd + 1, SEEK_CUR) after! g",
            "fcntl(g.fd, F_GETFD)",
            "fcntl(g.x, F_GETFD)",
            "syslet h { fd = dup(1); close(fd); }",
            "fcntl(h.fd, F_GETFD)",
            "syslet k { a = getpid(); stop if a > 0; b = getpid(); }",
            "fcntl(k.b, F_GETFD)",
            "close(g.fd)",
        ],
    );
    let (code, text) = run.quiet();
    assert_eq!(code, 1);
    let skipped = |number: u32| {
        text.contains(&format!("\n{number}: fcntl")) && {
            let line =
                text.lines().find(|line| line.starts_with(&format!("{number}: "))).expect("it is told of");
            line.contains("skipped: a result of a group that it needs was not made, or is closed")
        }
    };
    assert_eq!([3, 4, 6, 8].map(skipped), [false, true, true, true], "{text}");
    assert!(text.contains("\n9: close(") && !text.contains("9: close(g.fd) skipped"), "{text}");
}
