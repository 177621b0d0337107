//! A soak: many rings make calls of all kinds while limits change, threads are refused and rings are dropped; every
//! submission must get exactly the completion that is its own.
//!
//! What a ring does follows from the seed. What the threads do to each other does not.

mod bytes;
mod call;
mod debt;
mod door;
mod draw;
mod entry;
mod pay;
mod player;
mod poll;
mod rescue;
mod scratch;
mod settled;
mod stopped;
mod turmoil;
mod wait;
mod watchdog;
mod world;

use std::os::fd::RawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use syslet::{Config, Engine, Errno, NonBlocking};

pub use world::Tally;

use scratch::Scratch;

use crate::pause::pause;
use world::{World, lock};

/// How long, and with which chances.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// No engine is started after so long.
    pub duration: Duration,
    /// Whatever is chosen by chance follows from it.
    pub seed: u64,
}

/// Rings at once, each with its thread.
const RINGS: usize = 8;
/// One engine is used for at most so long.
const LIFE: Duration = Duration::from_secs(4);
/// Closing takes no longer when every call ends.
const CLOSE_PATIENCE: Duration = Duration::from_secs(60);

/// Soaks one engine after the other.
///
/// # Errors
/// What went wrong. When calls hang, the process ends with 1 instead.
pub fn soak(settings: Settings) -> Result<Tally, String> {
    settled::raise_descriptor_limit().map_err(|error| error.to_string())?;
    let began = Instant::now();
    let mut rng = Rng::with_seed(settings.seed);
    let mut tally = Tally::default();
    while tally.engines == 0 || began.elapsed() < settings.duration {
        let left = settings.duration.saturating_sub(began.elapsed());
        let what = format!("seed {}, engine {}", settings.seed, tally.engines);
        let lived = live(&mut rng, left.min(LIFE), &what).map_err(|fault| format!("{what}: {fault}"))?;
        tally.add(&lived);
        tally.engines += 1;
    }
    tally.duration = began.elapsed();
    Ok(tally)
}

/// One engine from start to close.
fn live(rng: &mut Rng, duration: Duration, what: &str) -> Result<Tally, String> {
    let before = settled::descriptors()?;
    let refusals = Arc::new(AtomicU32::new(0));
    let engine = Engine::start(config(rng, &refusals)).map_err(|error| format!("no engine: {error}"))?;
    let scratch = Scratch::new(rng.u64(..)).map_err(|error| error.to_string())?;
    let world = World::new(engine, scratch, RINGS, refusals);
    let seeds: Vec<u64> = (0..=RINGS).map(|_| rng.u64(..)).collect();
    // Half of the engines are closed beside rings that are busy.
    let closes_early = rng.bool();
    let is_closed = AtomicBool::new(false);
    let over = |flag: &AtomicBool| flag.load(Ordering::Acquire);
    thread::scope(|scope| {
        let players = (0..RINGS).map(|index| {
            let (world, seed) = (&world, seeds[index]);
            scope.spawn(move || player::play(world, index, seed).unwrap_or_else(|fault| world.fail(fault)))
        });
        let players: Vec<_> = players.collect();
        scope.spawn(|| turmoil::rage(&world, seeds[RINGS], || over(&is_closed)));
        scope.spawn(|| watchdog::watch(&world, what, || over(&is_closed)));
        let began = Instant::now();
        while began.elapsed() < duration && !world.stops() {
            pause(duration.saturating_sub(began.elapsed()).min(Duration::from_millis(20)));
        }
        if closes_early {
            world.closes.store(true, Ordering::SeqCst);
            close(&world);
        }
        world.stops.store(true, Ordering::Relaxed);
        players.into_iter().for_each(|player| {
            player.join().unwrap_or_else(|_| world.fail("a ring's thread panicked".to_owned()));
        });
        world.tally_stats();
        if !closes_early && world.failure().is_none() {
            settled::check(&world).unwrap_or_else(|fault| world.fail(fault));
            close(&world);
        }
        is_closed.store(true, Ordering::Release);
    });
    end(world, &before)
}

fn config(rng: &mut Rng, refusals: &Arc<AtomicU32>) -> Config {
    let attempts = [NonBlocking::Off, NonBlocking::SameNumber, NonBlocking::All, NonBlocking::All];
    let (gate_seed, refusals) = (rng.u64(..), Arc::clone(refusals));
    let asked = AtomicU32::new(0);
    Config::default()
        .workers_max(rng.u32(1..=turmoil::WORKERS_MAX))
        .runnable_max(rng.u32(1..=8))
        .stall(Duration::from_micros(rng.u64(20..2000)))
        .idle(Duration::from_millis(rng.u64(1..50)))
        .spin(Duration::from_micros(rng.u64(..60)))
        .nonblocking(*rng.choice(&attempts).unwrap_or(&NonBlocking::All))
        .spawn_gate(move || {
            let turn = u64::from(asked.fetch_add(1, Ordering::Relaxed));
            let is_refused = Rng::with_seed(gate_seed ^ turn).u32(..256) < refusals.load(Ordering::Relaxed);
            if is_refused { Err(Errno(libc::EAGAIN)) } else { Ok(()) }
        })
}

/// Closes the engine; every call ends, because what it waits for is done for it.
fn close(world: &World) {
    if let Err(unfinished) = world.engine.close(CLOSE_PATIENCE) {
        world.fail(format!("after {CLOSE_PATIENCE:?}: {unfinished}"));
    }
}

/// Looks at what is left of an engine that was closed.
fn end(world: World, before: &[(RawFd, String)]) -> Result<Tally, String> {
    if let Some(failure) = world.failure() {
        // Calls that still run use what the tables hold.
        std::mem::forget(world);
        return Err(failure);
    }
    let stats = world.engine.stats();
    if stats.in_flight != 0 || stats.workers != 0 {
        return Err(format!("closed, and {stats:?}"));
    }
    settled::no_thread_is_left()?;
    let tally = lock(&world.tally).clone();
    drop(world);
    settled::no_descriptor_is_left(before)?;
    Ok(tally)
}
