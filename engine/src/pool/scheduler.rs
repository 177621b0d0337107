//! Who has work, and who could do it: the ready list, the idle workers, and how many run. Steps in comments (B1 …) are
//! those of specs/pool.md.

mod count;
mod ready;
#[cfg(test)]
#[cfg(not(syslet_loom))]
mod tests;

use std::collections::VecDeque;

use crate::sys::sync::{Arc, AtomicBool, AtomicU32, Mutex, Ordering, fence, lock};

/// Where work stands: the engine's end of a ring.
pub(crate) trait Work {
    /// Whether it is on the ready list; written under the board's lock.
    fn listed(&self) -> &AtomicBool;

    /// Whether a worker would find anything.
    fn has_work(&self) -> bool;
}

/// Who works: a worker's place.
pub(crate) trait Sleeper {
    /// Ends its sleep.
    fn call(&self);

    /// Whether it never retires.
    fn stays(&self) -> bool;
}

/// Everything the pool decides with.
#[derive(Debug)]
pub(crate) struct Scheduler<P, S> {
    /// Workers that look for work. While there is one, nobody needs to be woken.
    searching: AtomicU32,
    /// Workers in a call that sleeps, as far as is known.
    blocked: AtomicU32,
    /// How many rings are listed, for those who do not want the lock.
    listed: AtomicU32,
    /// Grows when a ring is listed.
    news: AtomicU32,
    /// Nothing is listed any more. Written under the lock.
    closed: AtomicBool,
    roster: Mutex<Roster<P, S>>,
}

#[derive(Debug)]
struct Roster<P, S> {
    /// Served from the front; who was served goes to the back.
    ready: VecDeque<Arc<P>>,
    /// The last one to park is the first to be woken: its caches are the warmest, and the others can retire.
    idle: Vec<Arc<S>>,
    /// Threads that are there or were asked for.
    workers: u32,
    /// No thread is to be asked for: the system has just refused one.
    barred: bool,
}

/// How many there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quota {
    pub(crate) workers_max: u32,
    pub(crate) runnable_max: u32,
    /// Workers in calls that were given up: others may be there in their places.
    pub(crate) abandoned: u32,
}

/// What is to be done for listed work, once the lock is released.
#[derive(Debug)]
#[must_use]
pub(crate) enum WakeOne<S> {
    /// Nothing: somebody is at it, or nothing is there.
    Nobody,
    /// Wake this one.
    Wake(Arc<S>),
    /// Start a thread. It is counted already.
    Start,
    /// As many as may run do. Whether they get stuck has to be watched.
    Held,
}

/// What a worker without work does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub(crate) enum Parked {
    /// Sleep until called: it stands on the idle list.
    Idle,
    /// The same, although there is work: enough others run. They have to be watched.
    Superfluous,
    /// Search again: work came meanwhile.
    Search,
    /// End: the pool is closed, or has more workers than it may.
    Leave,
}

/// How many workers do what.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Count {
    pub(crate) workers: u32,
    pub(crate) idle: u32,
    pub(crate) blocked: u32,
}

impl<P, S> Roster<P, S> {
    /// Workers that run or are about to. A count of the blocked that is a moment old does no harm: B3 and
    /// [`Board::block`] see each other.
    fn runnable(&self, blocked: &AtomicU32) -> u32 {
        let elsewhere = u32::try_from(self.idle.len()).unwrap_or(u32::MAX) + blocked.load(Ordering::Relaxed);
        self.workers.saturating_sub(elsewhere)
    }
}

impl<P: Work, S: Sleeper> Scheduler<P, S> {
    pub(crate) fn new() -> Scheduler<P, S> {
        Scheduler {
            searching: AtomicU32::new(0),
            blocked: AtomicU32::new(0),
            listed: AtomicU32::new(0),
            news: AtomicU32::new(0),
            closed: AtomicBool::new(false),
            roster: Mutex::new(Roster {
                ready: VecDeque::new(),
                idle: Vec::new(),
                workers: 0,
                barred: false,
            }),
        }
    }

    /// No work is listed any more: what is queued from now on is for its publisher to end. Gives the idle workers, who
    /// are to be called.
    pub(crate) fn close(&self) -> Vec<Arc<S>> {
        let mut roster = lock(&self.roster);
        self.closed.store(true, Ordering::Relaxed);
        for ring in roster.ready.drain(..) {
            ring.listed().store(false, Ordering::Relaxed);
        }
        self.listed.store(0, Ordering::Relaxed);
        let idle = std::mem::take(&mut roster.idle);
        // Pairs with B1: who published before it is seen by whoever now looks for calls to end; who publishes after it
        // sees that the board is closed.
        fence(Ordering::SeqCst);
        // Whoever is called counts as searching.
        self.searching.fetch_add(u32::try_from(idle.len()).unwrap_or(u32::MAX), Ordering::Relaxed);
        idle
    }

    /// Whether work is listed that nobody searches for.
    pub(crate) fn is_waiting(&self) -> bool {
        self.is_left_alone(&lock(&self.roster))
    }

    /// The same, and somebody runs who could get stuck before coming back for it.
    pub(crate) fn is_at_risk(&self) -> bool {
        let roster = lock(&self.roster);
        self.is_left_alone(&roster) && roster.runnable(&self.blocked) > 0
    }

    fn is_left_alone(&self, roster: &Roster<P, S>) -> bool {
        self.searching.load(Ordering::Relaxed) == 0 && roster.ready.iter().any(|ring| ring.has_work())
    }

    /// Whether no worker comes any more. Asked after [`Board::announce`] it misses nothing.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    pub(crate) fn count(&self) -> Count {
        let roster = lock(&self.roster);
        let idle = u32::try_from(roster.idle.len()).unwrap_or(u32::MAX);
        Count { workers: roster.workers, idle, blocked: self.blocked.load(Ordering::Relaxed) }
    }
}

impl Count {
    /// Whether no worker does anything.
    pub(crate) fn is_idle(self) -> bool {
        self.idle == self.workers
    }

    /// Whether more run than may.
    pub(crate) fn is_crowded(self, quota: Quota) -> bool {
        self.workers.saturating_sub(self.idle + self.blocked) > quota.runnable_max
    }
}
