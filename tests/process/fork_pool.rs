//! Fork with workers about. Alone in its process, because it forks.
#![allow(unsafe_code, reason = "forks, by the C library and without it")]

use std::io::Write;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use syslet::attrs::{LaneAsk, Priority};
use syslet::{
    AttributeFlags, AttributeId, CallFlags, Config, Engine, Params, Refusal, Ring, RingError, Stats,
    Submission, SubmissionBuilder, WaitError, Waker,
};
use syslet_tests::rig;

use syslet_tests::look::{alone, until, workers_in};
use syslet_tests::rig::{drain, getpid, pid, pipe, push};

/// Forks; `inside` gives the child's exit code. `is_raw`: without what the C library does around it.
fn fork(is_raw: bool, inside: impl FnOnce() -> i32) {
    let pid = if is_raw {
        // SAFETY: a plain fork: no shared memory, no new stack. The child does what it may after one, and exits.
        let pid = unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) };
        libc::pid_t::try_from(pid).expect("a process id")
    } else {
        // SAFETY: the child does what it may after a fork, and exits.
        unsafe { libc::fork() }
    };
    if pid == 0 {
        let code = inside();
        // SAFETY: leaves without running the parent's exit handlers.
        unsafe { libc::_exit(code) };
    }
    let mut status = 0;
    // SAFETY: the status lives until the call returns.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    assert!(libc::WIFEXITED(status), "the child died: status {status:#x}");
    assert_eq!(libc::WEXITSTATUS(status), 0, "what the child found");
}

/// What a child finds, without allocating: the number of the first thing that is not as it should be.
fn entries(engine: &Engine, ring: &mut Ring, waker: &Waker, call: &Submission) -> i32 {
    let pushed = push(ring, call).map_err(|refused| refused.refusal());
    waker.wake();
    let found = [
        pushed == Err(Refusal::FORKED),
        ring.submit() == 0,
        ring.wait(1, None) == Err(WaitError::Forked),
        ring.completions().next().is_none(),
        ring.in_flight() == 0,
        ring.event().err() == Some(RingError::Forked),
        engine.ring(&Params::default()).err() == Some(RingError::Forked),
        engine.stats() == Stats::default(),
        engine.close(Duration::MAX).is_ok(),
        engine.set_workers_max(3).is_ok() && engine.set_runnable_max(3).is_ok(),
    ];
    found.iter().zip(1..).find(|(is_right, _)| !**is_right).map_or(0, |(_, number)| number)
}

/// The call in a lane where it is alone.
fn in_lane(call: SubmissionBuilder) -> SubmissionBuilder {
    call.attribute(AttributeId::LANE, AttributeFlags::NONE, &LaneAsk { id: 1, limit: 1 }.payload())
}

/// POOL-23, ENGINE-26: the child of a process with sleeping workers, and a call that waits for its lane, is told at every entry, can drop everything, and
/// start an engine of its own; nothing of it shows in the parent's rings. A fork without the C library is no other.
#[test]
fn fork_child_is_told() {
    let _alone = alone();
    let engine = Engine::start(Config::default()).unwrap();
    let mut ring = engine.ring(&Params::default()).unwrap();
    let event = ring.event().unwrap();
    let (reader, mut writer) = pipe();
    let read = Submission::call(libc::SYS_read).int(reader.as_raw_fd().into()).output(8).value(8);
    let call = getpid().flags(CallFlags::ASYNC).user_data(9);
    let sorted = call.attribute(AttributeId::PRIORITY, AttributeFlags::NONE, &Priority::payload(9));
    let (waker, call) = (ring.waker(), sorted.build());
    push(&mut ring, &in_lane(read).user_data(1).build()).unwrap();
    push(&mut ring, &in_lane(getpid()).user_data(2).build()).unwrap();
    ring.submit();
    until("a worker sleeps", || workers_in(libc::SYS_read).len() == 1);
    push(&mut ring, &call).unwrap();
    for is_raw in [true, false] {
        fork(is_raw, || entries(&engine, &mut ring, &waker, &call));
        // The child drops copies of what the parent goes on using.
        let (engine, event) = (std::mem::ManuallyDrop::new(engine.clone()), event.clone());
        fork(is_raw, || {
            // SAFETY: the child's own copy of the ring, which nothing uses after this.
            drop(unsafe { std::ptr::read(&raw const ring) });
            drop(std::mem::ManuallyDrop::into_inner(engine.clone()));
            drop(event);
            let own = Engine::start(Config::default().workers_max(2)).expect("an engine of the child's own");
            let mut ring = own.ring(&Params::default()).expect("a ring of its own");
            let done = rig::run(&mut ring, getpid().flags(CallFlags::ASYNC));
            i32::from(done.result != pid())
        });
    }
    assert_eq!(ring.in_flight(), 3);
    writer.write_all(b"x").unwrap();
    assert_eq!(ring.wait(3, None), Ok(3));
    let mut seen: Vec<_> = drain(&mut ring).iter().map(|done| (done.user_data, done.result)).collect();
    seen.sort_unstable();
    assert_eq!(seen, [(1, 1), (2, pid()), (9, pid())]);
}

/// POOL-23: forks while workers are busy and their locks are hot: no child waits for a lock that nobody holds.
#[test]
fn no_child_waits_for_a_lock() {
    let _alone = alone();
    let engine = Engine::start(Config::default()).unwrap();
    let is_over = Arc::new(AtomicBool::new(false));
    let loads: Vec<_> = (0..2)
        .map(|_| {
            let (engine, is_over) = (engine.clone(), Arc::clone(&is_over));
            thread::spawn(move || {
                let mut ring = engine.ring(&Params::default()).unwrap();
                while !is_over.load(Ordering::Relaxed) {
                    for _ in 0..16 {
                        push(&mut ring, &getpid().flags(CallFlags::ASYNC).build()).unwrap();
                        push(&mut ring, &in_lane(getpid()).build()).unwrap();
                    }
                    assert_eq!(ring.wait(32, None), Ok(32));
                    assert!(drain(&mut ring).iter().all(|done| done.result == pid()));
                }
            })
        })
        .collect();
    let mut ring = engine.ring(&Params::default()).unwrap();
    let (waker, call) = (ring.waker(), getpid().build());
    for round in 0..200 {
        fork(round % 2 == 0, || entries(&engine, &mut ring, &waker, &call));
    }
    for _ in 0..50 {
        fork(false, || {
            // SAFETY: the child's own copy, which nothing uses after this.
            drop(unsafe { std::ptr::read(&raw const ring) });
            0
        });
    }
    is_over.store(true, Ordering::Relaxed);
    loads.into_iter().for_each(|load| load.join().unwrap());
}
