//! How a run ends: exit codes, signals, time, readers that go away.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use crate::files::Directory;
use crate::syslet::{command, statements, syslet};

/// SCRIPT-33: success, failure, usage and script errors, calls that are not supported.
#[test]
fn exit_codes() {
    assert_eq!(statements(&[], &["getpid()"]).code, Some(0));
    assert_eq!(statements(&[], &["close(7777)"]).code, Some(1));
    assert_eq!(statements(&[], &["close("]).code, Some(2));
    let usage = syslet(&["run"]);
    assert_eq!(usage.code, Some(2));
    assert!(usage.stderr.contains("syslet run [OPTIONS] <FILE|-> [ARG]..."), "{}", usage.stderr);
    assert_eq!(statements(&["--workers", "65537"], &["getpid()"]).code, Some(2));
    assert_eq!(syslet(&["run", "--nonsense", "x"]).code, Some(2));
    assert_eq!(syslet(&[]).code, Some(2));
    assert_eq!(statements(&[], &["setfsuid(0)"]).code, Some(2));
    assert_eq!(statements(&[], &["getpid() @private"]).code, Some(0));
    assert_eq!(statements(&["--workers", "0"], &["getpid() @private"]).code, Some(3));
    for help in [&["--help"][..], &["run", "--help"]] {
        let help = syslet(help);
        let (code, text) = help.quiet();
        assert!(
            code == 0
                && ["0  ", "1  ", "2  ", "3  ", "124", "129", "130", "143"]
                    .iter()
                    .all(|exit| text.contains(exit)),
            "{text}"
        );
        assert!(text.contains("Exit status:"), "{text}");
    }
}

/// SCRIPT-33, SCRIPT-9: memory that a script wants and the machine lacks is a message, and buffers without a use take none.
#[test]
fn no_memory() {
    let buffers: String = (0..64).map(|index| format!("b{index} = buffer(67108864)\n")).collect();
    let area = "syslet { a = area(67108864); b = area(67108864); getpid() }".to_owned();
    for (script, megabytes, code) in [(&buffers, 1000, 3), (&area, 500, 3), (&area, 8000, 0)] {
        let limited = format!("ulimit -v {megabytes}000; exec \"$0\" run -e \"$1\"");
        let mut shell = Command::new("sh");
        shell.args(["-c", &limited, env!("CARGO_BIN_EXE_syslet"), script]);
        let run = shell.output().expect("a shell");
        let said = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(code), "{said}");
        assert!(code == 0 || said.starts_with("syslet: no "), "{said}");
    }
}

/// The command with the signals that end it as a terminal's user has them. A process in the background may have some ignored,
/// which is inherited; `env` of the GNU tools takes that back.
fn interruptible(arguments: &[&str]) -> Command {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:\t")).expect("it is there");
    let ignored = u64::from_str_radix(ignored.trim(), 16).expect("a mask in hex");
    let ending = [libc::SIGHUP, libc::SIGINT, libc::SIGTERM];
    if ending.iter().all(|signal| ignored & (1 << (signal - 1)) == 0) {
        return piped(Command::new(env!("CARGO_BIN_EXE_syslet")), arguments);
    }
    let mut command = Command::new("env");
    command.args(["--default-signal=HUP,INT,TERM", env!("CARGO_BIN_EXE_syslet")]);
    piped(command, arguments)
}

/// The command with the signals that end it ignored.
fn uninterruptible(arguments: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP INT TERM; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_syslet")]);
    piped(command, arguments)
}

fn piped(mut command: Command, arguments: &[&str]) -> Command {
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A run that has said on stdout that it began.
fn begun(mut command: Command) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child = command.spawn().expect("the command was built");
    let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
    let mut line = String::new();
    // A statement that prints its result at the same time may stand before it in its line.
    while !line.ends_with("begun\n") {
        line.clear();
        let len = stdout.read_line(&mut line).expect("the command writes text");
        assert!(len > 0, "the run ended before it began");
    }
    (child, stdout)
}

/// Returns when a thread of the process sleeps in read. Behind its output there is only one read in which it can sleep.
fn until_reading(pid: u32) {
    let in_read = |task: std::fs::DirEntry| {
        // A thread may have ended meanwhile.
        let call = std::fs::read_to_string(task.path().join("syscall")).unwrap_or_default();
        call.split(' ').next().is_some_and(|nr| nr == libc::SYS_read.to_string())
    };
    let tasks = || std::fs::read_dir(format!("/proc/{pid}/task")).expect("it runs").flatten();
    while !tasks().any(in_read) {
        std::thread::yield_now();
    }
}

fn rest(mut child: Child, mut stdout: BufReader<std::process::ChildStdout>) -> (Option<i32>, String, String) {
    let (mut out, mut messages) = (String::new(), String::new());
    stdout.read_to_string(&mut out).expect("the command writes text");
    child.stderr.take().expect("stderr is piped").read_to_string(&mut messages).expect("messages are text");
    (child.wait().expect("the child is ours").code(), out, messages)
}

/// Says that it began, then reads from a pipe without a writer's bytes.
const SLEEP: [&str; 8] = [
    "-e",
    "p = pipe2(out(8), 0)",
    "-e",
    "b = write(1, \"begun\\n\", 6) after p",
    "-e",
    "r = read(i32(p, 0), out(1), 1) after b",
    "-e",
    "close(i32(p, 0)) after r",
];

/// SCRIPT-34: SIGINT ends the run: a call that sleeps in a worker is cancelled, and the rest is reported as skipped.
#[test]
fn interrupted_with_workers() {
    let arguments: Vec<&str> = ["run"].into_iter().chain(SLEEP).collect();
    let (child, stdout) = begun(interruptible(&arguments));
    until_reading(child.id());
    assert_eq!(syslet(&["run", "-e", "kill($1, SIGINT)", &child.id().to_string()]).code, Some(0));
    let (code, text, messages) = rest(child, stdout);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "2: write(1, \"begun\\n\", 6) = 6");
    assert!(lines[1].starts_with("3: read(") && lines[1].ends_with(CUT), "{text}");
    assert_eq!(lines[2..], ["4: close(i32(p, 0)) skipped: interrupted"]);
    assert_eq!((code, &*messages), (Some(130), ""));
}

/// SCRIPT-34: SIGTERM and SIGHUP end the run as SIGINT does, each with an exit code of its own; the way out runs.
#[test]
fn terminated_and_hung_up() {
    for (signal, code, why) in [("SIGTERM", 143, "terminated"), ("SIGHUP", 129, "hung up")] {
        let arguments: Vec<&str> = ["run"].into_iter().chain(SLEEP).collect();
        let (child, stdout) = begun(interruptible(&arguments));
        until_reading(child.id());
        let kill = format!("kill($1, {signal})");
        assert_eq!(syslet(&["run", "-e", &kill, &child.id().to_string()]).code, Some(0));
        let (ended, text, messages) = rest(child, stdout);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].starts_with("3: read(") && lines[1].ends_with(CUT), "{text}");
        assert_eq!(lines[2..], [format!("4: close(i32(p, 0)) skipped: {why}")]);
        assert_eq!((ended, &*messages), (Some(code), ""));

        let group = "syslet g { write(1, \"begun\\n\", 6); t = 0; loop { nanosleep(pack(i64 0, i64 1000000), 0) }; \
                     finally { getppid() } }";
        let (child, stdout) = begun(interruptible(&["run", "-e", group]));
        assert_eq!(syslet(&["run", "-e", &kill, &child.id().to_string()]).code, Some(0));
        let (ended, text, messages) = rest(child, stdout);
        assert!(text.contains(" getppid() = "), "{text}");
        assert_eq!((ended, &*messages), (Some(code), ""));
    }
}

/// How the line of a call ends that was cancelled in a worker.
const CUT: &str = " = -1 EINTR (Interrupted system call) (cancelled)";

/// SCRIPT-34: a call that no signal gets out of the kernel is named: a read into memory that no thread fills.
#[test]
fn still_running() {
    let script = [
        "u = userfaultfd(0)",
        "a = ioctl(u, 0xc018aa3f, pack(u64 0xaa, u64 0, u64 0)) after u",
        "m = mmap(0, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
        "r = ioctl(u, 0xc020aa00, pack(u64 m, u64 4096, u64 1, u64 0)) after a",
        "p = pipe2(out(8), 0) after r",
        "w = write(i32(p, 4), \"x\", 1) after p",
        "b = write(1, \"begun\\n\", 6) after w",
        "read(i32(p, 0), m, 1) @retry(eintr) after b",
    ];
    if statements(&[], &script[..1]).code != Some(0) {
        println!("skipped: userfaultfd needs a privilege");
        return;
    }
    let arguments = script.iter().flat_map(|line| ["-e", line]);
    let arguments: Vec<&str> = ["run"].into_iter().chain(arguments).collect();
    let (child, stdout) = begun(interruptible(&arguments));
    until_reading(child.id());
    assert_eq!(syslet(&["run", "-e", "kill($1, SIGINT)", &child.id().to_string()]).code, Some(0));
    let (code, text, messages) = rest(child, stdout);
    assert_eq!((code, &*messages), (Some(130), "syslet: line 8: read is still running\n"), "{text}");
    assert!(text.ends_with("\n8: read(i32(p, 0), m, 1) skipped: interrupted\n"), "{text}");
}

/// SCRIPT-34, SCRIPT-35: a group is ended by its way out, with workers and without, whether it sleeps or not.
#[test]
fn groups_are_ended() {
    let group = |body: &str| {
        let first = "write(1, \"begun\\n\", 6); t = 0";
        format!("syslet g budget(4000000000) {{ {first}; loop {{ {body} }}; finally {{ getppid() }} }}")
    };
    let (busy, sleeps) = (group("t += 1"), group("nanosleep(pack(i64 0, i64 1000000), 0)"));
    for (group, workers) in [(&busy, "2"), (&busy, "0"), (&sleeps, "2"), (&sleeps, "0")] {
        let arguments = ["run", "--workers", workers, "-e", group, "-e", "getpid() after g"];
        let (child, stdout) = begun(interruptible(&arguments));
        assert_eq!(syslet(&["run", "-e", "kill($1, SIGINT)", &child.id().to_string()]).code, Some(0));
        let (code, text, messages) = rest(child, stdout);
        assert_eq!((code, &*messages), (Some(130), ""), "{group}, {workers} workers: {text}");
        assert!(text.starts_with("1: syslet g = -1 E") && text.contains(" getppid() = "), "{text}");
        assert!(text.ends_with("\n2: getpid() skipped: interrupted\n"), "{text}");
        let late = statements(&["--workers", workers, "--timeout", "20ms"], &[group]);
        assert_eq!((late.code, &*late.stderr), (Some(124), ""), "{}", late.stdout);
    }
}

/// SCRIPT-34: without workers SIGINT ends the call that sleeps, and the rest is said to be skipped.
#[test]
fn interrupted() {
    let arguments: Vec<&str> = ["run", "--workers", "0"].into_iter().chain(SLEEP).collect();
    let (child, stdout) = begun(interruptible(&arguments));
    until_reading(child.id());
    let kill = syslet(&["run", "-e", "kill($1, SIGINT)", &child.id().to_string()]);
    assert_eq!(kill.code, Some(0));
    let (code, text, messages) = rest(child, stdout);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "2: write(1, \"begun\\n\", 6) = 6");
    assert!(
        lines[1].starts_with("3: read(") && lines[1].ends_with(" = -1 EINTR (Interrupted system call)"),
        "{text}"
    );
    assert_eq!(lines[2..], ["4: close(i32(p, 0)) skipped: interrupted"]);
    assert_eq!((code, &*messages), (Some(130), ""));
}

/// SCRIPT-34: a second SIGINT later ends the command also while its output has no reader.
#[test]
fn interrupted_again() {
    let many: Vec<String> = (0..5000).map(|index| index.to_string()).collect();
    let arguments = ["run", "-e", "write(1, \"begun\\n\", 6)", "-e", "openat(AT_FDCWD, $@, O_RDONLY)"];
    let arguments = arguments.into_iter().chain(many.iter().map(String::as_str)).collect::<Vec<_>>();
    let (mut child, _unread) = begun(interruptible(&arguments));
    let pid = child.id().to_string();
    let status = loop {
        if let Some(status) = child.try_wait().expect("the child is ours") {
            break status;
        }
        syslet(&["run", "-q", "-e", "kill($1, SIGINT)", &pid]);
    };
    assert_eq!(status.code(), Some(130));
}

/// SCRIPT-34: a signal that is ignored stays ignored: the run ends by itself.
#[test]
fn ignored_interrupts() {
    for (signal, code) in [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)] {
        let kill = format!("k = kill(p, {signal})");
        let sleep = "nanosleep(pack(i64 0, i64 1000), 0) after k";
        let script = ["run", "-e", "p = getpid()", "-e", &kill, "-e", sleep];
        let run = uninterruptible(&script).output().unwrap();
        assert_eq!(run.status.code(), Some(0), "{run:?}");
        let run = interruptible(&script).output().unwrap();
        assert_eq!(run.status.code(), Some(code), "{run:?}");
    }
}

/// SCRIPT-35: the time given ends the run in the same way.
#[test]
fn timed_out() {
    let within = |timeout: &str| {
        let run = statements(&["--timeout", timeout], &["p = pause()", "getpid() after p"]);
        assert_eq!((run.code, &*run.stderr), (Some(124), ""));
        run
    };
    // On a busy machine it may not have begun by then.
    let began = |timeout| Some(within(timeout)).filter(|run| !run.stdout.starts_with("1: pause() skipped"));
    let run = ["20ms", "200ms", "2s"].into_iter().find_map(began).unwrap_or_else(|| within("20s"));
    assert!(run.stdout.starts_with("1: pause() = -1 E"), "{}", run.stdout);
    assert!(run.stdout.ends_with("\n2: getpid() skipped: timed out\n"), "{}", run.stdout);
    let run = statements(&["--workers=0", "--timeout", "20ms"], &["p = pause()", "getpid() after p"]);
    assert_eq!((run.code, &*run.stderr), (Some(124), ""));
    assert!(run.stdout.starts_with("1: pause() "), "{}", run.stdout);
    assert!(run.stdout.ends_with("\n2: getpid() skipped: timed out\n"), "{}", run.stdout);
    assert_eq!(statements(&["--timeout", "1000s"], &["getpid()"]).code, Some(0));
    assert_eq!(statements(&["--timeout", "1000"], &["getpid()"]).code, Some(0), "seconds");
    for wrong in ["", "0", "5KiB", "0s", "s", "-1s"] {
        assert_eq!(statements(&[&format!("--timeout={wrong}")], &["getpid()"]).code, Some(2), "{wrong}");
    }
}

/// SCRIPT-32: a table ends quietly when stdout has no reader any more; a run goes on to its end, quietly, and its exit code
/// says that the report is not whole.
#[test]
fn closed_stdout() {
    let unread = |arguments: &[&str]| {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command().args(arguments).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
        output.status.code()
    };
    assert_eq!(unread(&["table"]), Some(0));
    let directory = Directory::new("closed-stdout");
    let path = directory.path("made");
    let last = "mkdirat(AT_FDCWD, $1, 0o755) after b";
    assert_eq!(unread(&["run", "-e", "getpid()", "-e", "b = getuid()", "-e", last, &path]), Some(1));
    assert!(std::fs::exists(&path).unwrap(), "the last statement ran");
    assert_eq!(unread(&["run", "-q", "-e", "getpid()"]), Some(0), "there was nothing to write");
}

/// SCRIPT-32: a report for which there is no room does not end the run: a message says so, and the exit code.
#[test]
fn full_report() {
    let directory = Directory::new("full-report");
    let path = directory.path("made");
    for options in [&["-o", "/dev/full"][..], &["--json", "--output", "/dev/full"]] {
        let script = ["-e", "a = getpid()", "-e", "mkdirat(AT_FDCWD, $1, 0o755) after a", &path];
        let all: Vec<&str> = ["run"].iter().chain(options).chain(&script).copied().collect();
        let run = syslet(&all);
        assert_eq!(run.code, Some(1));
        assert!(run.stderr.contains("the output cannot be written: No space left"), "{}", run.stderr);
        assert_eq!(run.stdout, "");
        std::fs::remove_dir(&path).expect("the last statement ran");
    }
    let run = syslet(&["run", "-o", "/nonexistent/report", "-e", "getpid()"]);
    assert_eq!(run.code, Some(3));
    assert!(run.stderr.contains("/nonexistent/report: the report cannot be written there"), "{}", run.stderr);
}

/// SCRIPT-71: a script that closes or replaces every descriptor of the process loses nothing of its report, which has no number
/// in the script's table.
#[test]
fn report_out_of_reach() {
    let directory = Directory::new("out-of-reach");
    let file = directory.path("report");
    let script = [
        "a = close(0)",
        "b = openat(AT_FDCWD, \"/dev/null\", O_WRONLY) after a",
        "c = dup2(b, 1) after b",
        "d = close_range(0, 0xffffffff, 0) after c",
        "e = fcntl(3, F_GETFD, 0) after d",
        "openat(AT_FDCWD, \"/dev/null\", O_RDONLY) after d",
    ];
    let whole = statements(&[], &script);
    let lines: Vec<&str> = whole.stdout.lines().collect();
    assert_eq!(lines.len(), script.len(), "{}", whole.stdout);
    assert!(lines.iter().any(|line| line.starts_with("6: ") && line.ends_with(" = 0")), "{}", whole.stdout);
    let to_file = statements(&["-o", &file], &script);
    assert_eq!((to_file.code, &*to_file.stdout), (whole.code, ""));
    let report = std::fs::read_to_string(&file).expect("there is a report");
    assert_eq!(report.lines().count(), script.len(), "{report}");
}

/// ATTR-101, ATTR-102: `--trace` writes where it is told to, and says when it cannot.
#[test]
fn trace_lines() {
    let directory = Directory::new("trace");
    let path = directory.path("lines");
    let ended = statements(&["--trace", &path], &["close(7777) @trace(7)", "getpid()"]);
    assert_eq!(ended.code, Some(1));
    let lines = std::fs::read_to_string(&path).expect("lines");
    let lines: Vec<_> = lines.lines().filter_map(|line| line.split(" tid=").next()).collect();
    assert_eq!(lines, [&format!("syslet begin id=7 nr={}", libc::SYS_close), "syslet end id=7 result=-9"]);
    let ended = statements(&["--trace", "/dev/full"], &["getpid() @trace(7)"]);
    assert_eq!(
        (ended.code, &*ended.stderr),
        (Some(0), "syslet: 2 lines of the trace could not be written\n")
    );
    let ended = statements(&["--trace", "/nonexistent/trace"], &["getpid()"]);
    assert_eq!(ended.code, Some(3));
    assert!(ended.stderr.contains("the trace cannot be opened: /nonexistent/trace"), "{}", ended.stderr);
}
