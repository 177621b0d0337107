//! Who has work, and who could do it: the ready list, the idle workers, and how many run. Steps in comments (B1 …) are
//! those of specs/pool.md.

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

impl<P: Work, S: Sleeper> Scheduler<P, S> {
    /// Makes published work known. Says whether somebody has to be roused for it.
    pub(crate) fn announce(&self, ring: &Arc<P>) -> bool {
        // B1: pairs with B4 and with the fences in `keep` and `close`.
        fence(Ordering::SeqCst);
        if !ring.listed().load(Ordering::Relaxed) {
            self.list(ring);
        }
        // B3
        self.searching.load(Ordering::Relaxed) == 0
    }

    /// B2
    fn list(&self, ring: &Arc<P>) {
        let mut roster = lock(&self.roster);
        if !ring.listed().load(Ordering::Relaxed) && !self.is_closed() {
            ring.listed().store(true, Ordering::Relaxed);
            roster.ready.push_back(Arc::clone(ring));
            self.listed.fetch_add(1, Ordering::Relaxed);
            self.news.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The next ring with work, in turn: not the one that the caller has served `last`, if there is another.
    pub(crate) fn next(&self, last: Option<&P>) -> Option<Arc<P>> {
        if self.listed.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let mut roster = lock(&self.roster);
        let front = roster.ready.front();
        if front.is_some_and(|front| last.is_some_and(|last| std::ptr::eq(&raw const **front, last))) {
            // It went to the back when it was chosen; the others came later.
            roster.ready.rotate_left(1);
        }
        for _ in 0..roster.ready.len() {
            let ring = roster.ready.pop_front()?;
            if self.keep(&ring) {
                roster.ready.push_back(Arc::clone(&ring));
                return Some(ring);
            }
        }
        None
    }

    /// Whether a listed ring still has work. If not, it is off the list.
    pub(crate) fn keep(&self, ring: &P) -> bool {
        if ring.has_work() {
            return true;
        }
        ring.listed().store(false, Ordering::Relaxed);
        // Pairs with B1: who published before it is seen now; who publishes after it sees that the ring is off the list.
        fence(Ordering::SeqCst);
        if ring.has_work() {
            ring.listed().store(true, Ordering::Relaxed);
            return true;
        }
        self.listed.fetch_sub(1, Ordering::Relaxed);
        false
    }

    /// Takes a ring off the list for good.
    pub(crate) fn forget(&self, ring: &P) {
        let mut roster = lock(&self.roster);
        if ring.listed().swap(false, Ordering::Relaxed) {
            roster.ready.retain(|other| !std::ptr::eq(&raw const **other, ring));
            self.listed.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Rings on the list.
    pub(crate) fn listed(&self) -> u32 {
        self.listed.load(Ordering::Relaxed)
    }

    /// Changes whenever a ring is listed.
    pub(crate) fn news(&self) -> u32 {
        self.news.load(Ordering::Relaxed)
    }
}

impl<P: Work, S: Sleeper> Scheduler<P, S> {
    /// Chooses who comes for listed work, if anybody should. `in_flight` is asked before a thread is started.
    pub(crate) fn wake_one(&self, quota: Quota, in_flight: impl FnOnce() -> u64) -> WakeOne<S> {
        let mut roster = lock(&self.roster);
        // Pairs with the fence in `block`: either the count of the blocked is seen here, or what was listed there.
        fence(Ordering::SeqCst);
        let is_served = self.searching.load(Ordering::Relaxed) > 0;
        if self.is_closed() || is_served || !roster.ready.iter().any(|ring| ring.has_work()) {
            return WakeOne::Nobody;
        }
        if roster.runnable(&self.blocked) >= quota.runnable_max {
            return WakeOne::Held;
        }
        if let Some(worker) = roster.idle.pop() {
            self.searching.fetch_add(1, Ordering::Relaxed);
            return WakeOne::Wake(worker);
        }
        let workers = roster.workers.saturating_sub(quota.abandoned);
        let may_start = !roster.barred && workers < quota.workers_max;
        if may_start && u64::from(workers) <= in_flight() {
            roster.workers += 1;
            self.searching.fetch_add(1, Ordering::Relaxed);
            return WakeOne::Start;
        }
        WakeOne::Nobody
    }

    /// Another worker searches, if not `max` do already. A moment of one too many does no harm.
    pub(crate) fn begin_search(&self, max: u32) -> bool {
        let may = self.searching.load(Ordering::Relaxed) < max;
        if may {
            self.searching.fetch_add(1, Ordering::Relaxed);
        }
        may
    }

    /// A worker has found something. Says whether nobody else searches now.
    pub(crate) fn end_search(&self) -> bool {
        self.searching.fetch_sub(1, Ordering::Relaxed) == 1
    }

    /// A worker is about to sleep in a call, or found to. Says whether listed work may want another one.
    pub(crate) fn block(&self) -> bool {
        self.blocked.fetch_add(1, Ordering::Relaxed);
        // Pairs with the fence in `rouse` and B4: either they see the count above, or what was listed is seen here.
        fence(Ordering::SeqCst);
        self.listed.load(Ordering::Relaxed) > 0
    }

    /// The call is over.
    pub(crate) fn unblock(&self) {
        self.blocked.fetch_sub(1, Ordering::Relaxed);
    }

    /// A worker that has found nothing, or must not run, parks. `was_searching`: it stops to.
    pub(crate) fn park(&self, worker: &Arc<S>, was_searching: bool, quota: Quota) -> Parked {
        let mut roster = lock(&self.roster);
        if was_searching {
            self.searching.fetch_sub(1, Ordering::Relaxed);
        }
        // B4: pairs with B1, and with the fence in `block`.
        fence(Ordering::SeqCst);
        if self.is_closed()
            || !worker.stays() && roster.workers.saturating_sub(quota.abandoned) > quota.workers_max
        {
            roster.workers -= 1;
            return Parked::Leave;
        }
        // B5
        let has_work = self.sweep(&mut roster);
        let is_superfluous = roster.runnable(&self.blocked) > quota.runnable_max;
        if has_work && !is_superfluous {
            self.searching.fetch_add(1, Ordering::Relaxed);
            return Parked::Search;
        }
        // B6
        roster.idle.push(Arc::clone(worker));
        if has_work { Parked::Superfluous } else { Parked::Idle }
    }

    /// Whether any listed ring has work; those without are taken off.
    fn sweep(&self, roster: &mut Roster<P, S>) -> bool {
        roster.ready.retain(|ring| self.keep(ring));
        !roster.ready.is_empty()
    }

    /// A worker that nobody called within its time ends, unless somebody has called it meanwhile.
    pub(crate) fn retire(&self, worker: &Arc<S>) -> bool {
        let mut roster = lock(&self.roster);
        let Some(at) = roster.idle.iter().position(|idle| Arc::ptr_eq(idle, worker)) else { return false };
        roster.idle.remove(at);
        roster.workers -= 1;
        true
    }

    /// A thread that was counted could not be started, or has died while `was_searching`.
    pub(crate) fn lose(&self, was_searching: bool) {
        let mut roster = lock(&self.roster);
        roster.workers -= 1;
        if was_searching {
            self.searching.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Whether threads must not be asked for from now on, although there is work for them.
    pub(crate) fn bar(&self, is_barred: bool) {
        lock(&self.roster).barred = is_barred;
    }

    /// Counts the first worker, which `start` starts itself.
    pub(crate) fn first(&self) {
        lock(&self.roster).workers += 1;
        self.searching.fetch_add(1, Ordering::Relaxed);
    }

    /// A worker that has died in a call is followed by another one in its place.
    pub(crate) fn succeed(&self) {
        self.searching.fetch_add(1, Ordering::Relaxed);
    }

    /// The idle workers above the limit, who are to be called: they will find that they are to leave.
    pub(crate) fn call_superfluous(&self, workers_max: u32) -> Vec<Arc<S>> {
        let mut roster = lock(&self.roster);
        let mut too_many = roster.workers.saturating_sub(workers_max);
        let mut called = Vec::new();
        roster.idle.retain(|worker| {
            let is_called = too_many > 0 && !worker.stays();
            if is_called {
                too_many -= 1;
                called.push(Arc::clone(worker));
            }
            !is_called
        });
        self.searching.fetch_add(u32::try_from(called.len()).unwrap_or(u32::MAX), Ordering::Relaxed);
        called
    }
}
