//! The call that a submitter makes inline and that may be taken from it: the submitter shows it, the monitor kicks the thread out of it,
//! and the submitter does not go on before the signal has come. Steps in comments (K1 …) are those of specs/kick.md.
//!
//! The owner pays for it with each such call, the kicker comes seldom: so the owner has the light side of a barrier.

#[cfg(test)]
#[cfg(syslet_loom)]
mod loom_tests;

use crate::sys::activity::{Activity, Glance};
use crate::sys::barrier::Barrier;
use crate::sys::sync::{Arc, AtomicBool, AtomicU32, AtomicU64, Mutex, Ordering, lock};

/// The values of the word that an invocation tests, and the handler of the signal behind it.
pub(crate) mod word {
    /// The call is to leave the kernel if nothing is done.
    pub(crate) const RESTARTED: u32 = 1;
    /// The same, and −EINTR says that nothing is done.
    pub(crate) const INTERRUPTED: u32 = 2;
}

/// Whether the monitor looks at such calls, as the submitters see it.
pub(crate) struct Watching {
    /// One of those below.
    state: AtomicU32,
    /// Has the monitor look.
    begin: Box<dyn Fn() + Send + Sync>,
}

/// It does not look until it is asked to.
const OFF: u32 = 0;
const ON: u32 = 1;
/// It has ended.
const OVER: u32 = 2;

impl Watching {
    pub(crate) fn new(begin: impl Fn() + Send + Sync + 'static) -> Watching {
        Watching { state: AtomicU32::new(OFF), begin: Box::new(begin) }
    }

    /// Called by the monitor. When it stops, it looks once more at each [`Hold`] behind this ([`Hold::settle`]).
    pub(crate) fn set(&self, is_on: bool) {
        // Relaxed: the heavy side in `Hold::settle` orders it.
        self.state.store(if is_on { ON } else { OFF }, Ordering::Relaxed);
    }

    #[cold]
    fn has_begun(&self, state: u32) -> bool {
        (self.begin)();
        state != OVER
    }

    /// The same when the monitor is about to end.
    pub(crate) fn end(&self) {
        self.state.store(OVER, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for Watching {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watching").field("state", &self.state).finish_non_exhaustive()
    }
}

/// The inline call of one submitter, as other threads see it.
#[derive(Debug)]
pub(crate) struct Hold {
    /// Whether the owner is in such a call, and in which.
    watch: Activity,
    /// The number of the call, its first argument, and the thread. Relaxed: the release in `Activity::enter` publishes them.
    nr: AtomicU32,
    first: AtomicU64,
    tid: AtomicU32,
    /// The word that the invocation tests.
    word: AtomicU32,
    /// A kicker is about to signal the owner, or has.
    is_kicked: AtomicBool,
    /// Held while a kicker decides and signals.
    kicking: Mutex<()>,
    /// Another thread wants the owner out of its call; a glance.
    is_wanted: AtomicBool,
    /// When the owner's wait ends, in nanoseconds of CLOCK_MONOTONIC; `u64::MAX` for never. A glance.
    ends_ns: AtomicU64,
    barrier: Barrier,
    /// `None` without workers, where no call may be taken.
    watching: Option<Arc<Watching>>,
}

/// A call that may be taken from its submitter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct HeldCall {
    pub(crate) nr: u32,
    /// The first argument, which is the descriptor where the call has one there.
    pub(crate) first: u64,
    /// The thread that makes it.
    pub(crate) tid: u32,
}

impl Hold {
    pub(crate) fn new(barrier: Barrier, watching: Option<Arc<Watching>>) -> Hold {
        Hold {
            watch: Activity::new(),
            nr: AtomicU32::new(0),
            first: AtomicU64::new(0),
            tid: AtomicU32::new(0),
            word: AtomicU32::new(0),
            is_kicked: AtomicBool::new(false),
            kicking: Mutex::new(()),
            is_wanted: AtomicBool::new(false),
            ends_ns: AtomicU64::new(u64::MAX),
            barrier,
            watching,
        }
    }

    /// K1. The owner begins the call. False where the monitor has ended: then the call is not to be made here.
    #[inline(always)]
    #[must_use]
    pub(crate) fn enter(&self, call: HeldCall) -> bool {
        self.nr.store(call.nr, Ordering::Relaxed);
        self.first.store(call.first, Ordering::Relaxed);
        self.tid.store(call.tid, Ordering::Relaxed);
        self.watch.enter();
        // Pairs with the heavy side in `settle`: the monitor that stops watching sees this call, or this thread sees that it has
        // stopped. Without it the call could last for ever, with no thread to look at it.
        self.barrier.light();
        self.watching.as_ref().is_none_or(|watching| match watching.state.load(Ordering::Relaxed) {
            ON => true,
            state => watching.has_begun(state),
        })
    }

    /// The word that the invocation of the call tests.
    #[inline(always)]
    pub(crate) fn word(&self) -> &AtomicU32 {
        &self.word
    }

    /// K5. The owner is out of the call. When this returns no signal for it is on its way: `enter_kernel` enters the kernel, where the
    /// thread takes a signal that is pending.
    #[inline(always)]
    pub(crate) fn leave(&self, enter_kernel: impl FnOnce()) {
        self.watch.leave_unmarked();
        // K5: pairs with the heavy side in `kick` (K3). Either the kicker sees that the owner has left, or the owner sees that it
        // is kicked. Without it the signal could meet a later call, or the application's code.
        self.barrier.light();
        if self.is_kicked.load(Ordering::Relaxed) {
            self.meet_the_kicker(enter_kernel);
        }
    }

    /// K6
    #[cold]
    fn meet_the_kicker(&self, enter_kernel: impl FnOnce()) {
        // Behind the lock the signal is sent, or will not be.
        drop(lock(&self.kicking));
        enter_kernel();
        self.word.store(0, Ordering::Relaxed);
        self.is_kicked.store(false, Ordering::Relaxed);
    }

    /// Takes the owner out of the call seen at that glance: `word` is for its invocation, `signal` signals the thread and says
    /// whether it did. Says whether the owner was in that call, and is signalled.
    pub(crate) fn kick(&self, glance: Glance, word: u32, signal: impl FnOnce() -> bool) -> bool {
        // K2
        let _kicking = lock(&self.kicking);
        self.is_kicked.store(true, Ordering::Relaxed);
        // K3: pairs with the light side in `leave` (K5).
        let is_there = self.barrier.heavy() && glance.is_inside() && self.watch.glance() == glance;
        if is_there {
            // K4. Release: pairs with the acquire load in the handler of the signal. Without it the handler could find 0, and the
            // kernel make the call again.
            self.word.store(word, Ordering::Release);
        }
        let is_sent = is_there && signal();
        if !is_sent {
            // An owner that has seen the flag stores the same two values.
            self.word.store(0, Ordering::Relaxed);
            self.is_kicked.store(false, Ordering::Relaxed);
        }
        is_sent
    }

    /// Where the owner is.
    pub(crate) fn glance(&self) -> Glance {
        self.watch.glance()
    }

    /// Where the owner is, after [`Watching::set`]: a call that begins later has the monitor look again.
    pub(crate) fn settle(&self) -> Glance {
        // A membarrier that is refused leaves the slow looks.
        let _holds = self.barrier.heavy();
        self.watch.glance()
    }

    /// The call seen at a glance; it is that call as long as the glance is the same.
    pub(crate) fn call(&self) -> HeldCall {
        HeldCall {
            nr: self.nr.load(Ordering::Relaxed),
            first: self.first.load(Ordering::Relaxed),
            tid: self.tid.load(Ordering::Relaxed),
        }
    }

    /// Another thread wants the owner out of its call.
    pub(crate) fn want(&self) {
        self.is_wanted.store(true, Ordering::Relaxed);
    }

    /// Whether another thread does; takes the word.
    pub(crate) fn take_wanted(&self) -> bool {
        self.is_wanted.load(Ordering::Relaxed) && self.is_wanted.swap(false, Ordering::Relaxed)
    }

    /// Whether another thread does; a glance.
    pub(crate) fn is_wanted(&self) -> bool {
        self.is_wanted.load(Ordering::Relaxed)
    }

    /// Shows when the owner's wait ends.
    pub(crate) fn set_end(&self, ends_ns: u64) {
        self.ends_ns.store(ends_ns, Ordering::Relaxed);
    }

    pub(crate) fn ends_ns(&self) -> u64 {
        self.ends_ns.load(Ordering::Relaxed)
    }
}
