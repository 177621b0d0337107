//! A worker's life: find work, run it, look around, park.
#![allow(unsafe_code, reason = "uses the desk that belongs to this thread")]

use std::sync::Arc;

use super::desk::Desk;
use super::seat::Seat;
use super::spin::Spin;
use crate::pool::Pool;
use crate::pool::board::{Parked, Sleeper};

/// Lives until the pool is closed, or the worker has had nothing to do for long enough.
pub(in crate::pool) fn live(pool: &Pool, seat: &Arc<Seat>) {
    // SAFETY: this is the worker's thread, and the only reference it makes.
    let desk = unsafe { seat.desk() };
    desk.sit(seat.maker());
    let mut spin = Spin::new(pool.limits.spin_ns);
    // Whoever starts or wakes a worker counts it as searching.
    let mut searching = true;
    loop {
        if desk.find(pool) {
            if std::mem::take(&mut searching) && pool.board.end_search() {
                desk.port().inspect(|port| pool.fan_out(port));
            }
            let was_blocked = desk.work(pool, &seat.face);
            if was_blocked && pool.is_crowded() && !park(pool, seat, desk, &mut searching) {
                return;
            }
            continue;
        }
        if !searching && pool.begin_search() {
            searching = true;
            continue;
        }
        let seen = pool.board.news();
        if searching && spin.until(|| desk.has_work() || pool.board.news() != seen) {
            continue;
        }
        if !park(pool, seat, desk, &mut searching) {
            return;
        }
    }
}

/// Parks until called; false when the worker is to end.
fn park(pool: &Pool, seat: &Arc<Seat>, desk: &mut Desk, searching: &mut bool) -> bool {
    desk.leave();
    let parked = pool.board.park(seat, std::mem::take(searching), pool.limits.quota());
    match parked {
        Parked::Leave => return false,
        Parked::Search => {}
        Parked::Idle => {
            if !sleep(pool, seat) {
                return false;
            }
        }
        Parked::Superfluous => {
            pool.watch_closely();
            if !sleep(pool, seat) {
                return false;
            }
        }
    }
    // Should the system not have had room for its timer.
    desk.sit(seat.maker());
    *searching = true;
    true
}

/// Sleeps until called; false when nobody has for so long that the worker retires.
fn sleep(pool: &Pool, seat: &Arc<Seat>) -> bool {
    let timeout = (!seat.stays()).then_some(pool.limits.idle);
    // Who is no longer on the idle list has been chosen, and is called any moment.
    seat.sleep(timeout) || !pool.board.retire(seat) && seat.sleep(None)
}
