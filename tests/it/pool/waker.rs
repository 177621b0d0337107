//! Ending a wait from another thread.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use syslet::{CallFlags, Config, Waker};

use crate::rig::{self, drain, getpid, pipe, push};
use syslet_tests::pool::{PATIENCE, hold, own_tid, start, until, within};

/// Returns when the thread sleeps on a futex.
fn until_asleep(tid: u32) {
    let futex = format!("{} ", libc::SYS_futex);
    let path = format!("/proc/self/task/{tid}/syscall");
    until("it sleeps", || std::fs::read_to_string(&path).is_ok_and(|call| call.starts_with(&futex)));
}

/// Wakes when that thread sleeps.
fn wake_when_asleep(waker: Waker) -> thread::JoinHandle<()> {
    let tid = own_tid();
    thread::spawn(move || {
        until_asleep(tid);
        waker.wake();
    })
}

/// ENGINE-29: a wait that sleeps is ended from another thread; the ring is as it was.
#[test]
fn a_sleeping_wait_is_ended() {
    within(|| {
        let mut ring = rig::pooled();
        let (reader, mut writer) = pipe();
        push(&mut ring, &hold(&reader).build()).unwrap();
        for _ in 0..50 {
            let other = wake_when_asleep(ring.waker());
            assert_eq!(ring.wait(1, None), Ok(0));
            assert_eq!(ring.in_flight(), 1);
            other.join().unwrap();
        }
        writer.write_all(b"x").unwrap();
        assert_eq!(ring.wait(1, None), Ok(1));
    });
}

/// ENGINE-29: who wakes too early ends the next wait, once, however often it was; a wait that has what it waits for
/// already does not use that up.
#[test]
fn an_early_wake_ends_the_next_wait() {
    within(|| {
        let mut ring = rig::pooled();
        let (reader, mut writer) = pipe();
        push(&mut ring, &hold(&reader).user_data(1).build()).unwrap();
        push(&mut ring, &getpid().user_data(2).build()).unwrap();
        assert_eq!(ring.wait(1, None), Ok(1));
        for _ in 0..3 {
            ring.waker().wake();
        }
        assert_eq!(ring.wait(1, None), Ok(1), "it is there");
        assert_eq!(drain(&mut ring)[0].user_data, 2);
        assert_eq!(ring.wait(1, None), Ok(0), "woken");
        let tid = own_tid();
        let other = thread::spawn(move || {
            until_asleep(tid);
            writer.write_all(b"x").unwrap();
        });
        assert_eq!(ring.wait(1, None), Ok(1), "woken once");
        other.join().unwrap();
    });
}

/// ENGINE-29: no wake-up is lost, however the two threads meet.
#[test]
fn no_wake_up_is_lost() {
    const ROUNDS: u64 = 10_000;
    within(|| {
        let mut ring = rig::pooled();
        let (reader, _writer) = pipe();
        push(&mut ring, &hold(&reader).build()).unwrap();
        let round = Arc::new(AtomicU64::new(0));
        let (waker, seen) = (ring.waker(), Arc::clone(&round));
        let other = thread::spawn(move || {
            for number in 0..ROUNDS {
                while seen.load(Ordering::Relaxed) < number {
                    std::hint::spin_loop();
                }
                waker.wake();
            }
        });
        for number in 1..=ROUNDS {
            assert_eq!(ring.wait(1, None), Ok(0));
            round.store(number, Ordering::Relaxed);
        }
        other.join().unwrap();
    });
}

/// ENGINE-29: a wait that helps ends with the call it is in, and leaves the rest for later. It wakes without workers too.
#[test]
fn a_wait_that_runs_calls_is_ended() {
    for config in [rig::alone(), Config::default()] {
        let (_engine, mut ring) = start(config);
        for number in 0..20 {
            let call = getpid().timing().flags(CallFlags::SYNC).user_data(number);
            push(&mut ring, &call.build()).unwrap();
        }
        ring.waker().wake();
        assert_eq!(ring.wait(20, Some(PATIENCE)), Ok(0));
        assert_eq!(ring.wait(20, Some(PATIENCE)), Ok(20));
    }
}

/// ENGINE-29: a waker outlives its ring, and does nothing then.
#[test]
fn a_waker_without_its_ring_does_nothing() {
    let (engine, ring) = start(Config::default());
    let waker = ring.waker();
    drop(ring);
    waker.wake();
    drop(engine);
    waker.clone().wake();
}
