//! A worker: the part of it that every thread sees, and the state that its own thread works with. Made by the
//! monitor, called by the worker's thread, the scheduler and the monitor.
#![allow(unsafe_code, reason = "gives local state to the worker's thread, later to the monitor")]

use std::cell::UnsafeCell;
use std::sync::OnceLock;

use crate::cancel::timer::Timer;
use crate::exec::attributes::AttributeContext;
use crate::notify::futex::OwnWord;
use crate::notify::{Slept, Wake};
use crate::pool::cost::Costs;
use crate::pool::executor::{Executor, Rest};
use crate::pool::ring_work::RingWork;
use crate::pool::scheduler::{Sleeper, Work};
use crate::program::ParallelGroup;
use crate::queues::batch::Batch;
use crate::queues::call_kind::CallKind;
use crate::queues::lanes::Released;
use crate::slots::maker::Maker;
use crate::sys::activity::Activity;
use crate::sys::counter::Counter;
use crate::sys::disposable::KeptStack;
use crate::sys::sync::{Arc, AtomicBool, AtomicU32, AtomicU64, Ordering};

/// The role of a worker among the others.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Role {
    /// The first worker: it never retires.
    First,
    /// Any other.
    Further,
    /// The reserve (`pool::reserve`), which is not counted among the workers.
    Reserve,
}

/// A worker as all threads see it, on cache lines of its own.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Worker {
    role: Role,
    /// The worker's activity and counts.
    pub(crate) stats: WorkerStats,
    called: AtomicBool,
    /// When the worker was called for work; 0 once it has noted how long that took.
    called_ns: AtomicU64,
    wake: Wake<OwnWord>,
    /// Whether the worker has nothing left to do but to end. It is never set for a worker that died.
    left: AtomicBool,
    tid: AtomicU32,
    /// The timer that signals the thread. It outlives the thread, because other threads may still use it.
    timer: OnceLock<Timer>,
    /// INVARIANT: used by the worker's thread, and by the monitor once it has joined that thread.
    local: UnsafeCell<WorkerLocal>,
}

// SAFETY: all fields are `Sync` but `local`, which by its invariant one thread uses at a time.
unsafe impl Sync for Worker {}

impl Worker {
    pub(crate) fn new(role: Role, local: WorkerLocal) -> Worker {
        Worker {
            role,
            stats: WorkerStats::new(),
            called: AtomicBool::new(false),
            called_ns: AtomicU64::new(0),
            wake: Wake::new(OwnWord::default(), OwnWord::default()),
            left: AtomicBool::new(false),
            tid: AtomicU32::new(0),
            timer: OnceLock::new(),
            local: UnsafeCell::new(local),
        }
    }

    pub(crate) fn role(&self) -> Role {
        self.role
    }

    /// The worker's local state.
    ///
    /// # Safety
    /// The caller is the worker's own thread, or has seen that thread end; and no other reference is alive.
    #[allow(clippy::mut_from_ref, reason = "the caller promises that there is no other")]
    pub(crate) unsafe fn local(&self) -> &mut WorkerLocal {
        // SAFETY: this function's contract: the caller is the only thread that uses the state, and has no other
        // reference to it.
        unsafe { &mut *self.local.get() }
    }

    /// Sets the time of a call that follows. Relaxed: the store of `called` publishes it.
    pub(crate) fn set_called_ns(&self, now_ns: u64) {
        self.called_ns.store(now_ns, Ordering::Relaxed);
    }

    /// When the worker was called for work, once for each call.
    pub(crate) fn take_called_ns(&self) -> Option<u64> {
        Some(self.called_ns.swap(0, Ordering::Relaxed)).filter(|called_ns| *called_ns > 0)
    }

    /// Sleeps until called. Returns false when the worker was not called within `timeout`.
    pub(crate) fn sleep(&self, timeout: Option<std::time::Duration>) -> bool {
        loop {
            // Acquire: pairs with the release store of `called` in `call`, by the thread that took this worker off
            // the idle list. Without it the worker could search without seeing that thread's writes, among them the
            // ring's records.
            let slept = self.wake.sleep_unless(|| self.called.load(Ordering::Acquire), timeout);
            if self.called.swap(false, Ordering::Acquire) {
                return true;
            }
            if slept == Slept::TimedOut {
                return false;
            }
        }
    }

    /// The worker is about to end.
    pub(crate) fn leave(&self) {
        // Release: pairs with the acquire load in `has_left`, by the monitor before it drops the worker. The join
        // that follows there orders the rest of the thread's writes.
        self.left.store(true, Ordering::Release);
    }

    /// Whether the worker has ended, or is about to.
    pub(crate) fn has_left(&self) -> bool {
        // Acquire: pairs with the release store in `leave`.
        self.left.load(Ordering::Acquire)
    }

    pub(crate) fn set_tid(&self, tid: u32) {
        // Relaxed: other threads compare and show the number, and read nothing through it.
        self.tid.store(tid, Ordering::Relaxed);
    }

    /// The kernel's number of the thread; 0 until it runs.
    pub(crate) fn tid(&self) -> u32 {
        self.tid.load(Ordering::Relaxed)
    }

    /// The worker's thread, and the way in which a signal reaches it. Called by that thread. A timer that the system
    /// had no room for is asked for again.
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
        // Release: pairs with the acquire load and exchange of `called` in `sleep`. Without it the worker could wake
        // and not see the work that it is called for.
        self.called.store(true, Ordering::Release);
        self.wake.notify();
    }

    fn stays(&self) -> bool {
        self.role == Role::First
    }
}

/// The activity and the counts of a worker. The worker alone writes them, but for the mark in `watch`.
#[derive(Debug)]
pub(crate) struct WorkerStats {
    pub(crate) watch: Activity,
    /// Calls that the worker has ended.
    pub(crate) finished: Counter,
    /// Claims that it has made.
    pub(crate) claims: Counter,
    /// Times that it has looked whether the submitter sleeps, to wake it.
    pub(crate) wakes: Counter,
    /// The number and the user's word of the call that runs.
    nr: AtomicU32,
    user_data: AtomicU64,
}

impl WorkerStats {
    pub(crate) fn new() -> WorkerStats {
        WorkerStats {
            watch: Activity::new(),
            finished: Counter::new(),
            claims: Counter::new(),
            wakes: Counter::new(),
            nr: AtomicU32::new(0),
            user_data: AtomicU64::new(0),
        }
    }

    /// Shows the call that runs. Relaxed: the two words are for display, and no other data is read through them.
    pub(crate) fn show(&self, nr: u32, user_data: u64) {
        self.nr.store(nr, Ordering::Relaxed);
        self.user_data.store(user_data, Ordering::Relaxed);
    }

    /// The number and the user's word of the call that runs, or ran last. The two may be of different calls for a
    /// moment.
    pub(crate) fn shown(&self) -> (u32, u64) {
        (self.nr.load(Ordering::Relaxed), self.user_data.load(Ordering::Relaxed))
    }
}

/// A worker's local state: its claimed records, the means to run them, and the completions not posted yet.
#[derive(Debug)]
pub(crate) struct WorkerLocal {
    pub(super) batch: Batch,
    pub(super) executor: Executor,
    /// The stack of the threads that make calls with PRIVATE.
    pub(super) stack: KeptStack,
    /// The ring of the claimed calls. It is kept for the next claim.
    pub(super) ring: Option<Arc<RingWork>>,
    /// The thread that makes the calls.
    pub(super) maker: Maker,
    /// Whether calls are claimed to be refused. Then those that are otherwise the submitter's are claimed too.
    pub(super) is_closing: bool,
    /// Whether calls are claimed for the reserve.
    pub(super) is_reserve: bool,
    /// A claimed call of a group, its index, and whether the group has more.
    pub(super) member: Option<(Arc<ParallelGroup>, usize, bool)>,
    /// The rest of the call that was handed over, if one was.
    pub(super) begun: Option<Rest>,
    /// Whether the queue for workers only is looked at first.
    pub(super) prefers_pooled: bool,
    /// Claims taken from this ring in a row.
    pub(super) served: u32,
    /// The index in the batch of the call that is being made.
    pub(super) at: usize,
    /// Words of completions that are built and not posted.
    pub(super) built: usize,
    /// What the calls that it runs have cost.
    pub(super) costs: Costs,
    /// The kind of the calls that it has claimed last.
    pub(super) kind: CallKind,
    /// The claimed calls whose completions are posted, of those that cannot sleep.
    pub(super) posted: usize,
    /// Claims until the next one is measured.
    pub(super) unmeasured: u32,
    /// Whether it has to see whether another worker is wanted: it was the last that searched.
    pub(super) looks: bool,
    /// About how long completions are posted for which the submitter was not woken.
    pub(super) owed_ns: u64,
    /// Rings that got work from a lane. They are made known when the completions are posted.
    pub(super) released: Released<RingWork>,
}

impl WorkerLocal {
    pub(crate) fn new(context: Arc<AttributeContext>) -> WorkerLocal {
        let (batch, executor) = (Batch::new(), Executor::pooled(context));
        WorkerLocal {
            batch,
            executor,
            stack: KeptStack::default(),
            ring: None,
            maker: Maker::default(),
            is_closing: false,
            is_reserve: false,
            prefers_pooled: false,
            begun: None,
            member: None,
            served: 0,
            at: 0,
            built: 0,
            costs: Costs::new(),
            kind: CallKind::NONE,
            posted: 0,
            unmeasured: 0,
            looks: false,
            owed_ns: 0,
            released: Released::new(),
        }
    }

    /// The local state of a thread that claims calls only to refuse them.
    pub(crate) fn for_closing(context: Arc<AttributeContext>) -> WorkerLocal {
        WorkerLocal { is_closing: true, ..WorkerLocal::new(context) }
    }

    /// The local state of the reserve.
    pub(crate) fn for_reserve(context: Arc<AttributeContext>) -> WorkerLocal {
        WorkerLocal { is_reserve: true, ..WorkerLocal::new(context) }
    }

    /// Sets the thread that makes the calls.
    pub(crate) fn set_maker(&mut self, maker: Maker) {
        self.maker = maker;
    }

    /// Whether the ring served last is listed and has work.
    pub(crate) fn has_work(&self) -> bool {
        // The calls of a ring that is not listed are its submitter's: a worker that spins for them would never get
        // them.
        self.ring.as_ref().is_some_and(|ring| ring.is_listed() && ring.has_work())
    }

    /// Releases the ring: its memory may be wanted back while this worker sleeps.
    pub(crate) fn leave(&mut self) {
        self.ring = None;
    }
}
