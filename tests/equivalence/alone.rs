//! Cases that change what a whole process or machine has: they run in a process of their own, with namespaces of its own.

#![allow(unsafe_code, reason = "blocks a signal between fork and exec")]

use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{Gid, geteuid, setgroups, setsid};

use crate::case::Case;
use crate::compare::compare;

/// Set in that process.
const MARK: &str = "SYSLET_EQUIVALENCE_ALONE";

/// Runs these cases in a process of their own; `test` is the test that calls this.
pub(crate) fn compare_alone(test: &str, cases: impl FnOnce() -> Vec<Case>) {
    alone(test, || {
        let mut cases = cases();
        cases.retain(|case| case.is_alone);
        compare(&cases);
    });
}

/// Runs this in a process of its own; `test` is the test that calls this.
pub(crate) fn alone(test: &str, run: impl FnOnce()) {
    if std::env::var_os(MARK).is_some() {
        part();
        return run();
    }
    if !geteuid().is_root() {
        println!("skipped: {test} needs the superuser");
        return;
    }
    let own = std::env::current_exe().expect("a test knows its file");
    let mut child = Command::new(own);
    child.args([test, "--exact", "--nocapture"]).env(MARK, "1");
    // All of its threads block what a case waits for.
    let block = || Ok(SigSet::from(Signal::SIGUSR1).thread_block()?);
    // SAFETY: blocking a signal is what a forked child may do.
    unsafe { child.pre_exec(block) };
    let child = child.output().expect("the test is run once more");
    let text = String::from_utf8_lossy(&child.stdout) + String::from_utf8_lossy(&child.stderr);
    if std::env::var_os("SYSLET_EQUIVALENCE_SHOW").is_some() {
        println!("{text}");
    }
    assert!(child.status.success(), "{}\n{text}", child.status);
    assert!(text.contains("1 passed"), "one test has run:\n{text}");
}

/// Leaves the session, and the machine's names, queues, mounts and networks. Threads started from here on, an engine's
/// too, are where this one is.
fn part() {
    setsid().expect("a new process leads no group");
    let own = CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWUTS
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_FS;
    unshare(own).expect("the superuser may");
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)
        .expect("the superuser may");
    // Groups to tell of.
    setgroups(&[Gid::from_raw(7), Gid::from_raw(0x0102_0304)]).expect("the superuser may");
}
