//! One worker: what every thread sees of it, and what its own thread works with. Made by the monitor.
#![allow(unsafe_code, reason = "gives what a worker works with to the thread that cleans up after it")]

use std::cell::UnsafeCell;
use std::sync::OnceLock;

use crate::cancel::timer::Timer;
use crate::exec::attributes::AttributeContext;
use crate::notify::futex::OwnWord;
use crate::notify::{Slept, Wake};
use crate::pool::executor::{Executor, Rest};
use crate::pool::ring_work::RingWork;
use crate::pool::scheduler::{Sleeper, Work};
use crate::program::ParallelGroup;
use crate::queues::batch::Batch;
use crate::queues::lanes::Released;
use crate::slots::maker::Maker;
use crate::sys::activity::Activity;
use crate::sys::counter::Counter;
use crate::sys::sync::{Arc, AtomicBool, AtomicU32, AtomicU64, Ordering};

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

/// Written by the worker alone.
#[derive(Debug)]
pub(crate) struct WorkerStats {
    pub(crate) watch: Activity,
    /// Calls brought to an end.
    pub(crate) finished: Counter,
    /// What runs: the call's number and the user's word.
    nr: AtomicU32,
    user_data: AtomicU64,
}

impl WorkerStats {
    pub(crate) fn new() -> WorkerStats {
        WorkerStats {
            watch: Activity::new(),
            finished: Counter::new(),
            nr: AtomicU32::new(0),
            user_data: AtomicU64::new(0),
        }
    }

    /// Tells what runs.
    pub(crate) fn show(&self, nr: u32, user_data: u64) {
        self.nr.store(nr, Ordering::Relaxed);
        self.user_data.store(user_data, Ordering::Relaxed);
    }

    /// Number and user's word of the call that runs, or ran last.
    pub(crate) fn shown(&self) -> (u32, u64) {
        (self.nr.load(Ordering::Relaxed), self.user_data.load(Ordering::Relaxed))
    }
}

/// A worker's desk.
#[derive(Debug)]
pub(crate) struct WorkerLocal {
    pub(super) batch: Batch,
    pub(super) executor: Executor,
    /// Target calls they are; kept for the next claim.
    pub(super) ring: Option<Arc<RingWork>>,
    /// Its thread.
    pub(super) maker: Maker,
    /// Whether it claims calls in order to refuse them, and nobody else wants them.
    pub(super) is_closing: bool,
    /// A call of a group that it has taken, and whether there are more.
    pub(super) member: Option<(Arc<ParallelGroup>, usize, bool)>,
    /// How far the call was brought that was handed over, if it was.
    pub(super) begun: Option<Rest>,
    /// Which of a ring's two queues was looked at first.
    pub(super) prefers_pooled: bool,
    /// Claims taken from this ring in a row.
    pub(super) served: u32,
    /// The call of the batch that is being made.
    pub(super) at: usize,
    /// Words of completions built and not posted.
    pub(super) built: usize,
    /// Who is to be told when they are posted.
    pub(super) released: Released<RingWork>,
}

impl WorkerLocal {
    pub(crate) fn new(context: Arc<AttributeContext>) -> WorkerLocal {
        let (batch, executor) = (Batch::new(), Executor::pooled(context));
        WorkerLocal {
            batch,
            executor,
            ring: None,
            maker: Maker::default(),
            is_closing: false,
            prefers_pooled: false,
            begun: None,
            member: None,
            served: 0,
            at: 0,
            built: 0,
            released: Released::new(),
        }
    }

    /// A desk for claiming what nobody is to run any more.
    pub(crate) fn for_closing(context: Arc<AttributeContext>) -> WorkerLocal {
        WorkerLocal { is_closing: true, ..WorkerLocal::new(context) }
    }

    /// A thread sits down at it.
    pub(crate) fn set_maker(&mut self, maker: Maker) {
        self.maker = maker;
    }

    /// The ring served last.
    pub(crate) fn ring(&self) -> Option<&RingWork> {
        self.ring.as_deref()
    }

    /// Whether the ring served last has work.
    pub(crate) fn has_work(&self) -> bool {
        // What is not listed is its submitter's: to look at it again and again would not make it anybody else's.
        self.ring.as_ref().is_some_and(|ring| ring.is_listed() && ring.has_work())
    }

    /// Lets go of the ring: its memory may be wanted back while this worker sleeps.
    pub(crate) fn leave(&mut self) {
        self.ring = None;
    }
}
