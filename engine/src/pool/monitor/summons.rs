//! The starter as others see it: what it is asked for, how often it looks, and that it has ended.

use std::sync::{Condvar, PoisonError};
use std::time::{Duration, Instant};

use crate::confinement::Told;
use crate::notify::Wake;
use crate::notify::futex::OwnWord;
use crate::sys::sync::{AtomicBool, AtomicU32, AtomicU64, Mutex, Ordering, lock};

/// The starter as others see it.
#[derive(Debug)]
pub(crate) struct MonitorRequests {
    pub(crate) wake: Wake<OwnWord>,
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
    /// A submitter has a question.
    pub(crate) asked: AtomicBool,
    talk: Mutex<Talk>,
    askers: Condvar,
}

/// Questions and the last answer.
#[derive(Debug, Default)]
struct Talk {
    asked: u64,
    answered: u64,
    told: Option<Told>,
}

/// An idle starter answers in less than a millisecond.
const PATIENCE: Duration = Duration::from_millis(100);
/// Without a moment it were never asked by a wait without a timeout's length.
const PATIENCE_AT_LEAST: Duration = Duration::from_millis(1);

/// All workers are idle: it sleeps until stirred.
pub(crate) const ASLEEP: u32 = 0;
/// Workers are about: now and then it looks whether one has died.
pub(crate) const SLOW: u32 = 1;
/// Work waits behind calls: it looks whether one is stuck.
pub(crate) const CLOSE: u32 = 2;

impl MonitorRequests {
    pub(crate) fn new() -> MonitorRequests {
        MonitorRequests {
            wake: Wake::new(OwnWord::default(), OwnWord::default()),
            requests: AtomicU32::new(0),
            pace: AtomicU32::new(SLOW),
            left: AtomicBool::new(false),
            alarmed: AtomicBool::new(false),
            refused: AtomicU64::new(0),
            ended: Mutex::new(false),
            closers: Condvar::new(),
            asked: AtomicBool::new(false),
            talk: Mutex::default(),
            askers: Condvar::new(),
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

    /// Asks it what it is, and waits for the answer; not for long, and hardly beyond `until`.
    pub(crate) fn ask(&self, until: Option<Instant>) -> Option<Told> {
        let now = Instant::now();
        let longest = now + PATIENCE;
        let until = until.map_or(longest, |until| until.max(now + PATIENCE_AT_LEAST).min(longest));
        let mut talk = lock(&self.talk);
        talk.asked += 1;
        let number = talk.asked;
        self.asked.store(true, Ordering::Relaxed);
        self.wake.notify();
        while talk.answered < number {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            (talk, _) = self.askers.wait_timeout(talk, left).unwrap_or_else(PoisonError::into_inner);
        }
        talk.told.clone()
    }

    /// Answers all who have asked, if any have. Called by the starter.
    pub(crate) fn answer(&self, tell: impl FnOnce() -> Option<Told>) {
        if !self.asked.swap(false, Ordering::Relaxed) {
            return;
        }
        // What is asked while it looks is answered by the next look.
        let asked = lock(&self.talk).asked;
        let told = tell();
        let mut talk = lock(&self.talk);
        (talk.answered, talk.told) = (asked, told);
        self.askers.notify_all();
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
