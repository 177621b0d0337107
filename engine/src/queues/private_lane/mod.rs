//! Holds the private lane: calls that their submitter runs itself wait in memory that only it touches, until another thread
//! has to see them. `Ring` pushes and runs, the monitor takes the rest from a submitter that is stuck. Steps in comments
//! (L1 …) are those of specs/ring.md.
//!
//! The lane has one owner, the submitter. It is *here*, and may change everything, or *away*: in a call that may keep it for
//! long, or out in the application with calls left behind. While it is away the calls behind are read by whichever thread
//! has the lane's lock, and changed by none. Coming back, it looks whether they were taken.
#![allow(unsafe_code, reason = "two threads use the same memory in turns")]

mod entries;
#[cfg(test)]
#[cfg(syslet_loom)]
mod loom_tests;

use std::collections::TryReserveError;
use std::ops::{Deref, DerefMut};

pub(crate) use crate::queues::private_lane::entries::{Entries, Entry};
use crate::sys::activity::{Activity, Glance};
use crate::sys::barrier::Barrier;
use crate::sys::sync::{Arc, AtomicBool, AtomicU32, Mutex, Ordering, UnsafeCell, lock};

/// The lane, as its owner and the monitor share it.
#[derive(Debug)]
pub(crate) struct PrivateLane {
    /// INVARIANT: changed by the owner only, while it is here; read by the owner at any time, and by a thread that has
    /// `taken`'s lock while the owner is away and will see `is_wanted`.
    entries: UnsafeCell<Entries>,
    /// Whether the owner is away, and since when.
    watch: Activity,
    /// How many of the first entries the owner has with it while it is away: the one that it runs, or none.
    kept: AtomicU32,
    /// How many of the first entries are published, those kept among them: the others may not be taken.
    published: AtomicU32,
    /// Whether the owner was compared with the workers since it pushed the last call: workers may have what it leaves behind.
    is_open: AtomicBool,
    /// How many calls have no slot; a glance for other threads.
    waiting: AtomicU32,
    /// Not 0: another thread wants the lane, or has it; see [`WANTED`] and [`ASKED`].
    call: AtomicU32,
    /// Whether the entries behind `kept` were taken since the owner went away.
    taken: Mutex<bool>,
    barrier: Barrier,
}

/// The monitor wants the entries.
const WANTED: u32 = 1;
/// Another thread has left a request for the owner.
const ASKED: u32 = 2;

// SAFETY: by the invariant of `entries` no thread changes them while another one reads them.
unsafe impl Sync for PrivateLane {}
// SAFETY: words only, which any thread may drop.
unsafe impl Send for PrivateLane {}

/// The owner's end. It derefs to the entries: those that were taken are gone then.
#[derive(Debug)]
pub(crate) struct LaneOwner {
    /// INVARIANT: no other `LaneOwner` has it.
    lane: Arc<PrivateLane>,
    is_away: bool,
    /// Entries were taken, and the owner has not asked yet.
    were_taken: bool,
}

impl PrivateLane {
    /// A lane for records of so many bytes together.
    ///
    /// # Errors
    /// When there is no memory.
    pub(crate) fn new(bytes: u64, barrier: Barrier) -> Result<PrivateLane, TryReserveError> {
        Ok(PrivateLane {
            entries: UnsafeCell::new(Entries::new(bytes)?),
            watch: Activity::new(),
            kept: AtomicU32::new(0),
            published: AtomicU32::new(0),
            is_open: AtomicBool::new(false),
            waiting: AtomicU32::new(0),
            call: AtomicU32::new(0),
            taken: Mutex::new(false),
            barrier,
        })
    }

    /// Whether a request is left that the owner has not taken; a glance.
    pub(crate) fn is_asked(&self) -> bool {
        self.call.load(Ordering::Relaxed) & ASKED != 0
    }

    /// The owner's whereabouts.
    pub(crate) fn glance(&self) -> Glance {
        self.watch.glance()
    }

    /// How many calls are in the lane that other threads cannot find; a glance, so relaxed.
    pub(crate) fn waiting(&self) -> u32 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Whether the owner was compared with the workers already. Relaxed: the glance at the owner's stay, which a seizure repeats,
    /// acquires what the owner did before.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Relaxed)
    }

    /// How many calls the owner has left behind, if it is away; a glance.
    pub(crate) fn left_behind(&self) -> u32 {
        self.published.load(Ordering::Relaxed).saturating_sub(self.kept.load(Ordering::Relaxed))
    }

    /// Another thread has left a request: the owner looks for it before it runs the next call of the lane.
    pub(crate) fn ask(&self) {
        // Release: pairs with the swap in `LaneOwner::take_request`: the request is seen behind the flag.
        self.call.fetch_or(ASKED, Ordering::Release);
    }

    /// Gives the entries behind the call that the owner is in to `take`, if it is away since that glance. Says whether it
    /// was. Other threads than the owner call it.
    pub(crate) fn seize(&self, glance: Glance, mut take: impl FnMut(Entry<'_>)) -> bool {
        let mut taken = lock(&self.taken);
        if *taken {
            return false;
        }
        // L3. Relaxed: the barrier orders it before the glance.
        self.call.fetch_or(WANTED, Ordering::Relaxed);
        // L4: pairs with the light side in `come_back` (L2). Either this thread sees that the owner has left that stay, or the
        // owner sees WANTED, and waits for the lock. Without it both could miss, and a call be run twice.
        let holds = self.barrier.heavy();
        let is_away = holds && glance.is_inside() && self.watch.glance() == glance;
        if is_away {
            let (kept, behind) = (self.kept.load(Ordering::Relaxed) as usize, self.left_behind() as usize);
            // SAFETY: the owner is in the stay of that glance, so it changes nothing, and does not come back before it has had
            // the lock, which this thread holds. Its last changes are seen: the glance has acquired them.
            self.entries
                .with(|entries| unsafe { &*entries }.iter().skip(kept).take(behind).for_each(&mut take));
            *taken = true;
        } else {
            // The owner clears the flag where entries were taken.
            self.call.fetch_and(!WANTED, Ordering::Relaxed);
        }
        is_away
    }
}

impl LaneOwner {
    pub(crate) fn new(lane: PrivateLane) -> LaneOwner {
        LaneOwner { lane: Arc::new(lane), is_away: false, were_taken: false }
    }

    /// The lane, for the threads that watch the owner.
    pub(crate) fn shared(&self) -> Arc<PrivateLane> {
        Arc::clone(&self.lane)
    }

    /// Runs the first entry, which may keep the owner for long: meanwhile those behind it can be taken.
    #[inline(always)]
    pub(crate) fn during<R>(&mut self, run: impl FnOnce(&Entries) -> R) -> R {
        self.leave(1);
        // SAFETY: while the owner is away the entries are read only, by it and by others.
        let result = self.lane.entries.with(|entries| run(unsafe { &*entries }));
        self.come_back();
        result
    }

    /// The owner goes out with calls left behind; it is back with the next use of the lane.
    pub(crate) fn go_away(&mut self) {
        if !self.is_away {
            self.leave(0);
        }
    }

    /// L1
    #[inline(always)]
    fn leave(&mut self, kept: u32) {
        self.return_if_away();
        // Relaxed: the release in `enter` publishes both with the entries.
        self.lane.kept.store(kept, Ordering::Relaxed);
        self.lane.published.store(u32::try_from(self.published()).unwrap_or(u32::MAX), Ordering::Relaxed);
        self.lane.watch.enter();
        self.is_away = true;
    }

    /// L2
    #[inline(always)]
    fn come_back(&mut self) {
        self.lane.watch.leave_unmarked();
        // L2: pairs with the heavy side in `PrivateLane::seize` (L4).
        self.lane.barrier.light();
        // Relaxed: what is read behind WANTED is read under the lock.
        if self.lane.call.load(Ordering::Relaxed) & WANTED != 0 {
            self.meet_the_other();
        }
        self.is_away = false;
    }

    /// Waits for the thread that wants the entries, and forgets those that it has taken.
    #[cold]
    fn meet_the_other(&mut self) {
        let mut were_taken = lock(&self.lane.taken);
        self.lane.call.fetch_and(!WANTED, Ordering::Relaxed);
        if std::mem::take(&mut *were_taken) {
            let kept = self.lane.kept.load(Ordering::Relaxed) as usize;
            let taken = kept..self.lane.published.load(Ordering::Relaxed) as usize;
            // SAFETY: the owner is here, and the other thread has given the lock back.
            self.lane
                .entries
                .with_mut(|entries| unsafe { &mut *entries }.retain(|index, _| !taken.contains(&index)));
            self.were_taken = true;
        }
    }

    #[inline(always)]
    fn return_if_away(&mut self) {
        if self.is_away {
            self.come_back();
        }
    }

    /// Whether the owner is away.
    #[inline(always)]
    pub(crate) fn is_away(&self) -> bool {
        self.is_away
    }

    /// The owner is here from now on. Says whether entries were taken since it was last asked.
    #[inline(always)]
    pub(crate) fn is_robbed(&mut self) -> bool {
        self.return_if_away();
        std::mem::take(&mut self.were_taken)
    }

    /// Notes whether workers may have the calls without a comparison.
    #[inline(always)]
    pub(crate) fn set_open(&self, is_open: bool) {
        self.lane.is_open.store(is_open, Ordering::Relaxed);
    }

    /// Shows other threads how many calls they cannot find.
    #[inline(always)]
    pub(crate) fn show(&self, waiting: usize) {
        self.lane.waiting.store(u32::try_from(waiting).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    /// Whether a thread has left a request; a glance.
    #[inline(always)]
    pub(crate) fn is_asked(&self) -> bool {
        self.lane.is_asked()
    }

    /// Takes the note that a request was left.
    pub(crate) fn take_request(&self) -> bool {
        // Acquire: pairs with `PrivateLane::ask`.
        self.lane.call.fetch_and(!ASKED, Ordering::Acquire) & ASKED != 0
    }
}

impl Deref for LaneOwner {
    type Target = Entries;

    #[inline(always)]
    fn deref(&self) -> &Entries {
        // SAFETY: no thread but this one changes the entries.
        self.lane.entries.with(|entries| unsafe { &*entries })
    }
}

impl DerefMut for LaneOwner {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Entries {
        self.return_if_away();
        // SAFETY: the owner is here, so no other thread reads the entries.
        self.lane.entries.with_mut(|entries| unsafe { &mut *entries })
    }
}
