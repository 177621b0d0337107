//! What calls that sleep cost: many at once, more than there are workers, and an engine that does nothing.

mod crowd;
mod idle;
mod report;
mod system;

use std::time::{Duration, Instant};

use crowd::Crowd;
pub use idle::idle;
pub use report::{Asleep, Idle, Limit, Report};
pub use system::Memory;
use system::{mappings, threads};

/// The calls in nanosleep sleep for so long from the first, at least until all sleep.
const SLEEP_MIN: Duration = Duration::from_secs(5);
/// One call takes no longer to be given its worker.
const START: Duration = Duration::from_millis(2);
/// With more calls than workers, each in nanosleep sleeps for so long.
const NAP: Duration = Duration::from_millis(20);

/// Measures with so many calls asleep, and with twice as many as there are workers.
///
/// # Errors
/// When a call is lost or has a wrong result, or the system does not say what is asked.
pub fn sleepers(count: u32) -> Result<(Asleep, Limit), String> {
    let asleep = all_asleep(count)?;
    let limit = beyond_the_limit(asleep.asleep.min(count))?;
    Ok((asleep, limit))
}

fn all_asleep(count: u32) -> Result<Asleep, String> {
    let text = |error: std::io::Error| error.to_string();
    let mut crowd = Crowd::new(count.saturating_add(1), count)?;
    let (before, mappings_before) = (Memory::now().map_err(text)?, mappings().map_err(text)?);
    let began = Instant::now();
    crowd.submit(SLEEP_MIN + START * count)?;
    crowd.wait_blocked(count)?;
    let until_asleep = began.elapsed();
    crowd.wait_asleep(count)?;
    let grown = Memory::now().map_err(text)?.since(before);
    let (threads, mappings) = (threads().map_err(text)?, mappings().map_err(text)?);
    let began = Instant::now();
    let waiters = count / 2;
    let called = crowd.wake();
    let woken = crowd.collect(waiters)?;
    let until_woken = began.elapsed();
    crowd.collect(count - waiters)?;
    if crowd.in_flight() != 0 {
        return Err(format!("{} calls are left", crowd.in_flight()));
    }
    let stats = crowd.engine.stats();
    crowd.close()?;
    Ok(Asleep {
        count,
        asleep: count,
        grown,
        threads,
        mappings,
        mappings_before,
        until_asleep,
        until_woken,
        called,
        woken,
        spawns_refused: stats.spawns_refused,
        bounds: system::bounds(),
    })
}

fn beyond_the_limit(workers_max: u32) -> Result<Limit, String> {
    let calls = workers_max * 2;
    let mut crowd = Crowd::new(workers_max, calls)?;
    let began = Instant::now();
    crowd.submit(NAP)?;
    // All workers sleep; as many calls are queued, or have been.
    crowd.wait_blocked(workers_max)?;
    let stats = crowd.engine.stats();
    crowd.wake();
    crowd.collect(calls)?;
    let duration = began.elapsed();
    let left = crowd.in_flight();
    crowd.close()?;
    if left != 0 || stats.workers > workers_max {
        return Err(format!("{left} calls are left, {workers_max} workers at most, and {stats:?}"));
    }
    Ok(Limit { workers_max, calls, queued: stats.in_flight.saturating_sub(stats.blocked.into()), duration })
}
