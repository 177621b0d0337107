//! Limits that change while the engine runs.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::time::Duration;

use syslet::{CallFlags, Config, Ring, Submission};

use crate::rig::{drain, pipe, push};
use syslet_tests::pool::{self, PATIENCE, is_readable, start, until};

type Held = (std::io::PipeReader, std::io::PipeWriter);

/// Pushes so many calls that sleep, for workers.
fn hold(ring: &mut Ring, count: usize) -> Vec<Held> {
    let mut held = Vec::new();
    for _ in 0..count {
        let (reader, writer) = pipe();
        push(ring, &pool::hold(&reader).build()).expect("accepted");
        held.push((reader, writer));
    }
    ring.submit();
    held
}

/// Ends those calls.
#[track_caller]
fn release(ring: &mut Ring, held: &mut [Held]) {
    held.iter_mut().for_each(|(_, writer)| writer.write_all(b"x").expect("written"));
    assert_eq!(ring.wait(held.len(), Some(PATIENCE)), Ok(held.len()));
    assert!(drain(ring).iter().all(|done| done.result == 1));
}

/// POOL-8: idle workers above a lowered limit end at once, long before they would have retired, and one stays.
#[test]
fn a_lowered_limit_ends_idle_workers() {
    let (engine, mut ring) = start(Config::default().idle(Duration::from_hours(1)));
    let mut held = hold(&mut ring, 8);
    until("all sleep", || engine.stats().blocked == 8);
    release(&mut ring, &mut held);
    until("all are idle", || engine.stats().idle == engine.stats().workers);
    assert!(engine.stats().workers >= 8);
    for limit in [5, 1] {
        engine.set_workers_max(limit).unwrap();
        until("those above the limit are gone", || engine.stats().workers == limit);
        let mut held = hold(&mut ring, 1);
        release(&mut ring, &mut held);
    }
}

/// POOL-8: a worker in a call ends when the call is over; what was queued is run by those that are left.
#[test]
fn a_lowered_limit_binds_busy_workers_later() {
    let (engine, mut ring) = start(Config::default().idle(Duration::from_hours(1)));
    let mut held = hold(&mut ring, 8);
    until("all sleep", || engine.stats().blocked == 8);
    engine.set_workers_max(2).unwrap();
    assert!(engine.stats().workers >= 8, "nobody leaves a call");
    release(&mut ring, &mut held);
    until("those above the limit are gone", || engine.stats().workers == 2);
    let mut held = hold(&mut ring, 4);
    until("as many as may", || engine.stats().blocked == 2);
    release(&mut ring, &mut held);
    assert_eq!(engine.stats().workers, 2);
}

/// POOL-7, POOL-8: what is queued at the limit is run when the limit is raised, without anything else.
#[test]
fn a_raised_limit_starts_workers_for_what_waits() {
    let (engine, mut ring) = start(Config::default().workers_max(1));
    let mut held = hold(&mut ring, 4);
    for limit in [1, 2, 4] {
        engine.set_workers_max(limit).unwrap();
        until("as many sleep as may", || engine.stats().blocked == limit);
        assert_eq!(engine.stats().workers, limit);
    }
    release(&mut ring, &mut held);
}

/// POOL-6, POOL-8: beside a worker that runs, another one may as soon as the limit says so. What runs here is a call
/// that does not end and is not taken for asleep within the time of this test.
#[test]
fn a_raised_count_of_runnable_workers_takes_effect() {
    let config = Config::default().runnable_max(1).stall(Duration::from_secs(10));
    let (engine, mut ring) = start(config);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fifo");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let name = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
    let open = Submission::call(libc::SYS_openat).int(libc::AT_FDCWD.into()).path(&name);
    let open = open.int(libc::O_RDONLY.into()).value(0).flags(CallFlags::ASYNC);
    push(&mut ring, &open.user_data(1).build()).unwrap();
    ring.submit();
    // Nobody waits, so nobody helps: the one worker takes them in turn.
    let (reader, writer) = pipe();
    let write = Submission::call(libc::SYS_write).int(writer.as_raw_fd().into()).input(b"x").value(1);
    push(&mut ring, &write.flags(CallFlags::ASYNC).user_data(2).build()).unwrap();
    ring.submit();
    assert!(!is_readable(&reader, Duration::from_millis(20)), "one runs, and no more may");
    engine.set_runnable_max(2).unwrap();
    assert!(is_readable(&reader, PATIENCE));
    assert_eq!(ring.wait(1, Some(PATIENCE)), Ok(1));
    assert_eq!(drain(&mut ring)[0].user_data, 2);
    let _writer = std::fs::File::options().write(true).open(&path).unwrap();
    assert_eq!(ring.wait(1, Some(PATIENCE)), Ok(1));
    nix::unistd::close(i32::try_from(drain(&mut ring)[0].result).unwrap()).unwrap();
}
