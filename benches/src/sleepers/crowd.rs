//! Many calls asleep at once: half in nanosleep, half on one futex word, until that is changed.
#![allow(unsafe_code, reason = "pushes waits on a futex word, and there is no safe futex call")]

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use syslet::{CallFlags, Config, Engine, Params, Ring, Submission};

use crate::pause::pause;

/// So long all calls may take to fall asleep, or to end: against hanging only.
const PATIENCE: Duration = Duration::from_secs(120);
const TICK: Duration = Duration::from_millis(1);

/// An engine, a ring with room for all calls, and the word that half of them wait on.
#[derive(Debug)]
pub(super) struct Crowd {
    pub(super) engine: Engine,
    ring: Ring,
    word: &'static AtomicU32,
    calls: u32,
}

impl Crowd {
    /// An engine with so many workers at most, and a ring for so many calls.
    pub(super) fn new(workers_max: u32, calls: u32) -> Result<Crowd, String> {
        let engine = Engine::start(Config::default().workers_max(workers_max)).map_err(|e| e.to_string())?;
        let bytes = (calls * 256).next_power_of_two().max(1 << 17);
        let params = Params {
            slots: calls.next_power_of_two(),
            submission_bytes: bytes,
            completion_bytes: bytes,
            ..Params::default()
        };
        let ring = engine.ring(&params).map_err(|error| error.to_string())?;
        // Leaked: whoever sleeps on it may outlive the crowd.
        let word = Box::leak(Box::new(AtomicU32::new(0)));
        Ok(Crowd { engine, ring, word, calls })
    }

    /// Submits all calls. Those in nanosleep end by themselves after `sleep`.
    pub(super) fn submit(&mut self, sleep: Duration) -> Result<(), String> {
        let seconds = i64::try_from(sleep.as_secs()).unwrap_or(i64::MAX);
        let time = [seconds, i64::from(sleep.subsec_nanos())].map(i64::to_ne_bytes).concat();
        let sleep =
            Submission::call(libc::SYS_nanosleep).input(&time).value(0).flags(CallFlags::ASYNC).build();
        let operation = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
        let wait = Submission::call(libc::SYS_futex).value(self.word.as_ptr().expose_provenance() as u64);
        let wait =
            wait.int(operation.into()).value(0).value(0).value(0).value(0).flags(CallFlags::ASYNC).build();
        for index in 0..self.calls {
            let call = if index % 2 == 0 { &sleep } else { &wait };
            // SAFETY: nanosleep's time travels with it, and the futex word is never freed.
            unsafe { self.ring.push(call) }.map_err(|refused| refused.to_string())?;
        }
        self.ring.submit();
        Ok(())
    }

    /// Waits until so many workers are in calls that sleep, as the engine counts.
    pub(super) fn wait_blocked(&self, count: u32) -> Result<(), String> {
        self.until(|| self.engine.stats().blocked >= count)
    }

    /// Waits until so many threads sleep, and the monitor, as the kernel says. A worker counts as blocked just before.
    pub(super) fn wait_asleep(&self, count: u32) -> Result<(), String> {
        self.until(|| sleeping_threads() > count as usize)
    }

    fn until(&self, is_so: impl Fn() -> bool) -> Result<(), String> {
        let began = Instant::now();
        while !is_so() {
            if began.elapsed() > PATIENCE {
                return Err(format!("not all asleep after {PATIENCE:?}: {:?}", self.engine.stats()));
            }
            pause(TICK);
        }
        Ok(())
    }

    /// Wakes all who wait on the word, with one call; gives how many there were.
    pub(super) fn wake(&self) -> i64 {
        self.word.store(1, Ordering::Release);
        let operation = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
        // SAFETY: wakes who waits on a word that is alive, and touches no memory.
        unsafe { libc::syscall(libc::SYS_futex, self.word.as_ptr(), operation, i32::MAX) }
    }

    /// Waits for so many completions and looks at their results; gives how many waits on the word were woken, not
    /// too late for it.
    pub(super) fn collect(&mut self, count: u32) -> Result<u32, String> {
        let (began, mut seen, mut woken) = (Instant::now(), 0, 0);
        while seen < count {
            let left = PATIENCE.saturating_sub(began.elapsed());
            if left.is_zero() {
                return Err(format!("{seen} of {count} over after {PATIENCE:?}: {:?}", self.engine.stats()));
            }
            self.ring.wait((count - seen) as usize, Some(left)).map_err(|error| error.to_string())?;
            for done in self.ring.completions() {
                let result = done.result().0;
                if result != 0 && result != -i64::from(libc::EAGAIN) {
                    return Err(format!("result {result}"));
                }
                seen += 1;
                woken += u32::from(result == 0);
            }
        }
        Ok(woken)
    }

    pub(super) fn in_flight(&mut self) -> usize {
        self.ring.in_flight()
    }

    /// Closes the engine.
    pub(super) fn close(self) -> Result<(), String> {
        drop(self.ring);
        self.engine.close(PATIENCE).map_err(|unfinished| unfinished.to_string())
    }
}

/// Threads of this process that sleep.
fn sleeping_threads() -> usize {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let states = tasks.filter_map(|task| fs::read_to_string(task.path().join("stat")).ok());
    states.filter(|stat| stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S'))).count()
}
