//! Threads that cannot be started.

use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use syslet::{CallFlags, Config, Engine, Errno, StartError};

use crate::rig::{drain, getpid, pipe, push};
use syslet_tests::pool::{PATIENCE, hold, start, until};

/// A gate that can be shut, and what it has seen.
#[derive(Debug, Default)]
struct Gate {
    is_shut: AtomicBool,
    refused: AtomicU64,
    refusals: Mutex<Vec<Instant>>,
}

impl Gate {
    fn config(self: &Arc<Gate>) -> Config {
        let gate = Arc::clone(self);
        Config::default().spawn_gate(move || gate.ask())
    }

    fn ask(&self) -> Result<(), Errno> {
        if !self.is_shut.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.refusals.lock().expect("no panic").push(Instant::now());
        self.refused.fetch_add(1, Ordering::Relaxed);
        Err(Errno(libc::EAGAIN))
    }

    fn shut(&self, is_shut: bool) {
        self.is_shut.store(is_shut, Ordering::Relaxed);
    }

    fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

/// POOL-4: an engine starts with one worker, or not at all.
#[test]
fn an_engine_has_a_worker_or_does_not_start() {
    let gate = Arc::new(Gate::default());
    let engine = Engine::start(gate.config()).unwrap();
    assert_eq!(engine.stats().workers, 1);
    gate.shut(true);
    let failed = Engine::start(gate.config()).map(|_| ());
    assert_eq!(failed, Err(StartError::Thread(nix::Error::EAGAIN)));
    assert_eq!(gate.refused(), 1);
}

/// POOL-7, POOL-9: when no thread can be started, the worker there is runs one call after the other, calls run inline do,
/// refusals are counted; and when threads can be started again, they are, with nothing else to remind anybody.
#[test]
fn pool_spawn_failure_degrades() {
    let gate = Arc::new(Gate::default());
    let (engine, mut ring) = start(gate.config());
    gate.shut(true);
    let mut pipes: Vec<_> = (0..6).map(|_| pipe()).collect();
    for (reader, _) in &pipes {
        push(&mut ring, &hold(reader).build()).unwrap();
    }
    ring.submit();
    until("it was tried more than once", || gate.refused() > 3);
    // One that is asked for counts, until it is refused.
    until("there is the one", || (engine.stats().workers, engine.stats().blocked) == (1, 1));
    push(&mut ring, &getpid().user_data(1).build()).unwrap();
    assert_eq!(ring.wait(1, Some(PATIENCE)), Ok(1), "inline");
    assert_eq!(drain(&mut ring)[0].user_data, 1);
    for (_, writer) in &mut pipes[..2] {
        writer.write_all(b"x").unwrap();
        assert_eq!(ring.wait(1, Some(PATIENCE)), Ok(1), "one after the other");
        assert_eq!(drain(&mut ring)[0].result, 1);
    }
    gate.shut(false);
    until("the others sleep in workers of their own", || engine.stats().blocked == 4);
    assert_eq!(engine.stats().spawns_refused, gate.refused());
    pipes[2..].iter_mut().for_each(|(_, writer)| writer.write_all(b"x").unwrap());
    assert_eq!(ring.wait(4, Some(PATIENCE)), Ok(4));
}

/// POOL-9: refusals come at growing intervals, even while submissions pour in.
#[test]
fn refused_threads_are_asked_for_less_and_less_often() {
    let gate = Arc::new(Gate::default());
    let (engine, mut ring) = start(gate.config());
    let (reader, mut writer) = pipe();
    push(&mut ring, &hold(&reader).build()).unwrap();
    ring.submit();
    until("the worker sleeps", || engine.stats().blocked == 1);
    gate.shut(true);
    let async_call = getpid().flags(CallFlags::ASYNC).build();
    let mut pushed = 0;
    until("a few refusals", || {
        if pushed < 500 {
            push(&mut ring, &async_call).unwrap();
            ring.submit();
            pushed += 1;
        }
        gate.refused() >= 6
    });
    let times = gate.refusals.lock().unwrap().clone();
    for (number, pair) in (0_u32..).zip(times.windows(2)) {
        let least = Duration::from_millis(1 << number);
        assert!(pair[1] - pair[0] >= least, "refusal {number}: {:?}", pair[1] - pair[0]);
    }
    writer.write_all(b"x").unwrap();
    assert_eq!(ring.wait(pushed + 1, Some(PATIENCE)), Ok(pushed + 1));
}
