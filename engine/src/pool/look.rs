//! The state of a thread of this process as /proc tells it. Called by the engine's unit tests.

use std::fs;
use std::sync::Mutex;
use std::thread;

/// Held by tests that fork, and by tests that break a pipe: a forked child would keep the pipe's other end open.
pub(crate) static FORKS: Mutex<()> = Mutex::new(());

/// One line of a thread's status, without its name; `None` when there is no such thread or line.
pub(crate) fn status(tid: i32, line: &str) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/self/task/{tid}/status")).ok()?;
    let found = text.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(':'))?;
    Some(found.trim().to_owned())
}

/// The signals blocked by a thread: signal n is bit n − 1.
pub(crate) fn blocked(tid: i32) -> u64 {
    u64::from_str_radix(&status(tid, "SigBlk").expect("the thread lives"), 16).expect("a mask")
}

/// Returns when the thread sleeps in the system call `nr`.
pub(crate) fn until_asleep_in(tid: i32, nr: libc::c_long) {
    let path = format!("/proc/self/task/{tid}/syscall");
    let nr = format!("{nr} ");
    while !fs::read_to_string(&path).expect("the thread lives").starts_with(&nr) {
        thread::yield_now();
    }
}

/// Returns when the thread has ended.
pub(crate) fn until_gone(tid: i32) {
    while status(tid, "State").is_some_and(|state| !state.starts_with(['Z', 'X'])) {
        thread::yield_now();
    }
}
