//! The starter as others see it: what it is asked for, how often it looks, and that it has ended.

use std::sync::{Condvar, PoisonError};
use std::time::Instant;

use crate::sync::{AtomicBool, AtomicU32, AtomicU64, Mutex, Ordering, lock};
use crate::wake::Wake;
use crate::wake::futex::OwnWord;

/// The starter as others see it.
#[derive(Debug)]
pub(in crate::pool) struct Starter {
    pub(in crate::pool) wake: Wake<OwnWord>,
    /// Workers asked for.
    pub(in crate::pool) requests: AtomicU32,
    /// How often it looks: one of the paces below. Others may raise it.
    pub(in crate::pool) pace: AtomicU32,
    /// A worker has ended.
    pub(in crate::pool) left: AtomicBool,
    /// Something is to be done earlier than it knows.
    pub(in crate::pool) alarmed: AtomicBool,
    pub(in crate::pool) tid: AtomicU32,
    /// Threads that the system refused.
    pub(in crate::pool) refused: AtomicU64,
    /// All threads of the pool have ended. Any number of threads may wait for it.
    ended: Mutex<bool>,
    closers: Condvar,
}

/// All workers are idle: it sleeps until stirred.
pub(in crate::pool) const ASLEEP: u32 = 0;
/// Workers are about: now and then it looks whether one has died.
pub(in crate::pool) const SLOW: u32 = 1;
/// Work waits behind calls: it looks whether one is stuck.
pub(in crate::pool) const CLOSE: u32 = 2;

impl Starter {
    pub(in crate::pool) fn new() -> Starter {
        Starter {
            wake: Wake::new(OwnWord::default(), OwnWord::default()),
            requests: AtomicU32::new(0),
            pace: AtomicU32::new(SLOW),
            left: AtomicBool::new(false),
            alarmed: AtomicBool::new(false),
            tid: AtomicU32::new(0),
            refused: AtomicU64::new(0),
            ended: Mutex::new(false),
            closers: Condvar::new(),
        }
    }

    /// Asks for a worker, which is counted already.
    pub(in crate::pool) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.wake.notify();
    }

    /// A worker is no longer idle. Who says so has held the board's lock since, and the starter takes it before it
    /// falls asleep: one of them sees the other.
    pub(in crate::pool) fn stir(&self) {
        self.raise(SLOW);
    }

    /// Work waits behind a call that is not known to sleep.
    pub(in crate::pool) fn watch_closely(&self) {
        self.raise(CLOSE);
    }

    pub(in crate::pool) fn raise(&self, pace: u32) {
        // Mostly it is at that pace. A value that is a moment old is made good at the next slow look.
        if self.pace.load(Ordering::Relaxed) < pace && self.pace.fetch_max(pace, Ordering::Relaxed) < pace {
            self.wake.notify();
        }
    }

    /// A worker ends.
    pub(in crate::pool) fn leave(&self) {
        self.left.store(true, Ordering::Relaxed);
        self.wake.notify();
    }

    /// Something is to be done earlier than it knows.
    pub(in crate::pool) fn alarm(&self) {
        self.alarmed.store(true, Ordering::Relaxed);
        self.wake.notify();
    }

    /// The kernel's number of the starter's thread: workers are confined as it is.
    pub(in crate::pool) fn tid(&self) -> u32 {
        self.tid.load(Ordering::Relaxed)
    }

    /// How many threads the system refused to start.
    pub(in crate::pool) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Wakes it to see that the pool is closed.
    pub(in crate::pool) fn close(&self) {
        self.leave();
    }

    /// Sleeps until all threads of the pool have ended, or until the deadline; says which.
    pub(in crate::pool) fn wait_for_end(&self, deadline: Option<Instant>) -> bool {
        let mut ended = lock(&self.ended);
        while !*ended {
            let Some(deadline) = deadline else {
                ended = self.closers.wait(ended).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            (ended, _) = self.closers.wait_timeout(ended, left).unwrap_or_else(PoisonError::into_inner);
        }
        *ended
    }

    /// Tells who waits that all threads of the pool have ended.
    pub(in crate::pool) fn end(&self) {
        *lock(&self.ended) = true;
        self.closers.notify_all();
    }
}
