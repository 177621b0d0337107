//! Rings and engines come and go; what was accepted stays whole.

use std::io::Read;
use std::os::fd::AsRawFd;
use std::thread;

use syslet::{Engine, Params, Submission};

use crate::rig::{self, drain, getpid, pipe, push};

/// ENGINE-24: a ring can be sent to another thread, which is its submitter then.
#[test]
fn a_ring_moves_between_threads() {
    let mut ring = rig::ring();
    push(&mut ring, &Submission::call(libc::SYS_gettid).user_data(1).build()).unwrap();
    let (here, seen) = thread::spawn(move || {
        ring.submit_and_wait(1).unwrap();
        push(&mut ring, &Submission::call(libc::SYS_gettid).user_data(2).build()).unwrap();
        ring.submit_and_wait(2).unwrap();
        (std::fs::read_link("/proc/thread-self").unwrap(), drain(&mut ring))
    })
    .join()
    .unwrap();
    let tid: i64 = here.file_name().unwrap().to_str().unwrap().parse().unwrap();
    assert_eq!(seen.iter().map(|done| done.result).collect::<Vec<_>>(), [tid, tid], "who waits runs");
}

/// ENGINE-24: rings outlive the engine's handle, and as many can be open as wanted.
#[test]
fn rings_outlive_the_engine() {
    let engine = Engine::start(rig::alone()).unwrap();
    let mut rings: Vec<_> = (0..20).map(|_| engine.ring(&Params::default()).unwrap()).collect();
    drop(engine);
    for (number, ring) in rings.iter_mut().enumerate() {
        push(ring, &getpid().user_data(number as u64).build()).unwrap();
    }
    for (number, ring) in rings.iter_mut().enumerate().rev() {
        assert_eq!(ring.submit_and_wait(1), Ok(1));
        assert_eq!(drain(ring)[0].user_data, number as u64);
    }
}

/// ENGINE-25: what is queued in a dropped ring never runs.
#[test]
fn a_dropped_ring_runs_nothing() {
    let (mut reader, writer) = pipe();
    let write = Submission::call(libc::SYS_write).int(writer.as_raw_fd().into()).input(b"x").value(1).build();
    for publish in [false, true] {
        let mut ring = rig::ring();
        push(&mut ring, &write).unwrap();
        if publish {
            ring.submit();
        }
    }
    drop(writer);
    let mut got = Vec::new();
    reader.read_to_end(&mut got).unwrap();
    assert!(got.is_empty(), "nothing was written: {got:?}");
}

/// ENGINE-13: each accepted submission has a ticket of its own, used slots included.
#[test]
fn tickets_differ() {
    let mut ring = rig::ring_with(rig::alone(), &Params { slots: 2, ..Params::default() });
    let mut tickets = Vec::new();
    for _ in 0..50 {
        tickets.push(push(&mut ring, &getpid().build()).unwrap());
        ring.submit_and_wait(1).unwrap();
        drain(&mut ring);
    }
    let distinct: std::collections::HashSet<_> = tickets.iter().collect();
    assert_eq!(distinct.len(), 50);
}
