//! The figures, as text or as JSON.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use super::system::Memory;
use super::{KINDS, Kind};

/// All calls asleep at once.
#[derive(Clone, Debug)]
pub struct Asleep {
    /// What they did.
    pub kind: Kind,
    /// Calls asked for.
    pub count: u32,
    /// Calls that slept.
    pub asleep: u32,
    /// Memory taken since before the first was submitted.
    pub grown: Memory,
    /// Threads of the process meanwhile.
    pub threads: usize,
    /// Mappings of the process meanwhile.
    pub mappings: usize,
    /// Mappings of the process before.
    pub mappings_before: usize,
    /// The CPU time of the process while all slept, in parts of that time.
    pub idle_cpu: f64,
    /// From the first submission until every call was about to sleep; memory is measured when all do.
    pub until_asleep: Duration,
    /// From waking those that waited for something but time until their last completion.
    pub until_woken: Duration,
    /// Those that one FUTEX_WAKE found, and bytes sent to a recv.
    pub called: i64,
    /// Those among as many completions that were not too late for it.
    pub woken: u32,
    /// Threads that the system refused.
    pub spawns_refused: u64,
    /// What bounds the number of threads: name, limit, how much of it a worker takes.
    pub bounds: Vec<(&'static str, u64, u64)>,
}

/// Twice as many calls as workers.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// The most workers.
    pub workers_max: u32,
    /// Calls submitted at once; all came back.
    pub calls: u32,
    /// Those that were queued when all workers slept.
    pub queued: u64,
    /// From the first submission until the last completion.
    pub duration: Duration,
}

/// An engine that does nothing.
#[derive(Clone, Copy, Debug)]
pub struct Idle {
    /// Resident memory it adds, in KiB.
    pub rss_kib: i64,
    /// The same, shared pages counted in parts.
    pub pss_kib: i64,
    /// Threads of the process, its first included.
    pub threads: usize,
}

/// Everything.
#[derive(Clone, Debug)]
pub struct Report {
    /// All calls asleep at once.
    pub asleep: Asleep,
    /// Twice as many calls as workers.
    pub limit: Limit,
    /// An engine that does nothing.
    pub idle: Idle,
}

impl Asleep {
    /// A part of memory for each call, in KiB.
    fn each(&self, kib: i64) -> f64 {
        kib as f64 / f64::from(self.asleep.max(1))
    }

    /// What the calls did, by the name that it is asked for by.
    fn kind_name(&self) -> &'static str {
        KINDS.iter().find(|(_, kind)| *kind == self.kind).map_or("", |(name, _)| name)
    }

    /// The bound that is met first, and at how many workers.
    fn first_bound(&self) -> Option<(&'static str, u64)> {
        self.bounds
            .iter()
            .map(|(name, limit, each)| (*name, limit / each))
            .min_by_key(|(_, workers)| *workers)
    }
}

impl Idle {
    /// Reads what a process of its own has printed: the three numbers.
    #[must_use]
    pub fn parse(text: &str) -> Option<Idle> {
        let mut words = text.split_whitespace();
        Some(Idle {
            rss_kib: words.next()?.parse().ok()?,
            pss_kib: words.next()?.parse().ok()?,
            threads: words.next()?.parse().ok()?,
        })
    }
}

impl Report {
    /// One object.
    #[must_use]
    pub fn json(&self) -> Value {
        let Report { asleep, limit, idle } = self;
        let grown = &asleep.grown;
        let bounds: Vec<Value> = asleep
            .bounds
            .iter()
            .map(|(name, limit, each)| json!({ "name": name, "limit": limit, "per_worker": each }))
            .collect();
        json!({
            "kind": asleep.kind_name(),
            "asleep": asleep.asleep,
            "kib_per_call": {
                "rss": asleep.each(grown.rss_kib),
                "pss": asleep.each(grown.pss_kib),
                "system": asleep.each(grown.available_kib),
                "slab": asleep.each(grown.slab_kib),
                "kernel_stack": asleep.each(grown.kernel_stack_kib),
                "page_tables": asleep.each(grown.page_tables_kib),
            },
            "threads": asleep.threads,
            "mappings_before": asleep.mappings_before,
            "mappings": asleep.mappings,
            "idle_cpu_percent": asleep.idle_cpu * 1e2,
            "until_asleep_ms": asleep.until_asleep.as_secs_f64() * 1e3,
            "until_woken_ms": asleep.until_woken.as_secs_f64() * 1e3,
            "spawns_refused": asleep.spawns_refused,
            "bounds": bounds,
            "limit": {
                "workers_max": limit.workers_max,
                "calls": limit.calls,
                "queued": limit.queued,
                "duration_ms": limit.duration.as_secs_f64() * 1e3,
            },
            "idle": { "rss_kib": idle.rss_kib, "pss_kib": idle.pss_kib, "threads": idle.threads },
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { asleep, limit, idle } = self;
        let grown = &asleep.grown;
        writeln!(f, "{:<34}{:>12} ({})", "calls asleep", asleep.asleep, asleep.kind_name())?;
        let parts = [
            ("resident", grown.rss_kib),
            ("proportional", grown.pss_kib),
            ("system", grown.available_kib),
            ("  slab", grown.slab_kib),
            ("  kernel stacks", grown.kernel_stack_kib),
            ("  page tables", grown.page_tables_kib),
        ];
        for (name, kib) in parts {
            writeln!(f, "{name:<34}{:>12.2} KiB per call", asleep.each(kib))?;
        }
        writeln!(f, "{:<34}{:>12}", "threads", asleep.threads)?;
        writeln!(f, "{:<34}{:>12} (before: {})", "mappings", asleep.mappings, asleep.mappings_before)?;
        writeln!(f, "{:<34}{:>12.3} %", "CPU while all sleep", asleep.idle_cpu * 1e2)?;
        writeln!(f, "{:<34}{:>12.1?}", "until all sleep", asleep.until_asleep)?;
        writeln!(
            f,
            "{:<34}{:>12.1?}, {} called at once",
            "until the waiters are woken", asleep.until_woken, asleep.called
        )?;
        writeln!(f, "{:<34}{:>12}", "spawns refused", asleep.spawns_refused)?;
        if let Some((name, workers)) = asleep.first_bound() {
            writeln!(f, "{:<34}{workers:>12} ({name})", "workers possible here")?;
        }
        let Limit { workers_max, calls, queued, duration } = limit;
        writeln!(
            f,
            "{:<34}{calls:>12} for {workers_max} workers: {queued} queued, all over in {duration:.1?}",
            "calls beyond the limit"
        )?;
        writeln!(
            f,
            "{:<34}{:>12} KiB resident, {} proportional, {} threads",
            "idle engine with one ring", idle.rss_kib, idle.pss_kib, idle.threads
        )
    }
}
