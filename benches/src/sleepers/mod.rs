//! What calls that sleep cost: many at once, more than there are workers, and an engine that does nothing.

mod crowd;
mod idle;
mod report;
mod system;

use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};

use crate::pause::pause;
use crowd::Crowd;
pub use idle::idle;
pub use report::{Asleep, Idle, Limit, Report};
pub use system::Memory;
use system::mappings;
pub(crate) use system::threads;

/// The calls in nanosleep sleep for so long from the first, at least until all sleep.
const SLEEP_MIN: Duration = Duration::from_secs(5);
/// For so long the CPU time is measured while all sleep.
const IDLE: Duration = Duration::from_secs(1);
/// One call takes no longer to be given its worker.
const START: Duration = Duration::from_millis(2);
/// With more calls than workers, each in nanosleep sleeps for so long.
const NAP: Duration = Duration::from_millis(20);

/// What the calls do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Half is in nanosleep, half waits on a futex.
    Mixed,
    /// A recv of one byte, each from a TCP connection of its own over loopback.
    Recv,
    /// Each in nanosleep.
    Nanosleep,
    /// All wait on one futex word.
    Futex,
}

/// Every kind by its name; the first is what is measured when none is asked for.
pub const KINDS: &[(&str, Kind)] =
    &[("mixed", Kind::Mixed), ("recv", Kind::Recv), ("nanosleep", Kind::Nanosleep), ("futex", Kind::Futex)];

/// Measures with so many calls asleep, and with twice as many as there are workers.
///
/// # Errors
/// When a call is lost or has a wrong result, or the system does not say what is asked.
pub fn sleepers(kind: Kind, count: u32) -> Result<(Asleep, Limit), String> {
    let asleep = all_asleep(kind, count)?;
    // Connections take descriptors, so there are no more of them.
    let workers_max = if kind == Kind::Recv { count / 2 } else { count };
    let limit = beyond_the_limit(kind, workers_max)?;
    Ok((asleep, limit))
}

fn all_asleep(kind: Kind, count: u32) -> Result<Asleep, String> {
    let text = |error: std::io::Error| error.to_string();
    let mut crowd = Crowd::new(kind, count.saturating_add(1), count)?;
    let (before, mappings_before) = (Memory::now().map_err(text)?, mappings().map_err(text)?);
    let began = Instant::now();
    crowd.submit(SLEEP_MIN + IDLE + START * count)?;
    crowd.wait_blocked(count)?;
    let until_asleep = began.elapsed();
    crowd.wait_asleep()?;
    let idle_cpu = idle_cpu()?;
    let grown = Memory::now().map_err(text)?.since(before);
    let (threads, mappings) = (threads().map_err(text)?, mappings().map_err(text)?);
    let began = Instant::now();
    let waiters = crowd.waiters();
    let called = crowd.wake()?;
    let woken = crowd.collect(waiters)?;
    let until_woken = began.elapsed();
    crowd.collect(count - waiters)?;
    if crowd.in_flight() != 0 {
        return Err(format!("{} calls are left", crowd.in_flight()));
    }
    let stats = crowd.engine.stats();
    crowd.close()?;
    Ok(Asleep {
        kind,
        count,
        asleep: count,
        grown,
        threads,
        mappings,
        mappings_before,
        idle_cpu,
        until_asleep,
        until_woken,
        called,
        woken,
        spawns_refused: stats.spawns_refused,
        bounds: system::bounds(),
    })
}

/// The CPU time of this process while this thread sleeps for some time, in parts of that time.
fn idle_cpu() -> Result<f64, String> {
    let cpu =
        || clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).map(Duration::from).map_err(|e| e.to_string());
    let (began, cpu_began) = (Instant::now(), cpu()?);
    pause(IDLE);
    let took = cpu()?.saturating_sub(cpu_began);
    Ok(took.as_secs_f64() / began.elapsed().as_secs_f64())
}

fn beyond_the_limit(kind: Kind, workers_max: u32) -> Result<Limit, String> {
    let calls = workers_max * 2;
    let mut crowd = Crowd::new(kind, workers_max, calls)?;
    let began = Instant::now();
    crowd.submit(NAP)?;
    // All workers sleep; as many calls are queued, or have been.
    crowd.wait_blocked(workers_max)?;
    let stats = crowd.engine.stats();
    crowd.wake()?;
    crowd.collect(calls)?;
    let duration = began.elapsed();
    let left = crowd.in_flight();
    crowd.close()?;
    if left != 0 || stats.workers > workers_max {
        return Err(format!("{left} calls are left, {workers_max} workers at most, and {stats:?}"));
    }
    Ok(Limit {
        workers_max,
        calls,
        queued: stats.in_flight.saturating_sub((stats.blocked + stats.parked).into()),
        duration,
    })
}
