//! Where no kick is sent: the call keeps its submitter until it is over.
#![allow(unsafe_code, reason = "blocks a signal for its thread")]

use std::time::Duration;

use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use syslet::{CallFlags, Config, Engine};
use syslet_tests::look::{alone, is_asleep_in, until};

use super::held::{Case, cases, own_tid, ring};

/// Holds this thread in a call until another has slept for many stalls, and checks that nothing was sent.
fn keeps_its_submitter(engine: &Engine, mut case: Case) {
    let mut ring = ring(engine);
    case.push(&mut ring);
    let (tid, nr, name, free) = (own_tid(), case.nr, case.name, case.take_free());
    std::thread::scope(|scope| {
        let freed = scope.spawn(move || {
            until(name, || is_asleep_in(tid, nr));
            // Time in which a kick could come.
            std::thread::park_timeout(Duration::from_millis(30));
            assert!(is_asleep_in(tid, nr), "{name}");
            free()
        });
        case.take_result(&mut ring);
        drop(freed.join().expect("it was held"));
    });
    assert_eq!(engine.stats().kicks, 0);
}

/// KICK-4: with `Config::kick(false)` nothing is sent, and there is no signal.
#[test]
fn switched_off() {
    let _alone = alone();
    let engine = Engine::start(Config::default().kick(false)).expect("an engine");
    assert_eq!(engine.kick_signal(), None);
    keeps_its_submitter(&engine, cases().remove(0));
}

/// KICK-4: a thread that blocks the signal is left alone.
#[test]
fn a_thread_that_blocks_the_signal() {
    let _alone = alone();
    let engine = Engine::start(Config::default()).expect("an engine");
    let signal = engine.kick_signal().expect("one is free");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut all = SigSet::all();
            [Signal::SIGSEGV, Signal::SIGBUS, Signal::SIGILL]
                .into_iter()
                .for_each(|signal| all.remove(signal));
            nix::sys::signal::pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&all), None).expect("a mask");
            keeps_its_submitter(&engine, cases().remove(0));
            // SAFETY: zeroes are a set.
            let mut pending: libc::sigset_t = unsafe { std::mem::zeroed() };
            // SAFETY: there is room for a set.
            unsafe { libc::sigpending(&raw mut pending) };
            // SAFETY: the set was written.
            let is_pending = unsafe { libc::sigismember(&raw const pending, signal) };
            assert_eq!(is_pending, 0, "nothing waits for sigwait");
        });
    });
}

/// KICK-2, POOL-2: a call with SYNC is its submitter's.
#[test]
fn a_sync_call() {
    let _alone = alone();
    let engine = Engine::start(Config::default()).expect("an engine");
    let mut case = cases().remove(0);
    case.call = case.call.clone().flags(CallFlags::SYNC);
    keeps_its_submitter(&engine, case);
}
