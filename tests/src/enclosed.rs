//! Processes that may be lost: they have namespaces of their own, and one child after the other.
#![allow(unsafe_code, reason = "makes the process that may be lost")]

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Gid, Uid, fork, geteuid, setgroups, setresgid, setresuid};

/// Set in the process that has namespaces of its own.
const INSIDE: &str = "SYSLET_GUARD_INSIDE";
/// Set in its children: the task of each.
const TASK: &str = "SYSLET_GUARD_TASK";

/// The place in which a test finds itself.
#[derive(Debug)]
pub enum Here {
    /// The process that was started, and the output of the one inside.
    Outside(Option<Output>),
    /// In namespaces of its own.
    Inside,
    /// In a child there, with this task.
    Task(String),
}

/// Goes in: runs the test of that name again, in namespaces of its own.
pub fn enter(test: &str) -> Here {
    if let Ok(task) = std::env::var(TASK) {
        return Here::Task(task);
    }
    if std::env::var_os(INSIDE).is_some() {
        return Here::Inside;
    }
    if !geteuid().is_root() {
        println!("skipped: namespaces of its own need the superuser");
        return Here::Outside(None);
    }
    let mut command = again(test);
    command.env(INSIDE, "1");
    // SAFETY: calls only functions that a forked child may call.
    unsafe { command.pre_exec(enclose) };
    Here::Outside(Some(command.output().expect("started")))
}

/// Runs the test of that name in a child, with this task.
pub fn child(test: &str, task: &str) -> Output {
    again(test).env(TASK, task).output().expect("started")
}

/// Both outputs of a process.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn again(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this test has a file"));
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).stdin(Stdio::null());
    command
}

/// Goes on as the first process of a namespace of its own, which ends with the one that asked for it. Called in a child between
/// fork and exec.
///
/// # Errors
/// Those of the calls that make the namespaces.
pub fn enclose() -> io::Result<()> {
    let own = CloneFlags::CLONE_NEWPID | CloneFlags::CLONE_NEWIPC | CloneFlags::CLONE_NEWNET;
    unshare(own | CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWUTS)?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            prctl::set_pdeathsig(Signal::SIGKILL)?;
            // The engine looks at its threads in /proc, which is the other namespace's.
            let none = None::<&str>;
            mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
            Ok(mount(Some("proc"), "/proc", Some("proc"), MsFlags::empty(), none)?)
        }
        ForkResult::Parent { child } => {
            let code = match waitpid(child, None) {
                Ok(WaitStatus::Exited(_, code)) => code,
                _ => 99,
            };
            // SAFETY: leaves the copy of a process without its exit handlers.
            unsafe { libc::_exit(code) }
        }
    }
}

/// From now on the process may do nothing to the machine.
pub fn give_up_privileges() {
    let nobody = 65_534;
    setgroups(&[]).expect("given up");
    setresgid(Gid::from_raw(nobody), Gid::from_raw(nobody), Gid::from_raw(nobody)).expect("given up");
    setresuid(Uid::from_raw(nobody), Uid::from_raw(nobody), Uid::from_raw(nobody)).expect("given up");
}

/// Whether all is to be tried, as often as in a soak.
pub fn is_soak() -> bool {
    std::env::var("SYSLET_GUARD").is_ok_and(|value| value == "all")
}

/// The seed that arguments are drawn from.
pub fn seed() -> u64 {
    std::env::var("SYSLET_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_130_117)
}
