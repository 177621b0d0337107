//! What all threads of one soak share.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use std::time::Duration;

use syslet::{Engine, Waker};

use super::entry::Entry;
use super::scratch::Scratch;

/// One engine, its rings' tables, and what is to become of them.
#[derive(Debug)]
pub(super) struct World {
    pub(super) engine: Engine,
    pub(super) scratch: Scratch,
    pub(super) seats: Vec<Seat>,
    /// Rings are to finish what they have begun.
    pub(super) stops: AtomicBool,
    /// The engine is closed beside the rings.
    pub(super) closes: AtomicBool,
    /// Limits are not changed any more; locked while they are.
    pub(super) is_calm: Mutex<bool>,
    /// Threads are refused with this probability, in 256ths.
    pub(super) refusals: Arc<AtomicU32>,
    /// Calls of rings that were dropped.
    pub(super) graveyard: Mutex<Vec<Entry>>,
    pub(super) tally: Mutex<Tally>,
    /// Grows with every completion.
    pub(super) moves: AtomicU64,
    failure: Mutex<Option<String>>,
}

/// One ring as others see it.
#[derive(Debug, Default)]
pub(super) struct Seat {
    /// Calls without a completion so far.
    pub(super) table: Mutex<HashMap<u64, Entry>>,
    pub(super) waker: Mutex<Option<Waker>>,
    /// What its thread does.
    pub(super) doing: Mutex<&'static str>,
}

/// What was done.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Completions, and hidden successes, of each kind of call.
    pub calls: BTreeMap<&'static str, u64>,
    /// Calls whose completion was hidden.
    pub hidden: u64,
    /// Calls that the engine's end kept from running.
    pub cancelled: u64,
    /// Calls refused because something was full.
    pub full: u64,
    /// Rings dropped with calls in flight.
    pub drops: u64,
    /// Calls in flight in those.
    pub dropped_calls: u64,
    /// Engines started and closed.
    pub engines: u64,
    /// The most workers seen at once.
    pub workers_max: u32,
    /// Threads whose start was refused.
    pub spawns_refused: u64,
    /// How long it took.
    pub duration: Duration,
}

impl Tally {
    /// Adds what another one has counted.
    pub(super) fn add(&mut self, other: &Tally) {
        for (name, count) in &other.calls {
            *self.calls.entry(name).or_default() += count;
        }
        self.hidden += other.hidden;
        self.cancelled += other.cancelled;
        self.full += other.full;
        self.drops += other.drops;
        self.dropped_calls += other.dropped_calls;
        self.engines += other.engines;
        self.workers_max = self.workers_max.max(other.workers_max);
        self.spawns_refused += other.spawns_refused;
    }
}

impl World {
    pub(super) fn new(engine: Engine, scratch: Scratch, rings: usize, refusals: Arc<AtomicU32>) -> World {
        World {
            engine,
            scratch,
            seats: (0..rings).map(|_| Seat::default()).collect(),
            stops: AtomicBool::new(false),
            closes: AtomicBool::new(false),
            is_calm: Mutex::new(false),
            refusals,
            graveyard: Mutex::new(Vec::new()),
            tally: Mutex::new(Tally::default()),
            moves: AtomicU64::new(0),
            failure: Mutex::new(None),
        }
    }

    /// Something is wrong; the first that says so is heard.
    pub(super) fn fail(&self, reason: String) {
        lock(&self.failure).get_or_insert(reason);
        self.stops.store(true, Ordering::Relaxed);
    }

    pub(super) fn failure(&self) -> Option<String> {
        lock(&self.failure).clone()
    }

    /// Keeps what the engine has counted itself.
    pub(super) fn tally_stats(&self) {
        lock(&self.tally).spawns_refused = self.engine.stats().spawns_refused;
    }

    pub(super) fn stops(&self) -> bool {
        self.stops.load(Ordering::Relaxed)
    }

    pub(super) fn closes(&self) -> bool {
        self.closes.load(Ordering::Relaxed)
    }

    /// What every ring waits for.
    pub(super) fn describe(&self) -> String {
        let seats = self.seats.iter().enumerate().map(|(index, seat)| {
            let table = lock(&seat.table);
            let calls = table.iter().map(|(user_data, entry)| {
                let Entry { name, flags, owes, .. } = entry;
                format!("\n    {user_data:#x} {name} {flags:?} owes {owes} for {:?}", entry.pushed.elapsed())
            });
            let calls: String = calls.collect();
            format!("  ring {index}: {}, {} calls{calls}\n", *lock(&seat.doing), table.len())
        });
        let seats: String = seats.collect();
        format!("{:?}\n{seats}", self.engine.stats())
    }
}

/// Locks; a thread that panicked has failed the soak already.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls: u64 = self.calls.values().sum();
        let seconds = self.duration.as_secs_f64();
        self.calls.iter().try_for_each(|(name, count)| writeln!(f, "{name:<16}{count:>12}"))?;
        writeln!(f, "{:<16}{calls:>12}, {:.0} per second", "all", calls as f64 / seconds)?;
        let Tally { hidden, cancelled, full, drops, dropped_calls, .. } = self;
        writeln!(f, "hidden successes {hidden}, cancelled by a close {cancelled}, refused as full {full}")?;
        writeln!(f, "rings dropped {drops}, with {dropped_calls} calls in flight")?;
        let Tally { engines, workers_max, spawns_refused, .. } = self;
        writeln!(f, "engines {engines}, workers at most {workers_max}, spawns refused {spawns_refused}")
    }
}
