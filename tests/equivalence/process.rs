//! Processes: who they are, what they may use, how they end.

use crate::case::{Case, args, case, input, out, sleeping, words};
use crate::direct::{must, sys};
use crate::world::World;

pub(crate) fn cases() -> Vec<Case> {
    [who(), limits(), children(), control()].into_iter().flatten().collect()
}

fn own() -> i64 {
    std::process::id().into()
}

fn who() -> Vec<Case> {
    vec![
        case("getpid", |_| args![]),
        case("getppid", |_| args![]),
        case("getpgrp", |_| args![]),
        case("getpgid", |_| args![0]).bad(|_| args![-5]),
        case("setpgid", |w| args![dying(w, 0), 0]).fails().bad(|_| args![0, -5]).bad(|_| args![1, 1]).alone(),
        case("getsid", |_| args![0]).bad(|_| args![-5]),
        case("setsid", |_| args![]).fails().alone(),
        case("kcmp", |w| {
            let (one, other) = (w.file(), w.file());
            args![own(), own(), 0, one, other]
        })
        .any_result()
        .bad(|_| args![own(), own(), 99, 0, 0]),
    ]
}

fn limits() -> Vec<Case> {
    let core = || i64::from(libc::RLIMIT_CORE);
    let left = |_: &World| {
        let mut limit = [0; 16];
        sys("getrlimit", &[libc::RLIMIT_CORE.into(), crate::direct::address_mut(&mut limit)]);
        format!("{limit:?}")
    };
    let small = || input(words(&[4096, 8192]));
    vec![
        case("getrlimit", |_| args![libc::RLIMIT_NOFILE, out()]).bad(|_| args![99, out()]),
        case("setrlimit", move |_| args![core(), small()])
            .left(left)
            .bad(move |_| args![99, small()])
            .alone(),
        case("setrlimit", move |_| args![core(), input(words(&[9, 1]))]).fails().alone(),
        case("prlimit64", move |_| args![0, core(), 0, out()]).bad(move |_| args![0, 99, 0, out()]),
        case("prlimit64", move |_| args![0, core(), small(), 0]).left(left).alone(),
        case("getrusage", |_| args![libc::RUSAGE_SELF, out()])
            .any_bytes(1, 0..144)
            .bad(|_| args![99, out()])
            .loose(1),
        case("getrusage", |_| args![libc::RUSAGE_CHILDREN, out()]).any_bytes(1, 0..144),
        case("umask", |_| args![0o27])
            .left(|_| {
                let mask = must("umask", &[0o22]);
                format!("{mask:o}")
            })
            .alone(),
    ]
}

/// A shell that runs this; whoever asked for it waits for it.
#[allow(clippy::zombie_processes, reason = "the calls to compare are those that wait")]
fn spawn(script: &str, input: std::process::Stdio) -> i64 {
    let mut shell = std::process::Command::new("/bin/sh");
    let child = shell.args(["-c", script]).stdin(input).spawn().expect("a shell");
    child.id().into()
}

/// A child that ends at once with this code; gone at the end.
fn dying(w: &mut World, code: i32) -> i64 {
    let pid = spawn(&format!("exit {code}"), std::process::Stdio::null());
    w.undo(move || reap(pid));
    w.note(pid)
}

/// A child that waits until its input ends.
fn waiting(w: &mut World) -> i64 {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let pid = spawn("read x; exit 5", reader.into());
    w.keep(writer);
    w.undo(move || reap(pid));
    w.note(pid)
}

/// Ends a child, whether it lives or not.
fn reap(pid: i64) {
    sys("kill", &[pid, libc::SIGKILL.into()]);
    sys("wait4", &[pid, 0, 0, 0]);
}

/// Lets the child go on: a line comes.
fn release(w: &World) {
    crate::world::write(i32::try_from(w.fd(0)).expect("a descriptor"), b"\n");
}

/// A child that has ended with this code and that nobody has waited for.
fn dead(w: &mut World, code: i32) -> i64 {
    let pid = dying(w, code);
    let mut info = [0; 128];
    let options = libc::WEXITED | libc::WNOWAIT;
    must("waitid", &[libc::P_PID.into(), pid, crate::direct::address_mut(&mut info), options.into(), 0]);
    pid
}

fn pidfd(w: &mut World, pid: i64) -> i32 {
    let fd = must("pidfd_open", &[pid, 0]);
    w.keep_raw(fd)
}

fn children() -> Vec<Case> {
    let exited = libc::WEXITED;
    vec![
        case("wait4", |w| args![dead(w, 3), out(), 0, out()])
            .any_result()
            .any_bytes(3, 0..144)
            .bad(|_| args![own(), out(), 0, out()])
            .loose(3),
        case("wait4", |w| args![waiting(w), out(), libc::WNOHANG, out()]).loose(1).loose(3),
        case("waitid", move |w| args![libc::P_PID, dead(w, 4), out(), exited, out()])
            .any_bytes(2, 16..20)
            .any_bytes(4, 0..144)
            .loose(2)
            .loose(4)
            .bad(move |_| args![99, 0, out(), exited, out()]),
        case("waitid", move |w| args![libc::P_PID, waiting(w), out(), exited | libc::WNOHANG, 0]).loose(2),
        sleeping("wait4", |w| args![waiting(w), out(), 0, out()], release).any_result().any_bytes(3, 0..144),
        sleeping("waitid", move |w| args![libc::P_PID, waiting(w), out(), exited, 0], release)
            .any_bytes(2, 16..20),
        case("pidfd_open", |_| args![own(), 0]).bad(|_| args![-5, 0]),
        case("pidfd_getfd", |w| {
            let number = w.file();
            args![pidfd(w, own()), number, 0]
        })
        .bad(|w| args![pidfd(w, own()), 77_777, 0]),
    ]
}

fn control() -> Vec<Case> {
    let attributes = || {
        // The software clock of this process, stopped: type 1, 120 bytes, disabled.
        let mut bytes = [words(&[1 | 120 << 32, 1]), vec![0; 104]].concat();
        bytes[40] = 1;
        bytes
    };
    vec![
        case("ptrace", |w| args![libc::PTRACE_PEEKUSER, waiting(w), 0, 0])
            .fails()
            .bad(|_| args![999, 1, 0, 0]),
        case("perf_event_open", move |w| args![w.memory(attributes()), 0, -1, -1, 8])
            .bad(move |w| args![w.memory([0; 120]), -1, -1, -1, 0])
            .keep(3),
        case("get_robust_list", |_| args![0, out(), out()])
            .any_bytes(1, 0..8)
            .bad(|_| args![-5, out(), out()]),
    ]
}
