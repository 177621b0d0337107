//! A worker's life: find work, run it, look around, park.
#![allow(unsafe_code, reason = "uses the desk that belongs to this thread")]

use std::sync::Arc;

use crate::pool::Pool;
use crate::pool::scheduler::{Parked, Sleeper};
use crate::pool::worker::local::WorkerLocal;
use crate::pool::worker::spin::Spin;
use crate::pool::worker::worker::Worker;

/// Lives until the pool is closed, or the worker has had nothing to do for long enough.
pub(crate) fn live(pool: &Pool, worker: &Arc<Worker>) {
    // SAFETY: this is the worker's thread, and the only reference it makes.
    let local = unsafe { worker.local() };
    local.sit(worker.maker());
    let mut spin = Spin::new(pool.limits.spin_ns);
    // Whoever starts or wakes a worker counts it as searching.
    let mut searching = true;
    loop {
        if local.find(pool) {
            if std::mem::take(&mut searching) && pool.scheduler.end_search() {
                local.ring().inspect(|ring| pool.fan_out(ring));
            }
            let was_blocked = local.work(pool, &worker.stats);
            if was_blocked && pool.is_crowded() && !park(pool, worker, local, &mut searching) {
                return;
            }
            continue;
        }
        if !searching && pool.begin_search() {
            searching = true;
            continue;
        }
        let seen = pool.scheduler.news();
        if searching && spin.until(|| local.has_work() || pool.scheduler.news() != seen) {
            continue;
        }
        if !park(pool, worker, local, &mut searching) {
            return;
        }
    }
}

/// Parks until called; false when the worker is to end.
fn park(pool: &Pool, worker: &Arc<Worker>, local: &mut WorkerLocal, searching: &mut bool) -> bool {
    local.leave();
    let parked = pool.scheduler.park(worker, std::mem::take(searching), pool.limits.quota());
    match parked {
        Parked::Leave => return false,
        Parked::Search => {}
        Parked::Idle => {
            if !sleep(pool, worker) {
                return false;
            }
        }
        Parked::Superfluous => {
            pool.watch_closely();
            if !sleep(pool, worker) {
                return false;
            }
        }
    }
    // Should the system not have had room for its timer.
    local.sit(worker.maker());
    *searching = true;
    true
}

/// Sleeps until called; false when nobody has for so long that the worker retires.
fn sleep(pool: &Pool, worker: &Arc<Worker>) -> bool {
    let timeout = (!worker.stays()).then_some(pool.limits.idle);
    // Who is no longer on the idle list has been chosen, and is called any moment.
    worker.sleep(timeout) || !pool.scheduler.retire(worker) && worker.sleep(None)
}
