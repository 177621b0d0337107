//! The starter as others see it: what it is asked for, how often it looks, and that it has ended.

use std::sync::{Condvar, PoisonError};
use std::time::Instant;

use crate::notify::Wake;
use crate::notify::futex::OwnWord;
use crate::sys::sync::{Arc, AtomicBool, AtomicU32, AtomicU64, Mutex, Ordering, lock};

/// The starter as others see it.
#[derive(Debug)]
pub(crate) struct MonitorRequests {
    pub(crate) wake: Arc<Wake<OwnWord>>,
    /// Workers asked for.
    pub(crate) requests: AtomicU32,
    /// How often it looks: one of the paces below. Others may raise it.
    pub(crate) pace: AtomicU32,
    /// A worker has ended.
    pub(crate) left: AtomicBool,
    /// Something is to be done earlier than it knows.
    pub(crate) alarmed: AtomicBool,
    /// Threads that the system refused.
    pub(crate) refused: AtomicU64,
    /// All threads of the pool have ended. Any number of threads may wait for it.
    ended: Mutex<bool>,
    closers: Condvar,
}

/// All workers are idle: it sleeps until stirred.
pub(crate) const ASLEEP: u32 = 0;
/// Workers are about: now and then it looks whether one has died.
pub(crate) const SLOW: u32 = 1;
/// Work waits behind calls: it looks whether one is stuck.
pub(crate) const CLOSE: u32 = 2;

impl MonitorRequests {
    pub(crate) fn new() -> MonitorRequests {
        MonitorRequests {
            wake: Arc::new(Wake::new(OwnWord::default(), OwnWord::default())),
            requests: AtomicU32::new(0),
            pace: AtomicU32::new(SLOW),
            left: AtomicBool::new(false),
            alarmed: AtomicBool::new(false),
            refused: AtomicU64::new(0),
            ended: Mutex::new(false),
            closers: Condvar::new(),
        }
    }

    /// Asks for a worker, which is counted already.
    pub(crate) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.wake.notify();
    }

    /// A worker is no longer idle. Who says so has held the board's lock since, and the starter takes it before it
    /// falls asleep: one of them sees the other.
    pub(crate) fn stir(&self) {
        self.raise(SLOW);
    }

    /// Work waits behind a call that is not known to sleep.
    pub(crate) fn watch_closely(&self) {
        self.raise(CLOSE);
    }

    pub(crate) fn raise(&self, pace: u32) {
        // Mostly it is at that pace. A value that is a moment old is made good at the next slow look.
        if self.pace.load(Ordering::Relaxed) < pace && self.pace.fetch_max(pace, Ordering::Relaxed) < pace {
            self.wake.notify();
        }
    }

    /// A worker ends.
    pub(crate) fn leave(&self) {
        self.left.store(true, Ordering::Relaxed);
        self.wake.notify();
    }

    /// Something is to be done earlier than it knows.
    pub(crate) fn alarm(&self) {
        self.alarmed.store(true, Ordering::Relaxed);
        self.wake.notify();
    }

    /// How many threads the system refused to start.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Wakes it to see that the pool is closed.
    pub(crate) fn close(&self) {
        self.leave();
    }

    /// Sleeps until all threads of the pool have ended, or until the deadline; says which.
    pub(crate) fn wait_for_end(&self, deadline: Option<Instant>) -> bool {
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
    pub(crate) fn end(&self) {
        *lock(&self.ended) = true;
        self.closers.notify_all();
    }
}
