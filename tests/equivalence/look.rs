//! Where a thread is, by what /proc says.

use std::time::{Duration, Instant};

/// Only against hanging.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Whether the thread sleeps in the system call `nr`, whose first argument is `first`, if that is known.
pub(crate) fn is_asleep_in(tid: i32, nr: i64, first: Option<u64>) -> bool {
    let text = std::fs::read_to_string(format!("/proc/self/task/{tid}/syscall")).unwrap_or_default();
    let first = first.map_or_else(String::new, |first| format!("{first:#x} "));
    text.starts_with(&format!("{nr} {first}"))
}

/// Returns when it is so. The limit is only there to end a test that would hang.
#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "in vain: {what}");
        std::thread::yield_now();
    }
}
