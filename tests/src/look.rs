//! This process and its threads as /proc shows them, and waiting for a state of them.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, thread};

/// Held by a test that counts threads or descriptors of the process.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The same, once the threads of earlier engines are gone.
pub fn alone_with_threads() -> MutexGuard<'static, ()> {
    let alone = alone();
    until("earlier engines are gone", || engine_threads().is_empty());
    alone
}

/// The threads of all engines of this process.
pub fn engine_threads() -> Vec<i32> {
    threads(|name| name.starts_with("syslet-"))
}

/// The workers of all engines of this process.
pub fn workers() -> Vec<i32> {
    threads(|name| name.starts_with("syslet-") && name != "syslet-monitor")
}

fn threads(is_wanted: impl Fn(&str) -> bool) -> Vec<i32> {
    let tasks = fs::read_dir("/proc/self/task").expect("/proc is mounted");
    let tids = tasks.filter_map(|task| task.ok()?.file_name().to_str()?.parse().ok());
    tids.filter(|tid| is_wanted(&name(*tid))).collect()
}

/// The threads with this name.
pub fn engine_threads_named(name: &str) -> Vec<i32> {
    threads(|found| found == name)
}

/// A thread's name; empty when it has ended.
pub fn name(tid: i32) -> String {
    let name = fs::read_to_string(format!("/proc/self/task/{tid}/comm")).unwrap_or_default();
    name.trim_end().to_owned()
}

/// How many descriptors are open.
pub fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").expect("/proc is mounted").count()
}

/// One line of a thread's status, without its name; `None` when there is no such thread or line.
pub fn status(tid: i32, line: &str) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/self/task/{tid}/status")).ok()?;
    let found = text.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(':'))?;
    Some(found.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Whether the thread sleeps in the system call `nr`.
pub fn is_asleep_in(tid: i32, nr: libc::c_long) -> bool {
    is_asleep_with(tid, nr, None)
}

/// Whether the thread sleeps in the system call `nr` with the first argument `first`, if that is known.
pub fn is_asleep_with(tid: i32, nr: libc::c_long, first: Option<u64>) -> bool {
    let text = fs::read_to_string(format!("/proc/self/task/{tid}/syscall")).unwrap_or_default();
    let first = first.map_or_else(String::new, |first| format!("{first:#x} "));
    text.starts_with(&format!("{nr} {first}"))
}

/// The workers that sleep in the system call `nr`.
pub fn workers_in(nr: libc::c_long) -> Vec<i32> {
    workers().into_iter().filter(|tid| is_asleep_in(*tid, nr)).collect()
}

/// Returns when it is so. The limit is only there to end a test that would hang.
#[track_caller]
pub fn until(state: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(60), "in vain: {state}");
        thread::yield_now();
    }
}

/// Whether a test has taken so long that it hangs.
pub fn is_late() -> bool {
    use std::sync::OnceLock;
    static STARTED: OnceLock<Instant> = OnceLock::new();
    STARTED.get_or_init(Instant::now).elapsed() > Duration::from_secs(20)
}
