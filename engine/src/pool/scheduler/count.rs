//! Workers: who is brought to work, who looks for it, who parks, and who leaves.

use crate::pool::scheduler::{Parked, Quota, Roster, Scheduler, Sleeper, WakeOne, Work};
use crate::sys::sync::{Arc, Ordering, fence, lock};

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
