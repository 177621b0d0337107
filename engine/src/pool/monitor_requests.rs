//! The monitor as other threads see it: requests for workers, the pace of its looks, and its end. Called by the
//! pool's other threads and by submitters.

use std::sync::{Condvar, PoisonError};
use std::time::Instant;

use crate::notify::Wake;
use crate::notify::futex::OwnWord;
use crate::sys::sync::{Arc, AtomicBool, AtomicU32, AtomicU64, Mutex, Ordering, lock};

/// The monitor as other threads see it. The flags are relaxed: each store stands before `wake.notify`. The fence
/// there pairs with the fence of `Wake::sleep_unless` in `Monitor::run_until_closed`, which reads the flags between
/// that fence and its sleep. So the monitor sees the flag and does not sleep, or the notifier wakes it.
#[derive(Debug)]
pub(crate) struct MonitorRequests {
    pub(crate) wake: Arc<Wake<OwnWord>>,
    /// Workers that are asked for and not started yet.
    pub(crate) requests: AtomicU32,
    /// Whether the reserve is asked for and not started yet.
    pub(crate) wants_reserve: AtomicBool,
    /// The pace of the monitor's looks, one of those below. Other threads may raise it.
    pub(crate) pace: AtomicU32,
    /// Whether a thread of the pool has ended since the last look.
    pub(crate) left: AtomicBool,
    /// Whether a timer was set, or a sleep parked, that is due before all others.
    pub(crate) timer_is_set: AtomicBool,
    /// Threads that the system refused to start.
    pub(crate) refused: AtomicU64,
    /// Submitters taken out of inline calls.
    pub(crate) kicks: AtomicU64,
    /// Whether all threads of the pool have ended. Any number of threads may wait for it.
    ended: Mutex<bool>,
    closers: Condvar,
}

/// All workers are idle: the monitor sleeps until it is woken.
pub(crate) const ASLEEP: u32 = 0;
/// Some worker is not idle: the monitor looks now and then whether one has died.
pub(crate) const SLOW: u32 = 1;
/// Work waits behind calls: the monitor looks whether one is stuck.
pub(crate) const CLOSE: u32 = 2;

impl MonitorRequests {
    pub(crate) fn new() -> MonitorRequests {
        MonitorRequests {
            wake: Arc::new(Wake::new(OwnWord::default(), OwnWord::default())),
            requests: AtomicU32::new(0),
            wants_reserve: AtomicBool::new(false),
            pace: AtomicU32::new(SLOW),
            left: AtomicBool::new(false),
            timer_is_set: AtomicBool::new(false),
            refused: AtomicU64::new(0),
            kicks: AtomicU64::new(0),
            ended: Mutex::new(false),
            closers: Condvar::new(),
        }
    }

    /// Asks for a worker, which is counted already.
    pub(crate) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.wake.notify();
    }

    /// Asks for the reserve.
    pub(crate) fn request_reserve(&self) {
        self.wants_reserve.store(true, Ordering::Relaxed);
        self.wake.notify();
    }

    /// A worker is no longer idle. The caller has held the scheduler's lock since that worker left the idle list, and
    /// the monitor takes the lock between its store of ASLEEP and its sleep (`Monitor::choose_pace`). So the monitor
    /// counts the worker, or the caller's load of `pace` sees ASLEEP and raises it.
    pub(crate) fn stir(&self) {
        self.raise(SLOW);
    }

    /// Work waits behind a call that is not known to sleep.
    pub(crate) fn watch_closely(&self) {
        self.raise(CLOSE);
    }

    pub(crate) fn raise(&self, pace: u32) {
        // The load spares the exchange where the pace is high enough already. Where it is too old, the monitor's next
        // slow look makes up for it.
        if self.pace.load(Ordering::Relaxed) < pace && self.pace.fetch_max(pace, Ordering::Relaxed) < pace {
            self.wake.notify();
        }
    }

    /// A thread of the pool ends.
    pub(crate) fn leave(&self) {
        // Release: pairs with the monitor's swap, which then sees the worker as one that has ended.
        self.left.store(true, Ordering::Release);
        self.wake.notify();
    }

    /// A timer was set, or a sleep parked, that is due before all others.
    pub(crate) fn timer_set(&self) {
        // Release: pairs with the monitor's swap, which then sees the time of the timer.
        self.timer_is_set.store(true, Ordering::Release);
        self.wake.notify();
    }

    /// So many submitters were taken out of inline calls.
    pub(crate) fn count_kicks(&self, count: u64) {
        self.kicks.fetch_add(count, Ordering::Relaxed);
    }

    /// The number of threads that the system refused to start.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Wakes the monitor, so that it sees the pool closed.
    pub(crate) fn close(&self) {
        self.leave();
    }

    /// Sleeps until all threads of the pool have ended, or until the deadline. Returns whether they have ended.
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

    /// Wakes the threads that wait for the end: all threads of the pool have ended.
    pub(crate) fn end(&self) {
        *lock(&self.ended) = true;
        self.closers.notify_all();
    }
}
