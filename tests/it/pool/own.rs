//! Calls that their submitter alone runs.

use std::io::Read;
use std::os::fd::AsRawFd;

use syslet::attrs::RunBy;
use syslet::{CallFlags, Config, Features, Ring, Stats, Submission, SubmissionBuilder};

use crate::rig::{self, alone, drain, getpid, pipe, push, sync};
use syslet_tests::pool::{PATIENCE, ask_worker, own_tid, start, until, worker};

/// POOL-2: SYNC calls run in the order pushed, in the submitter's thread, inside `wait`: not before, although workers
/// have been sent for what stands between them, and have run it.
#[test]
fn sync_calls_are_their_submitters() {
    let (engine, mut ring) = start(Config::default());
    for round in 0..50 {
        let (mut reader, writer) = pipe();
        for byte in 0..10_u8 {
            let write =
                Submission::call(libc::SYS_write).int(writer.as_raw_fd().into()).input(&[byte]).value(1);
            push(&mut ring, &ask_worker(sync(write)).user_data(byte.into()).build()).unwrap();
            let pooled = ask_worker(getpid()).flags(CallFlags::ASYNC).user_data(100);
            push(&mut ring, &pooled.build()).unwrap();
        }
        ring.submit();
        until("workers have run all that is theirs", || engine.stats().in_flight == 10);
        until("and wait for more", || engine.stats().idle == engine.stats().workers);
        assert_eq!(engine.stats().in_flight, 10, "the rest is the submitter's");
        assert_eq!(ring.wait(20, Some(PATIENCE)), Ok(20));
        let (own, pooled): (Vec<_>, Vec<_>) =
            drain(&mut ring).into_iter().partition(|done| done.user_data < 100);
        assert!(own.iter().map(|done| done.user_data).eq(0..10), "round {round}: {own:?}");
        for done in &own {
            assert_eq!((worker(done).tid, worker(done).run_by), (own_tid(), RunBy::INLINE));
        }
        assert!(pooled.iter().all(|done| worker(done).run_by == RunBy::POOLED));
        drop(writer);
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).unwrap();
        assert!(bytes.into_iter().eq(0..10), "as they were pushed");
    }
}

/// POOL-3: without workers the submitter runs everything: nothing runs before it waits, and there is nobody else.
#[test]
fn without_workers_the_submitter_runs_everything() {
    let (engine, mut ring) = start(alone());
    assert_ne!(ring.params().features_granted.or(Features::WORKERS), ring.params().features_granted);
    assert_eq!(engine.set_workers_max(4), Ok(()), "it changes nothing");
    let (_reader, writer) = pipe();
    for number in 0..10 {
        let write = Submission::call(libc::SYS_write).int(writer.as_raw_fd().into()).input(b"x").value(1);
        push(&mut ring, &ask_worker(write).user_data(number).build()).unwrap();
    }
    ring.submit();
    assert_eq!((ring.in_flight(), drain(&mut ring).len(), engine.stats()), (10, 0, Stats::default()));
    assert_eq!(ring.wait(10, None), Ok(10));
    let seen = drain(&mut ring);
    assert!(seen.iter().map(|done| done.user_data).eq(0..10));
    for done in seen {
        assert_eq!((worker(&done).tid, worker(&done).run_by), (own_tid(), RunBy::INLINE));
    }
}

/// POOL-1: calls that exist to wait for a device are workers', unless STORAGE says that their submitter makes
/// them; where there are no workers it always does.
#[test]
fn calls_that_wait_for_a_device_are_a_workers() {
    let file = tempfile::tempfile().expect("a file");
    let fsync = |nr| ask_worker(Submission::call(nr).int(file.as_raw_fd().into()));
    for nr in [libc::SYS_fsync, libc::SYS_fdatasync, libc::SYS_syncfs] {
        let by = |ring: &mut Ring, call: SubmissionBuilder| {
            let seen = rig::run(ring, call);
            assert_eq!(seen.result, 0, "{nr}");
            worker(&seen).tid == own_tid()
        };
        assert!(!by(&mut rig::pooled(), fsync(nr)), "{nr}");
        assert!(by(&mut rig::pooled(), fsync(nr).flags(CallFlags::STORAGE)), "{nr}");
        assert!(by(&mut rig::ring(), fsync(nr)), "{nr}");
    }
}
