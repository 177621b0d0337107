//! `syslet table`.

use serde_json::Value;

use crate::syslet::syslet;

/// The names of the calls that these filters leave.
#[track_caller]
fn names(filters: &[&str]) -> Vec<String> {
    let all: Vec<&str> = ["table", "--json"].iter().chain(filters).copied().collect();
    let rows = syslet(&all).json();
    rows.iter().map(|row| row["name"].as_str().expect("a name").to_owned()).collect()
}

/// SCRIPT-36: all rows, one line each behind the heading.
#[test]
fn all_rows() {
    let run = syslet(&["table"]);
    let (code, text) = run.quiet();
    let read = "   0  read                     descriptor  read(fd, out buf[arg 2], count)";
    assert!(code == 0 && text.lines().any(|line| line == read), "{text}");
    assert!(text.lines().count() > 60);
    assert_eq!(syslet(&["table", "--json"]).json().len(), text.lines().count() - 1);
}

/// SCRIPT-36: one call, by name or by number, with every column and every argument explained.
#[test]
fn one_row() {
    let by_name = syslet(&["table", "read"]);
    let (code, text) = by_name.quiet();
    assert_eq!(code, 0);
    for line in [
        "number       x86_64 0, aarch64 63",
        "gives        bytes: a count of bytes",
        "class        descriptor: the kind of the descriptor decides how long it keeps its thread",
        "scope        process: any thread may make it",
        "memory       kept: nothing beyond the bytes of its arguments",
        "nonblocking  preadv2 with RWF_NOWAIT",
        "after EINTR  the same call again",
        "as bytes     self-contained: everything it needs can travel in the submission",
        "safe code    may make it",
        "arg 0        fd             fd           value",
        "             an open descriptor; from safe code lent, or negative",
        "arg 1        buf            out          out     length arg 2",
        "arg 2        count          size         value",
    ] {
        assert!(text.lines().any(|found| found == line), "{line:?} is not in\n{text}");
    }
    assert_eq!(syslet(&["table", "0"]).quiet(), (0, text));
    let json = syslet(&["table", "--json", "read"]).json();
    assert_eq!((&json[0]["nr"], &json[0]["args"][1]["direction"]), (&0.into(), &"out".into()));
}

/// SCRIPT-36: a column that arguments decide about has a line for each case.
#[test]
fn exceptions_are_shown() {
    let run = syslet(&["table", "seccomp"]);
    let (_, text) = run.quiet();
    let line = "             when arg 0 is 1 and arg 1 has 0x1, engine-life: the confinement of its thread would bind every thread of the process";
    assert!(text.lines().any(|found| found == line), "{text}");
    let json = syslet(&["table", "--json", "clock_nanosleep"]).json();
    let exception = &json[0]["restart_when"][0];
    assert_eq!(
        (&exception["when"], &exception["is"]),
        (&"arg 1 has 0x1".into(), &"the same call again".into())
    );
}

/// TABLE-18: how many bits of an argument the kernel takes is shown where its type does not tell.
#[test]
fn widths_are_shown() {
    let run = syslet(&["table", "preadv"]);
    let (_, text) = run.quiet();
    for line in [
        "arg 0        fd             fd           value",
        "arg 2        vlen           size         value   the low 32 bits",
        "arg 3        pos_l          offset       value",
        "arg 4        pos_h          offset       value   ignored",
    ] {
        assert!(text.lines().any(|found| found == line), "{line:?} is not in\n{text}");
    }
    let (mask, by_command) = (syslet(&["table", "fanotify_mark"]), syslet(&["table", "keyctl"]));
    assert!(mask.quiet().1.contains("arg 2        mask           flags        value   all 64 bits\n"));
    assert!(by_command.quiet().1.contains(" size, the low 32 bits when arg 0 is "));
    let bits = |name: &str| -> Vec<u64> {
        let row = &syslet(&["table", "--json", name]).json()[0];
        row["args"].as_array().into_iter().flatten().filter_map(|arg| arg["bits"].as_u64()).collect()
    };
    assert_eq!((bits("preadv"), bits("fchmod")), (vec![32, 64, 32, 64, 0], vec![32, 16]));
}

/// TABLE-12: a call is said to be known, unknown or not asked for.
#[test]
fn the_kernel_is_asked() {
    let known = |name: &str| syslet(&["table", "--json", name]).json()[0]["this_kernel"].clone();
    assert_eq!(
        (known("openat"), known("exit"), known("tuxcall")),
        ("known".into(), "not-asked".into(), "not-asked".into())
    );
    let run = syslet(&["table", "close"]);
    let line = "this kernel  knows it: made with arguments that cannot succeed, it says EBADF";
    assert!(run.quiet().1.lines().any(|found| found == line), "{}", run.stdout);
}

/// SCRIPT-36: a part of a name, a pattern and a number in hex find calls.
#[test]
fn searching() {
    assert_eq!(names(&["pidfd"]), ["pidfd_open", "pidfd_getfd", "pidfd_send_signal"]);
    assert_eq!(names(&["p*d64"]), ["pread64"]);
    assert_eq!(names(&["dup?"]), ["dup2", "dup3"]);
    assert_eq!(names(&["read"]), ["read"], "a name that is whole is that call");
    assert_eq!((names(&["0x0"]), names(&["0x1"])), (vec!["read".to_owned()], vec!["write".to_owned()]));
    let list = syslet(&["table", "pidfd"]);
    let (code, text) = list.quiet();
    assert!(code == 0 && text.starts_with("  NR  NAME") && text.lines().count() == 4, "{text}");
    for none in ["x*y*z", "0xfff", "0x", ""] {
        assert_eq!(syslet(&["table", none]).code, Some(2), "{none:?}");
    }
}

/// SCRIPT-36: a call that is not in the table is an error that names the nearest.
#[test]
fn unknown_rows() {
    let run = syslet(&["table", "raed"]);
    let message = "syslet: the table has no call `raed`; the nearest name is `read`\n";
    assert_eq!((run.code, &*run.stdout, &*run.stderr), (Some(2), "", message));
    assert_eq!(syslet(&["table", "4095"]).code, Some(2));
}

/// TABLE-13: each filter leaves the rows for which it holds, several of them those for which all hold.
#[test]
fn filters() {
    let sleeping = names(&["--class", "sleeps"]);
    assert!(sleeping.contains(&"fcntl".into()), "F_SETLKW sleeps");
    assert!(sleeping.contains(&"accept4".into()) && !sleeping.contains(&"getpid".into()));
    let bound = names(&["--scope", "bound-to-thread"]);
    assert!(
        bound.contains(&"ptrace".into())
            && bound.contains(&"wait4".into())
            && !bound.contains(&"exit".into())
    );
    assert!(names(&["--scope", "engine-life"]).contains(&"prctl".into()));
    let both = names(&["--arg", "dirfd", "--arg", "out"]);
    assert!(both.contains(&"newfstatat".into()) && !both.contains(&"openat".into()));
    let found = names(&["--has", "nonblocking", "--class", "instant", "--arg", "fd"]);
    assert!(
        found.contains(&"recvfrom".into())
            && !found.contains(&"read".into())
            && !found.contains(&"msgrcv".into())
    );
    for (column, member, stranger) in [
        ("memory", "mmap", "read"),
        ("descriptors", "dup3", "dup"),
        ("private", "unshare", "gettid"),
        ("condition", "futex", "read"),
        ("restart", "read", "getpid"),
        ("kick", "openat", "close"),
        ("danger", "timer_create", "getsockopt"),
        ("self-contained", "close", "mmap"),
        ("safe", "statx", "close"),
        ("gone", "vserver", "read"),
    ] {
        let found = names(&["--has", column]);
        assert!(found.contains(&member.into()) && !found.contains(&stranger.into()), "{column}: {found:?}");
    }
}

/// TABLE-13: a value that no filter knows is an error that lists those that are known; a call and filters exclude
/// each other.
#[test]
fn bad_filters() {
    for (option, known) in [
        ("--class", "instant, storage, descriptor, sleeps"),
        ("--scope", "process, reads-thread, writes-thread, bound-to-thread, engine-life"),
        ("--arg", "dirfd"),
        ("--has", "self-contained"),
        ("--missing-in", "io_uring"),
    ] {
        let run = syslet(&["table", option, "nothing"]);
        assert_eq!((run.code, &*run.stdout), (Some(2), ""));
        assert!(
            run.stderr.contains("invalid value 'nothing'") && run.stderr.contains(known),
            "{}",
            run.stderr
        );
    }
    for wrong in [
        &["read", "--has", "nonblocking"],
        &["--markdown", "--json", "--summary"],
        &["--summary", "read", "--json"],
    ] {
        let all: Vec<&str> = ["table"].iter().chain(wrong).copied().collect();
        assert_eq!(syslet(&all).code, Some(2), "{wrong:?}");
    }
}

/// TABLE-14: the calls that io_uring lacks, and the source of that.
#[test]
fn missing_in_io_uring() {
    let run = syslet(&["table", "--json", "--missing-in", "io_uring"]);
    assert_eq!(run.code, Some(0));
    assert!(
        run.stderr.contains("asked the running kernel") || run.stderr.contains("November 2025"),
        "{}",
        run.stderr
    );
    let rows: Vec<Value> =
        run.stdout.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let has = |name: &str| rows.iter().any(|row| row["name"] == name);
    assert!(has("getdents64") && has("ioctl") && has("flock") && has("fcntl") && has("copy_file_range"));
    assert!(!has("read") && !has("openat") && !has("vserver"));
}

/// TABLE-15: the counts add up, and are those of the rows printed.
#[test]
fn counts() {
    let counts = &syslet(&["table", "--summary", "--json"]).json()[0];
    let count = |key: &str| usize::try_from(counts[key].as_u64().expect("a number")).expect("a small one");
    assert_eq!(count("rows"), syslet(&["table", "--json"]).json().len());
    let classes = ["instant", "storage", "descriptor", "sleeps"].map(count);
    assert_eq!(classes.iter().sum::<usize>(), count("rows"));
    for (key, column) in [
        ("nonblocking", "nonblocking"),
        ("safe", "safe"),
        ("self_contained", "self-contained"),
        ("gone", "gone"),
    ] {
        assert_eq!(count(key), names(&["--has", column]).len(), "{key}");
    }
    assert_eq!(count("writes_thread"), names(&["--scope", "writes-thread"]).len());
    assert_eq!(count("engine_life"), names(&["--scope", "engine-life"]).len());
    let run = syslet(&["table", "--summary"]);
    assert!(
        run.quiet().1.contains(&format!("{:>4}  with a non-blocking attempt\n", count("nonblocking"))),
        "{}",
        run.stdout
    );
}
