//! The scheduler: the list of rings with work, the idle workers, and the counts that decide whether a worker is woken
//! or started. Called by publishers (through the pool), by workers and by the monitor. Steps in comments (B1 …) are
//! those of specs/pool.md.

#[cfg(test)]
#[cfg(not(syslet_loom))]
mod tests;

use std::collections::VecDeque;

use crate::sys::sync::{Arc, AtomicBool, AtomicU32, Mutex, Ordering, fence, lock};

/// A source of work: one ring, as the pool's threads serve it.
pub(crate) trait Work {
    /// Whether the ring is on the ready list. It is written under the scheduler's lock.
    fn listed(&self) -> &AtomicBool;

    /// Whether a worker would find work in the ring.
    fn has_work(&self) -> bool;
}

/// A thread that parks: a worker.
pub(crate) trait Sleeper {
    /// Ends the worker's sleep.
    fn call(&self);

    /// Whether the worker never retires.
    fn stays(&self) -> bool;
}

/// All that the pool's decisions are made of.
#[derive(Debug)]
pub(crate) struct Scheduler<P, S> {
    /// Workers that look for work. While the count is not 0, published work needs no wake-up.
    searching: AtomicU32,
    /// Workers in a call that sleeps, as far as is known.
    blocked: AtomicU32,
    /// How many rings are listed. It is read without the lock.
    listed: AtomicU32,
    /// Grows when a ring is listed.
    news: AtomicU32,
    /// Whether the pool is closed: no ring is listed any more. It is written under the lock.
    closed: AtomicBool,
    roster: Mutex<Roster<P, S>>,
}

#[derive(Debug)]
struct Roster<P, S> {
    /// A ring is taken from the front, and goes to the back when it is served.
    ready: VecDeque<Arc<P>>,
    /// A stack: the last worker to park is the first to be woken, because its caches are the warmest. The others can
    /// retire.
    idle: Vec<Arc<S>>,
    /// Threads that exist, and threads that were asked for.
    workers: u32,
    /// Whether no thread is asked for: the system has just refused one.
    barred: bool,
}

/// The limits on the number of workers, at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quota {
    pub(crate) workers_max: u32,
    pub(crate) runnable_max: u32,
    /// Workers in abandoned calls. Each of them may have another worker in its place.
    pub(crate) abandoned: u32,
}

/// The step that follows for listed work, once the lock is released.
#[derive(Debug)]
#[must_use]
pub(crate) enum WakeOne<S> {
    /// None: a worker searches already, nothing is listed, or no other worker is allowed.
    Nothing,
    /// Wake this worker.
    Wake(Arc<S>),
    /// Start a thread. It is counted already.
    Start,
    /// None: as many workers run as may, or as there may be. The monitor has to watch whether they get stuck.
    Held,
    /// None: all workers that there may be are blocked. The reserve does of the work as much as cannot block.
    Exhausted,
}

/// The next step of a worker that parks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub(crate) enum Parked {
    /// Sleep until called. The worker is on the idle list.
    Idle,
    /// Sleep until called, although work is listed: enough other workers run. The monitor has to watch those.
    Superfluous,
    /// Search again: work was published meanwhile.
    Search,
    /// End: the pool is closed, or has more workers than its limit.
    Leave,
}

/// The numbers of workers by state.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Count {
    pub(crate) workers: u32,
    pub(crate) idle: u32,
    pub(crate) blocked: u32,
}

impl<P, S> Roster<P, S> {
    /// Workers that count against the limit.
    fn counted(&self, quota: Quota) -> u32 {
        self.workers.saturating_sub(quota.abandoned)
    }

    /// Whether the limit and the system let another worker be started.
    fn may_start(&self, quota: Quota) -> bool {
        !self.barred && self.counted(quota) < quota.workers_max
    }

    /// Workers that run or are about to. The load of `blocked` may be relaxed: the fence of [`Scheduler::wake_one`]
    /// or [`Scheduler::park`] before it pairs with the fence of [`Scheduler::block`], so where the count is too old
    /// to be seen here, the blocking worker sees the listed ring and calls `wake_one` itself.
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

    /// Closes the list: work published from now on is ended by its publisher. Returns the idle workers, which the
    /// caller has to wake.
    pub(crate) fn close(&self) -> Vec<Arc<S>> {
        let mut roster = lock(&self.roster);
        self.closed.store(true, Ordering::Relaxed);
        for ring in roster.ready.drain(..) {
            ring.listed().store(false, Ordering::Relaxed);
        }
        self.listed.store(0, Ordering::Relaxed);
        let idle = std::mem::take(&mut roster.idle);
        // Pairs with B1, the fence of `announce`: it stands between this store of `closed` and the closer's later
        // look into the rings, as B1 stands between the publisher's record and its load of `closed`. So the closer
        // finds the record, or the publisher finds the scheduler closed. Without the fences both could miss, and the
        // call would never end.
        fence(Ordering::SeqCst);
        // A worker that is woken counts as searching.
        self.searching.fetch_add(u32::try_from(idle.len()).unwrap_or(u32::MAX), Ordering::Relaxed);
        idle
    }

    /// Whether work is listed while no worker searches.
    pub(crate) fn is_waiting(&self) -> bool {
        self.is_left_alone(&lock(&self.roster))
    }

    /// Whether work is listed while no worker searches, and a worker runs that could get stuck before it comes back
    /// for the work.
    pub(crate) fn is_at_risk(&self) -> bool {
        let roster = lock(&self.roster);
        self.is_left_alone(&roster) && roster.runnable(&self.blocked) > 0
    }

    fn is_left_alone(&self, roster: &Roster<P, S>) -> bool {
        self.searching.load(Ordering::Relaxed) == 0 && roster.ready.iter().any(|ring| ring.has_work())
    }

    /// Whether the pool is closed, so that no worker takes work any more. Asked after [`Scheduler::announce`] it
    /// misses nothing: the fence there (B1) pairs with the one in [`Scheduler::close`].
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
    /// Whether all workers are idle.
    pub(crate) fn is_idle(self) -> bool {
        self.idle == self.workers
    }

    /// Whether more workers run than the limit allows.
    pub(crate) fn is_crowded(self, quota: Quota) -> bool {
        self.workers.saturating_sub(self.idle + self.blocked) > quota.runnable_max
    }
}

impl<P: Work, S: Sleeper> Scheduler<P, S> {
    /// Makes published work known. Returns whether a worker has to be woken for it.
    pub(crate) fn announce(&self, ring: &Arc<P>) -> bool {
        // B1: stands between the publisher's store of the record and its loads of `listed`, `searching` (B3) and
        // `closed`. Pairs with B4 (the fence of `park`: `searching` goes down, then the rings are looked at), with
        // the fence of `keep` (`listed` is cleared, then the ring is looked at) and with that of `close`. In each
        // pair one side sees the other's store. Without it a worker could park, or a ring leave the list, while the
        // publisher still sees it there: the call would be forgotten (POOL-10).
        fence(Ordering::SeqCst);
        if !ring.listed().load(Ordering::Relaxed) {
            self.list(ring);
        }
        // B3. Relaxed: B1 orders it after the record.
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

    /// The next ring with work, in turn. The ring that the caller has served `last` comes after the others with work.
    pub(crate) fn next(&self, last: Option<&P>) -> Option<Arc<P>> {
        if self.listed.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let mut roster = lock(&self.roster);
        let front = roster.ready.front();
        if front.is_some_and(|front| last.is_some_and(|last| std::ptr::eq(&raw const **front, last))) {
            // It went to the back when it was served; the others were listed later.
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

    /// Whether a listed ring still has work. If not, it leaves the list. The caller holds the lock.
    pub(crate) fn keep(&self, ring: &P) -> bool {
        if ring.has_work() {
            return true;
        }
        ring.listed().store(false, Ordering::Relaxed);
        // Pairs with B1, the fence of `announce`: it stands between the store of `listed` = false above and the look
        // at the ring below, as B1 stands between the publisher's record and its load of `listed`. So the record is
        // seen below, or the publisher sees the ring off the list and lists it. Without it the ring could hold a call
        // and be on no list.
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

    /// Whether a worker looks for work; a glance.
    pub(crate) fn is_searched(&self) -> bool {
        self.searching.load(Ordering::Relaxed) > 0
    }

    /// Changes whenever a ring is listed.
    pub(crate) fn news(&self) -> u32 {
        self.news.load(Ordering::Relaxed)
    }
}

impl<P: Work, S: Sleeper> Scheduler<P, S> {
    /// Chooses the worker that takes listed work, if another one is wanted. `in_flight` is evaluated only before a
    /// thread is started.
    pub(crate) fn wake_one(&self, quota: Quota, in_flight: impl FnOnce() -> u64) -> WakeOne<S> {
        let mut roster = lock(&self.roster);
        // Pairs with the fence of `block`: it stands between the listing of the ring (`listed`, by this thread or
        // before it) and the load of `blocked` in `runnable`, as the other stands between the increment of `blocked`
        // and the load of `listed`. So this thread sees the worker blocked, or the worker sees the ring listed and
        // calls this. Without it the work could wait for the blocked worker (POOL-14).
        fence(Ordering::SeqCst);
        let is_served = self.searching.load(Ordering::Relaxed) > 0;
        if self.is_closed() || is_served || !roster.ready.iter().any(|ring| ring.has_work()) {
            return WakeOne::Nothing;
        }
        if roster.runnable(&self.blocked) >= quota.runnable_max {
            return WakeOne::Held;
        }
        if let Some(worker) = roster.idle.pop() {
            self.searching.fetch_add(1, Ordering::Relaxed);
            return WakeOne::Wake(worker);
        }
        let may_start = roster.may_start(quota);
        if may_start && u64::from(roster.counted(quota)) <= in_flight() {
            roster.workers += 1;
            self.searching.fetch_add(1, Ordering::Relaxed);
            return WakeOne::Start;
        }
        match roster.runnable(&self.blocked) {
            _ if may_start => WakeOne::Nothing,
            0 => WakeOne::Exhausted,
            _ => WakeOne::Held,
        }
    }

    /// Whether all workers that there may be are blocked.
    pub(crate) fn is_exhausted(&self, quota: Quota) -> bool {
        let roster = lock(&self.roster);
        !roster.may_start(quota) && roster.idle.is_empty() && roster.runnable(&self.blocked) == 0
    }

    /// The listed rings.
    pub(crate) fn rings(&self) -> Vec<Arc<P>> {
        lock(&self.roster).ready.iter().map(Arc::clone).collect()
    }

    /// Counts another worker as searching, unless `max` do already. One too many for a moment does no harm, so load
    /// and addition are apart.
    pub(crate) fn begin_search(&self, max: u32) -> bool {
        let may = self.searching.load(Ordering::Relaxed) < max;
        if may {
            self.searching.fetch_add(1, Ordering::Relaxed);
        }
        may
    }

    /// A worker has found work. Returns whether no other worker searches now.
    pub(crate) fn end_search(&self) -> bool {
        self.searching.fetch_sub(1, Ordering::Relaxed) == 1
    }

    /// A worker is about to sleep in a call, or was found asleep. Returns whether a ring is listed: its work may want
    /// another worker.
    pub(crate) fn block(&self) -> bool {
        self.blocked.fetch_add(1, Ordering::Relaxed);
        // Pairs with the fences of `wake_one` and `park` (B4): it stands between the increment of `blocked` above and
        // the load of `listed` below; there the load of `blocked` in `runnable` follows the fence. So one of those
        // threads sees the increment, or this one sees the listed ring. Without it a listed call could wait until
        // this worker's call is over (POOL-14).
        fence(Ordering::SeqCst);
        self.listed.load(Ordering::Relaxed) > 0
    }

    /// The worker's call is over: it runs again.
    pub(crate) fn unblock(&self) {
        self.blocked.fetch_sub(1, Ordering::Relaxed);
    }

    /// Parks a worker that has found nothing, or that must not run. `was_searching`: it counts as searching until
    /// now.
    pub(crate) fn park(&self, worker: &Arc<S>, was_searching: bool, quota: Quota) -> Parked {
        let mut roster = lock(&self.roster);
        if was_searching {
            self.searching.fetch_sub(1, Ordering::Relaxed);
        }
        // B4: stands between the decrement of `searching` above and the look at the rings in `sweep` (B5). Pairs with
        // B1, the fence of `announce` between the record and the load of `searching`: the worker sees the record, or
        // the publisher sees one searcher less and calls `wake_one`. Pairs also with the fence of `block`, for the
        // load of `blocked` in `runnable` below. Without it the worker could sleep while the publisher counts on it.
        fence(Ordering::SeqCst);
        if self.is_closed() || !worker.stays() && roster.counted(quota) > quota.workers_max {
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

    /// Whether any listed ring has work. Rings without work are taken off the list.
    fn sweep(&self, roster: &mut Roster<P, S>) -> bool {
        roster.ready.retain(|ring| self.keep(ring));
        !roster.ready.is_empty()
    }

    /// Ends a worker that was not called within its time. Returns false where it is not on the idle list any more: it
    /// was chosen, and is about to be called.
    pub(crate) fn retire(&self, worker: &Arc<S>) -> bool {
        let mut roster = lock(&self.roster);
        let Some(at) = roster.idle.iter().position(|idle| Arc::ptr_eq(idle, worker)) else { return false };
        roster.idle.remove(at);
        roster.workers -= 1;
        true
    }

    /// A thread that was counted could not be started, or has died. `was_searching`: it counted as searching.
    pub(crate) fn lose(&self, was_searching: bool) {
        let mut roster = lock(&self.roster);
        roster.workers -= 1;
        if was_searching {
            self.searching.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Sets whether no thread is asked for from now on, although work wants one.
    pub(crate) fn bar(&self, is_barred: bool) {
        lock(&self.roster).barred = is_barred;
    }

    /// Counts the first worker, which the monitor starts without a request.
    pub(crate) fn first(&self) {
        lock(&self.roster).workers += 1;
        self.searching.fetch_add(1, Ordering::Relaxed);
    }

    /// A worker that has died in a call is replaced by another one, which searches. The count of workers stays.
    pub(crate) fn succeed(&self) {
        self.searching.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes the idle workers above the limit off the idle list. The caller wakes them; they find on parking that
    /// they have to end.
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
