//! One worker as others see it, and what it works with.
#![allow(unsafe_code, reason = "gives a worker's desk to the thread that cleans up after it")]

use std::cell::UnsafeCell;
use std::sync::OnceLock;

use crate::cancel::timer::Timer;
use crate::notify::futex::OwnWord;
use crate::notify::{Slept, Wake};
use crate::pool::Pool;
use crate::pool::ring_work::RingWork;
use crate::pool::scheduler::Sleeper;
use crate::pool::worker::local::WorkerLocal;
use crate::pool::worker::stats::WorkerStats;
use crate::slots::maker::Maker;
use crate::sys::sync::{Arc, AtomicBool, AtomicU32, Ordering};

/// A worker's place, on cache lines of its own.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Worker {
    /// Whether its worker never retires.
    stays: bool,
    /// What it shows of its work.
    pub(crate) stats: WorkerStats,
    called: AtomicBool,
    wake: Wake<OwnWord>,
    /// Its worker has nothing left to do but to end. Never set for one that died.
    left: AtomicBool,
    tid: AtomicU32,
    /// Signals the thread. It outlives that, until those are through who might use it.
    timer: OnceLock<Timer>,
    /// INVARIANT: used by the worker's thread, and by whoever has seen that thread end.
    local: UnsafeCell<WorkerLocal>,
}

// SAFETY: all fields are atomics but the desk, which by its invariant one thread uses at a time.
unsafe impl Sync for Worker {}

impl Worker {
    pub(crate) fn new(stays: bool, local: WorkerLocal) -> Worker {
        Worker {
            stays,
            stats: WorkerStats::new(),
            called: AtomicBool::new(false),
            wake: Wake::new(OwnWord::default(), OwnWord::default()),
            left: AtomicBool::new(false),
            tid: AtomicU32::new(0),
            timer: OnceLock::new(),
            local: UnsafeCell::new(local),
        }
    }

    /// The desk.
    ///
    /// # Safety
    /// The caller is the worker's own thread, or has seen that thread end; and no other reference is alive.
    #[allow(clippy::mut_from_ref, reason = "the caller promises that there is no other")]
    pub(crate) unsafe fn local(&self) -> &mut WorkerLocal {
        // SAFETY: the caller's promise.
        unsafe { &mut *self.local.get() }
    }

    /// Sleeps until called; false when nobody has within `timeout_ns`.
    pub(crate) fn sleep(&self, timeout: Option<std::time::Duration>) -> bool {
        loop {
            // Acquire: pairs with `call`, so that what the caller did before is seen.
            let slept = self.wake.sleep_unless(|| self.called.load(Ordering::Acquire), timeout);
            if self.called.swap(false, Ordering::Acquire) {
                return true;
            }
            if slept == Slept::TimedOut {
                return false;
            }
        }
    }

    /// The worker ends.
    pub(crate) fn leave(&self) {
        self.left.store(true, Ordering::Release);
    }

    /// Whether the worker has ended, or is about to.
    pub(crate) fn has_left(&self) -> bool {
        self.left.load(Ordering::Acquire)
    }

    pub(crate) fn set_tid(&self, tid: u32) {
        self.tid.store(tid, Ordering::Relaxed);
    }

    /// The kernel's number of the thread, 0 until it runs.
    pub(crate) fn tid(&self) -> u32 {
        self.tid.load(Ordering::Relaxed)
    }

    /// The worker's thread, which asks, and how a signal gets to it. Where the system has had no room for a timer, it is asked
    /// again.
    pub(crate) fn maker(&self) -> Maker {
        if self.timer.get().is_none()
            && let Some(timer) = Timer::of_thread(self.tid())
        {
            let _first = self.timer.set(timer);
        }
        Maker::new(self.tid(), self.timer.get().map(Timer::id))
    }

    /// Cleans up behind a worker that died; gives the ring it worked for.
    pub(crate) fn reap(&self, pool: &Pool) -> Option<Arc<RingWork>> {
        // SAFETY: the starter, who calls this, has joined the thread.
        unsafe { self.local() }.reap(pool, &self.stats)
    }
}

impl Sleeper for Worker {
    fn call(&self) {
        self.called.store(true, Ordering::Release);
        self.wake.notify();
    }

    fn stays(&self) -> bool {
        self.stays
    }
}
