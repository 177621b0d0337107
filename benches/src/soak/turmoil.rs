//! What happens beside the rings: limits change, threads are refused, waits are ended, calls of dropped rings are
//! brought to an end.

use std::sync::atomic::Ordering;
use std::time::Duration;

use fastrand::Rng;

use super::entry::Entry;
use super::world::{World, lock};
use crate::pause::pause;

/// No engine of the soak ever has more workers.
pub(super) const WORKERS_MAX: u32 = 64;
/// Mostly the limit is chosen up to this.
const WORKERS: u32 = 32;
const RUNNABLE_MAX: u32 = 8;
/// Between two looks.
const TICK: Duration = Duration::from_millis(2);

/// Goes on until nothing has to be rescued any more.
pub(super) fn rage(world: &World, seed: u64, is_over: impl Fn() -> bool) {
    let mut rng = Rng::with_seed(seed);
    while !is_over() {
        let is_calm = lock(&world.is_calm);
        if !*is_calm && let Err(fault) = shake(world, &mut rng) {
            world.fail(fault);
        }
        drop(is_calm);
        rescue(world);
        // Between two shakes others are to do something; nothing depends on how long that is.
        pause(TICK);
    }
    world.refusals.store(0, Ordering::Relaxed);
}

fn shake(world: &World, rng: &mut Rng) -> Result<(), String> {
    match rng.u8(..12) {
        0 => set(world.engine.set_workers_max(rng.u32(1..=WORKERS)))?,
        // Now and then there is room for whatever waits.
        1 => set(world.engine.set_workers_max(WORKERS_MAX))?,
        2 => set(world.engine.set_runnable_max(rng.u32(1..=RUNNABLE_MAX)))?,
        3 => world.refusals.store(*rng.choice(&[0, 0, 30, 128, 250]).unwrap_or(&0), Ordering::Relaxed),
        4..=7 => {
            let waker = rng.choice(&world.seats).and_then(|seat| lock(&seat.waker).clone());
            waker.inspect(syslet::Waker::wake);
        }
        _ => {}
    }
    let stats = world.engine.stats();
    if stats.workers > WORKERS_MAX || stats.idle > stats.workers {
        return Err(format!("at most {WORKERS_MAX} workers, and {stats:?}"));
    }
    let mut tally = lock(&world.tally);
    tally.workers_max = tally.workers_max.max(stats.workers);
    Ok(())
}

fn set(done: Result<(), syslet::LimitError>) -> Result<(), String> {
    done.map_err(|error| error.to_string())
}

/// Ends calls that nobody waits for any more; once the engine is being closed, all calls.
fn rescue(world: &World) {
    let all = |entry: &Entry| entry.rescues.iter().for_each(super::rescue::Rescue::perform);
    lock(&world.graveyard).iter().for_each(all);
    if world.closes() {
        world.seats.iter().for_each(|seat| lock(&seat.table).values().for_each(all));
    }
}
