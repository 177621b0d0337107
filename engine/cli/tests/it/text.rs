//! The output for people: lines of text, plans, errors, colours.

use crate::files::Directory;
use crate::syslet::{Ended, command, ended, statements, syslet};

/// SCRIPT-27: a failure has its name and meaning, a result stands where its name was written.
#[test]
fn failures_and_results() {
    let run = statements(
        &[],
        &["fd = openat(AT_FDCWD, \"/nowhere/x\", O_RDONLY)", "n = lseek(7777, -5, SEEK_CUR)"],
    );
    let expected = "1: openat(AT_FDCWD, \"/nowhere/x\", O_RDONLY) = -1 ENOENT (No such file or directory)\n\
                    2: lseek(7777, -5, SEEK_CUR) = -1 EBADF (Bad file descriptor)\n";
    // Neither needs the other, so either may be over first.
    let (code, _) = run.quiet();
    assert_eq!((code, sorted(&run)), (1, expected.to_owned()));
}

/// SCRIPT-27: bytes that come back are shown up to 32, or as many as `-s` says.
#[test]
fn data_is_cut() {
    let directory = Directory::new("data-is-cut");
    let file = directory.file("f", "0123456789abcdefghijklmnopqrstuvwxyz\n\x01\x022\"\\");
    let lines = ["fd = openat(AT_FDCWD, $1, O_RDONLY)", "pread64(fd, out(64), 64, 0)"];
    let shown = |options: &[&str]| {
        let mut all = vec!["run"];
        all.extend(options);
        lines.iter().for_each(|line| all.extend(["-e", line]));
        all.push(&file);
        let text = syslet(&all).quiet().1.to_owned();
        let read = text.lines().nth(1).unwrap();
        read[read.find('"').unwrap()..].to_owned()
    };
    assert_eq!(shown(&[]), "\"0123456789abcdefghijklmnopqrstuv\"..., 64, 0) = 42");
    assert_eq!(shown(&["-s", "4"]), "\"0123\"..., 64, 0) = 42");
    let all = "\"0123456789abcdefghijklmnopqrstuvwxyz\\n\\1\\0022\\\"\\\\\", 64, 0) = 42";
    assert_eq!(shown(&["-s", "99"]), all);
}

/// SCRIPT-27: an address is in hex, and so is one passed on.
#[test]
fn addresses_are_in_hex() {
    let run = statements(
        &[],
        &["p = mmap(0, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)", "munmap(p, 4096)"],
    );
    let (code, text) = run.quiet();
    let address = text.lines().next().unwrap().split(" = ").nth(1).unwrap();
    assert!(address.starts_with("0x"), "{text}");
    assert_eq!((code, text.lines().nth(1).unwrap()), (0, &*format!("2: munmap({address}, 4096) = 0")));
}

/// SCRIPT-27: memory that goes both ways is shown as it went in and, where it differs, as it came back.
#[test]
fn both_ways() {
    let run = statements(&[], &["ppoll(pack(i32 -1, i16 POLLIN, i16 0), 1, pack(i64 0, i64 0), 0, 0)"]);
    let expected = "1: ppoll([{fd=-1, events=POLLIN}], 1, {tv_sec=0, tv_nsec=0}, NULL, 0) = 0 (Timeout)\n";
    assert_eq!(run.quiet(), (0, expected));
    let lines = [
        "p = pipe2(out(8), O_NONBLOCK)",
        "ppoll(pack(i32 i32(p, 4), i16 POLLOUT, i16 0), 1, pack(i64 1, i64 0), 0, 0)",
    ];
    let run = statements(&[], &lines);
    let (code, text) = run.quiet();
    let polled = "events=POLLOUT}] => [{fd=";
    assert!(code == 0 && text.contains(polled) && text.contains("revents=POLLOUT}]"), "{text}");
}

/// SCRIPT-27: memory that the command holds is shown as it was written, and then as it came back.
#[test]
fn held_memory() {
    let lines = ["b = buffer(16)", "ioctl(7777, FIONREAD, out(4))", "read(7777, b, 16)"];
    let expected = "2: ioctl(7777, FIONREAD, out(4)) = -1 EBADF (Bad file descriptor)\n\
                    3: read(7777, b, 16) = -1 EBADF (Bad file descriptor)\n";
    assert_eq!(sorted(&statements(&[], &lines)), expected);
    let lines = [
        "p = pipe2(out(8), 0)",
        "w = write(i32(p, 4), \"abc\", 3)",
        "ioctl(i32(p, 0), FIONREAD, out(4)) after w",
    ];
    let run = statements(&[], &lines);
    assert!(run.quiet().1.contains(", FIONREAD, [3]) = 0"), "{}", run.stdout);
    let lines =
        ["s = socket(AF_INET, SOCK_STREAM, 0)", "getsockopt(s, SOL_TCP, TCP_REPAIR, out(4), pack(u32 4))"];
    let run = statements(&[], &lines);
    assert!(run.quiet().1.contains(r#", TCP_REPAIR, "\0\0\0\0", [4]) = 0"#), "{}", run.stdout);
}

/// The lines that were printed, in the order of the script.
fn sorted(run: &Ended) -> String {
    let mut lines: Vec<&str> = run.stdout.split_inclusive('\n').collect();
    lines.sort_unstable();
    lines.concat()
}

/// SCRIPT-42: descriptors have their paths as they were when the statement was submitted.
#[test]
fn descriptor_paths() {
    let lines = ["fd = openat(AT_FDCWD, \"/dev/null\", O_RDONLY)", "close(fd)"];
    for option in ["--fd-paths", "-y"] {
        let run = statements(&[option], &lines);
        let (code, text) = run.quiet();
        let number: String = text.lines().next().unwrap().split(" = ").nth(1).unwrap().to_owned();
        assert!(number.ends_with("</dev/null>"), "{text}");
        let here = std::env::current_dir().unwrap();
        let expected = format!(
            "1: openat(AT_FDCWD<{}>, \"/dev/null\", O_RDONLY) = {number}\n2: close({number}) = 0\n",
            here.display()
        );
        assert_eq!((code, text), (0, &*expected));
    }
    assert!(!statements(&[], &lines).quiet().1.contains("</dev/null>"));
}

/// SCRIPT-27: numbers have the names of their place, however they were written.
#[test]
fn names() {
    let run = statements(&[], &["lseek(7777, 1, 2)", "socket(1, 99, 0)", "umask(18)", "kill(0, 0)"]);
    let text = sorted(&run);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "1: lseek(7777, 1, SEEK_END) = -1 EBADF (Bad file descriptor)");
    assert_eq!(lines[1], "2: socket(AF_UNIX, SOCK_RAW|0x60, 0) = -1 EINVAL (Invalid argument)");
    assert!(lines[2].starts_with("3: umask(022) = 0") && lines[3] == "4: kill(0, 0) = 0", "{}", run.stdout);
}

/// SCRIPT-29: the plan has the arguments and the dependences, and nothing runs.
#[test]
fn dry_run() {
    let directory = Directory::new("dry-run");
    let made = directory.path("made");
    let run = syslet(&[
        "run",
        "--dry-run",
        "-e",
        "fd = creat($1, 0o600)",
        "-e",
        "close(fd) @timing!",
        "-e",
        "pause()",
        &made,
    ]);
    let expected = format!(
        "1: fd = creat [85]\n      \
               0 pathname   IN     \"{}\"...\n      \
               1 mode       VALUE  0o600\n\
         2: close [3]\n      \
               0 fd         VALUE  fd\n      \
               waits for fd\n      \
               @timing!\n\
         3: pause [34]\n",
        &made[..32]
    );
    assert_eq!(run.quiet(), (0, &*expected));
    assert!(!std::path::Path::new(&made).exists());
}

/// SCRIPT-24: without workers calls that may sleep for ever are planned SYNC, others not; with them only calls that are bound
/// to their thread.
#[test]
fn sleeping_calls_are_sync() {
    const CALLS: [&str; 5] = ["pause()", "getpid()", "syscall(4095)", "read(0, 0, 0)", "ptrace(0, 0, 0, 0)"];
    for (workers, expected) in
        [("0", [true, false, true, false, true]), ("2", [false, false, false, false, true])]
    {
        let run = statements(&["--dry-run", "--json", "--workers", workers], &CALLS);
        let lines = run.json();
        let is_sync = lines.iter().map(|line| line["flags"][0] == "SYNC");
        assert!(is_sync.eq(expected), "{workers}: {lines:?}");
    }
    let slept = statements(&[], &["nanosleep(pack(i64 0, i64 1), 0)"]);
    assert_eq!(slept.quiet(), (0, "1: nanosleep({tv_sec=0, tv_nsec=1}, NULL) = 0\n"));
}

/// SCRIPT-30: an error shows file, line, column, the line, a caret, and the nearest name; nothing runs.
#[test]
fn script_errors() {
    let directory = Directory::new("script-errors");
    let file = directory.file("bad.syslet", "write(1, \"x\", 1)\nfd = openat(AT_FDCWD, \"é\", O_RDNLY)\n");
    let run = syslet(&["run", &file]);
    let expected = format!(
        "error: unknown constant or name `O_RDNLY`\n \
         --> {file}:2:28\n  \
         |\n\
         2 | fd = openat(AT_FDCWD, \"é\", O_RDNLY)\n  \
         |                            ^^^^^^^\n  \
         |\n  \
         = help: the nearest known name is `O_RDONLY`\n"
    );
    assert_eq!((run.code, &*run.stdout, run.stderr), (Some(2), "", expected));
}

/// SCRIPT-30: the message about a word of any length is short, and no name is looked for that could not be near.
#[test]
fn errors_of_long_words() {
    let directory = Directory::new("long-words");
    let long = "x".repeat(1 << 18);
    for script in [
        format!("{long}()"),
        format!("close({long})"),
        format!("getpid() @{long}"),
        format!("getpid() {long}"),
    ] {
        let file = directory.file("long.syslet", &script);
        let run = syslet(&["run", &file]);
        assert_eq!(run.code, Some(2));
        assert!(run.stderr.contains(":1:") && run.stderr.contains('^'), "a place");
        assert!(run.stderr.len() < 2000, "{} bytes", run.stderr.len());
    }
}

/// SCRIPT-1: a file that is no script, or is not there, is said to be so.
#[test]
fn unreadable_scripts() {
    let directory = Directory::new("unreadable");
    let bytes = directory.file("bytes", b"getpid()\n# \xff\n");
    let run = syslet(&["run", &bytes]);
    assert_eq!(
        (run.code, run.stderr),
        (Some(2), format!("syslet: {bytes}:2:3: a script is UTF-8, and the byte 0xff here is not\n"))
    );
    let run = syslet(&["run", &directory.path("none")]);
    assert!(run.code == Some(2) && run.stderr.contains("cannot be read: No such file"), "{}", run.stderr);
    let long = directory.file("long", vec![b'#'; (16 << 20) + 1]);
    let run = syslet(&["run", &long]);
    assert!(run.code == Some(2) && run.stderr.contains("has at most 16 MiB"), "{}", run.stderr.len());
}

/// SCRIPT-30: all faults of a script are told of, up to 20.
#[test]
fn all_faults() {
    let run = |count: usize| syslet(&["run", "-e", &"nosuch()\n".repeat(count)]);
    let (two, many) = (run(2), run(23));
    assert_eq!((two.code, two.stderr.matches("has no call `nosuch`").count()), (Some(2), 2));
    assert!(two.stderr.contains("-e:1:1") && two.stderr.contains("-e:2:1"), "{}", two.stderr);
    assert_eq!(many.stderr.matches("has no call `nosuch`").count(), 20);
    assert!(many.stderr.ends_with("syslet: and 3 more faults\n"), "{}", many.stderr);
}

/// SCRIPT-31: no colour but on a terminal, and none at all with NO_COLOR; `--color` decides against all of them.
#[test]
fn colours() {
    let coloured = |name: &str, value: &str, no_color: bool| {
        let mut command = command();
        command.args(["run", "-e", "close(7777)"]).env(name, value);
        if no_color {
            command.env("NO_COLOR", "1");
        }
        ended(command.output().unwrap()).stdout.contains('\x1b')
    };
    assert!(!coloured("TERM", "xterm", false));
    assert!(coloured("CLICOLOR_FORCE", "1", false));
    assert!(!coloured("CLICOLOR_FORCE", "1", true));
    let asked = |when: &str, name: &str| {
        let mut command = command();
        command.args(["run", "-e", "close(7777)", "--color", when]).env(name, "1");
        ended(command.output().unwrap()).stdout.contains('\x1b')
    };
    assert!(asked("always", "TERM") && asked("always", "NO_COLOR"));
    assert!(!asked("never", "CLICOLOR_FORCE") && asked("auto", "CLICOLOR_FORCE") && !asked("auto", "TERM"));
    let message = syslet(&["run", "--color", "always", "-e", "nosuch()"]).stderr;
    assert!(message.contains('\x1b'), "{message}");
}

/// SCRIPT-27: observing attributes, for people.
#[test]
fn observing_attributes() {
    let directory = Directory::new("observing-attributes-as-text");
    let file = directory.file("f", "123456789");
    let lines = [
        "fd = openat(AT_FDCWD, $1, O_RDONLY)",
        "pread64(fd, out(9), 9, 0) @cache @checksum @io @trace(7)",
        "pread64(fd, out(9), 9, 0) @checksum(1)",
        "getpid() @cache",
        "getpid() @usage",
    ];
    let mut all = vec!["run"];
    lines.iter().for_each(|line| all.extend(["-e", line]));
    all.push(&file);
    let ended = syslet(&all);
    let text = ended.quiet().1;
    let of = |line: &str| text.lines().find(|found| found.starts_with(line)).expect("a line").to_owned();
    let read = of("2: ");
    let said = &read[read.find("@cache").expect("it was asked")..];
    assert!(
        said.starts_with("@cache hit (") && said.contains(")  @checksum 0xe3069283 of 9 bytes  @io "),
        "{said}"
    );
    // The first read of a file may note when that was, and dirty a page with it.
    assert!(said.contains("@io read_bytes=0 written_bytes=") && said.ends_with("  @trace id=7"), "{said}");
    assert!(of("3: ").ends_with("  @checksum mismatch: 0xe3069283 of 9 bytes"), "{text}");
    assert!(of("4: ").ends_with("  @cache inapplicable"), "{text}");
    let usage = of("5: ");
    assert!(
        ["  @usage cpu=", " user~", " system~", "_switches="].iter().all(|said| usage.contains(said)),
        "{usage}"
    );
    assert!(usage.split('=').next_back().is_some_and(|last| last.parse::<u64>().is_ok()), "{usage}");
}

/// SCRIPT-27, SCRIPT-43, SCRIPT-33: attributes that order calls, for people; a lane wants workers.
#[test]
fn sorting_attributes() {
    let ended = syslet(&["run", "-e", "getpid() @priority(-5)", "-e", "getpid() @lane(7, limit=2)"]);
    let text = ended.quiet().1;
    let of = |line: &str| text.lines().find(|found| found.starts_with(line)).expect("a line").to_owned();
    assert!(of("1: ").contains("  @priority waited ") && of("1: ").contains(", level "), "{text}");
    assert!(of("2: ").contains("  @lane waited=") && of("2: ").ends_with(" running=1"), "{text}");
    let inline = syslet(&["run", "--workers", "0", "-e", "getpid() @priority!(5)"]);
    assert_eq!(inline.code, Some(0), "{inline:?}");
    let refused = syslet(&["run", "--workers", "0", "-e", "getpid() @lane(7, limit=2)"]);
    assert_eq!(refused.code, Some(3), "{refused:?}");
}

/// The nice value of this process: field 19 of its stat, which begins behind the name.
fn own_nice() -> i32 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("/proc is mounted");
    let (_, fields) = stat.rsplit_once(')').expect("a name in brackets");
    fields.split_whitespace().nth(19 - 3).and_then(|nice| nice.parse().ok()).expect("a number")
}

/// SCRIPT-27, SCRIPT-43: attributes that change the way in which their call is made, for people; each has its effect.
#[test]
fn acting_attributes() {
    let directory = Directory::new("acting-attributes-as-text");
    let file = directory.file("f", "123456789");
    let parent = file.strip_suffix("/f").expect("its name").to_owned();
    // No thread may ask for a nice value below its own.
    let nice = (own_nice() + 5).min(19);
    let nicer = format!("getpriority(0, 0) @nice({nice})");
    let lines = [
        "dir = openat(AT_FDCWD, $1, O_RDONLY|O_DIRECTORY)",
        &nicer,
        "sched_getscheduler(0) @sched(batch)",
        "ioprio_get(1, 0) @ioprio(best_effort, level=6)",
        "fd = openat(AT_FDCWD, \"f\", O_RDONLY) @cwd!(dir) @umask(0o77) @timer_slack(1ms)",
        "read(fd, out(100), 100) @retry(short)",
        "getpid() @cwd(9999)",
    ];
    let mut all = vec!["run"];
    lines.iter().for_each(|line| all.extend(["-e", line]));
    all.push(&parent);
    let ended = syslet(&all);
    let text = ended.quiet().1;
    let of = |line: &str| text.lines().find(|found| found.starts_with(line)).expect("a line").to_owned();
    assert!(of("2: ").ends_with(&format!(" = {}  @nice {nice}", 20 - nice)), "{text}");
    assert!(of("3: ").ends_with("  @sched batch"), "{text}");
    assert!(of("4: ").ends_with("  @ioprio best_effort level 6"), "{text}");
    assert!(of("5: ").ends_with("  @cwd handled  @umask handled  @timer_slack slack=1.0ms"), "{text}");
    assert!(of("6: ").ends_with("  @retry 2 attempt(s), end of file"), "{text}");
    assert!(of("7: ").ends_with("  @cwd unavailable"), "{text}");
    let refused = syslet(&["run", "--workers", "0", "-e", "getpid() @nice(5)"]);
    assert_eq!(refused.code, Some(3), "{refused:?}");
}
