//! Workers run what their submitter does not.

use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use syslet::attrs::{RunBy, WorkerValue};
use syslet::{AttributeFlags, AttributeId, CallFlags, Submission};

use crate::rig::{self, drain, getpid, pid, pipe, push, run};

/// POOL-1, ATTR-31: an ASYNC call is run by a worker, every time.
#[test]
fn async_calls_are_pooled() {
    let mut ring = rig::pooled();
    let call = getpid().flags(CallFlags::ASYNC).attribute(AttributeId::WORKER, AttributeFlags::NONE, &[]);
    for _ in 0..1000 {
        let done = run(&mut ring, call.clone());
        let worker = WorkerValue::parse(done.answer(AttributeId::WORKER).unwrap().1).unwrap();
        assert_eq!((done.result, worker.run_by, worker.attempts), (pid(), RunBy::POOLED, 1));
        assert_ne!(worker.tid, nix::unistd::gettid().as_raw().cast_unsigned());
    }
}

/// ATTR-31: a worker that others wait for makes the attempt first. It stays a worker.
#[test]
fn a_first_attempt_of_a_worker_is_pooled() {
    let mut ring = rig::pooled();
    let (reader, mut writer) = pipe();
    writer.write_all(&[0; 100]).unwrap();
    let read = Submission::call(libc::SYS_read).int(reader.as_raw_fd().into()).output(1).value(1);
    let read = read.attribute(AttributeId::WORKER, AttributeFlags::NONE, &[]).build();
    for _ in 0..100 {
        push(&mut ring, &read).unwrap();
    }
    ring.submit();
    let event = ring.event().unwrap();
    let mut seen = drain(&mut ring);
    while seen.len() < 100 {
        poll(&mut [PollFd::new(event.as_fd(), PollFlags::POLLIN)], PollTimeout::NONE).unwrap();
        seen.append(&mut drain(&mut ring));
    }
    for done in seen {
        let worker = WorkerValue::parse(done.answer(AttributeId::WORKER).unwrap().1).unwrap();
        assert_eq!((done.result, worker.run_by), (1, RunBy::POOLED));
        assert_ne!(worker.tid, nix::unistd::gettid().as_raw().cast_unsigned());
    }
}

/// POOL-10: `submit` alone is enough: a worker comes for it.
#[test]
fn submitted_calls_run_without_a_wait() {
    let mut ring = rig::pooled();
    let (mut reader, writer) = pipe();
    for _ in 0..100 {
        let write = Submission::call(libc::SYS_write).int(writer.as_raw_fd().into()).input(b"x").value(1);
        push(&mut ring, &write.build()).unwrap();
        ring.submit();
        let mut byte = [0];
        reader.read_exact(&mut byte).unwrap();
        ring.wait(1, None).unwrap();
        assert_eq!(drain(&mut ring).len(), 1);
    }
}

/// POOL-1, POOL-6: a call that sleeps is pooled, and the submitter goes on.
#[test]
fn a_sleeping_read_does_not_hold_its_submitter() {
    let mut ring = rig::pooled();
    let (reader, mut writer) = pipe();
    let read = Submission::call(libc::SYS_read).int(reader.as_raw_fd().into()).output(8).value(8);
    push(&mut ring, &read.user_data(1).build()).unwrap();
    for _ in 0..10 {
        push(&mut ring, &getpid().user_data(2).build()).unwrap();
    }
    assert_eq!(ring.wait(10, None), Ok(10));
    assert!(drain(&mut ring).iter().all(|done| done.user_data == 2));
    assert_eq!(ring.wait(1, Some(Duration::from_millis(1))), Ok(0));
    writer.write_all(b"wake").unwrap();
    assert_eq!(ring.wait(1, None), Ok(1));
    let done = drain(&mut ring).remove(0);
    assert_eq!((done.result, done.data(), done.user_data), (4, &b"wake"[..], 1));
}

/// POOL-7: more sleeping calls than workers: all complete, each once.
#[test]
fn more_sleepers_than_workers() {
    let mut ring = rig::ring_with(syslet::Config::default().workers_max(3), &syslet::Params::default());
    let mut nap = [0; 16];
    nap[8..].copy_from_slice(&1_000_000_i64.to_ne_bytes());
    for number in 0..50 {
        let nap = Submission::call(libc::SYS_nanosleep).input(&nap).output(16).user_data(number);
        push(&mut ring, &nap.build()).unwrap();
    }
    assert_eq!(ring.wait(50, None), Ok(50));
    let mut numbers: Vec<_> = drain(&mut ring).iter().map(|done| done.user_data).collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..50));
}

/// POOL-24: with one worker, an ASYNC write is made before an ASYNC read that was pushed behind it and waits for the
/// answer, although the submitter helps.
#[test]
fn what_only_workers_run_begins_in_order() {
    let mut ring = rig::ring_with(syslet::Config::default().workers_max(1), &syslet::Params::default());
    let (mut ask, asked) = pipe();
    let (answered, mut answer) = pipe();
    let echo = std::thread::spawn(move || {
        let mut byte = [0];
        while ask.read(&mut byte).is_ok_and(|bytes| bytes == 1) {
            answer.write_all(&byte).unwrap();
        }
    });
    let write = Submission::call(libc::SYS_write).int(asked.as_raw_fd().into()).input(b"x").value(1);
    let read = Submission::call(libc::SYS_read).int(answered.as_raw_fd().into()).output(1).value(1);
    for _ in 0..200 {
        for call in [&write, &read] {
            push(&mut ring, &call.clone().flags(CallFlags::ASYNC).build()).unwrap();
        }
        assert_eq!(ring.wait(2, Some(Duration::from_secs(60))), Ok(2));
        assert!(drain(&mut ring).iter().all(|done| done.result == 1));
    }
    drop(asked);
    echo.join().unwrap();
}
