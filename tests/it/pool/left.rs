//! What a wait leaves behind.

use std::io::Read;
use std::os::fd::AsRawFd;
use std::time::Duration;

use syslet::{Config, Submission, SubmissionBuilder};

use crate::rig::{drain, getpid, pipe, push};
use syslet_tests::pool::{PATIENCE, start, until, within};

/// A write of one byte, inline where the file lets it.
fn write(writer: &impl AsRawFd, byte: u8) -> SubmissionBuilder {
    Submission::call(libc::SYS_write).int(writer.as_raw_fd().into()).input(&[byte]).value(1)
}

/// POOL-11: a wait that has what it wants ends, and workers run the rest, of every kind but SYNC, with nobody waiting.
#[test]
fn what_a_wait_leaves_behind_is_run() {
    within(|| {
        let (engine, mut ring) = start(Config::default());
        for _ in 0..200 {
            let (mut reader, writer) = pipe();
            push(&mut ring, &getpid().timing().user_data(1).build()).unwrap();
            for byte in 0..20 {
                push(&mut ring, &write(&writer, byte).build()).unwrap();
            }
            assert!(ring.wait(1, Some(PATIENCE)).unwrap() >= 1);
            let mut bytes = [0; 20];
            reader.read_exact(&mut bytes).unwrap();
            until("nothing is in flight", || engine.stats().in_flight == 0);
            assert_eq!(ring.wait(21, Some(PATIENCE)), Ok(21));
            assert_eq!(drain(&mut ring).len(), 21);
        }
    });
}

/// POOL-11: a wait for nothing leaves everything behind, and that is run too.
#[test]
fn what_a_wait_for_nothing_leaves_behind_is_run() {
    within(|| {
        let (_engine, mut ring) = start(Config::default());
        for _ in 0..200 {
            let (mut reader, writer) = pipe();
            push(&mut ring, &write(&writer, 7).build()).unwrap();
            ring.wait(0, None).unwrap();
            reader.read_exact(&mut [0]).unwrap();
            assert_eq!(ring.wait(1, Some(PATIENCE)), Ok(1));
            assert_eq!(drain(&mut ring).len(), 1);
        }
    });
}

/// POOL-11: what a wait leaves behind is run though the thread comes back for other things: to look for completions, to push a
/// call, which is not published by that and stays where it is (RING-9), to cancel none.
#[test]
fn what_is_left_behind_is_run_beside_pushes_and_looks() {
    within(|| {
        let (_engine, mut ring) = start(Config::default());
        for round in 0..60 {
            let (mut reader, writer) = pipe();
            for byte in 0..10 {
                push(&mut ring, &write(&writer, byte).build()).unwrap();
            }
            assert!(ring.wait(1, Some(PATIENCE)).unwrap() >= 1);
            let mut done = drain(&mut ring).len();
            let mut later = 0;
            match round % 3 {
                0 => {}
                1 => {
                    push(&mut ring, &write(&writer, 10).build()).unwrap();
                    later = 1;
                }
                _ => assert!(ring.cancel(syslet::Which::UserData(9)).is_nothing()),
            }
            let mut bytes = [0; 10];
            reader.read_exact(&mut bytes).unwrap();
            while done < 10 {
                done += drain(&mut ring).len();
            }
            assert_eq!((done, ring.in_flight()), (10, later), "what was not published is not run");
            if later > 0 {
                assert_eq!(ring.wait(1, Some(PATIENCE)), Ok(1));
                assert_eq!(drain(&mut ring).len(), 1);
            }
        }
    });
}

/// POOL-11: calls that a wait has left in the private lane are for workers when their thread calls `submit`, though it pushes and waits
/// no more.
#[test]
fn what_a_wait_leaves_behind_is_run_after_a_submit() {
    const CALLS: usize = 100;
    for round in 0..50 {
        let (engine, mut ring) = start(Config::default());
        for user_data in 0..CALLS {
            push(&mut ring, &getpid().user_data(user_data as u64).build()).expect("accepted");
        }
        // A wait with a timeout that has passed makes a few.
        let ready = ring.wait(CALLS, Some(Duration::from_nanos(1))).expect("no signal");
        assert!(ready < CALLS, "{ready}");
        ring.submit();
        until(&format!("all are over in round {round}"), || engine.stats().in_flight == 0);
        let mut seen = 0;
        until("all are there", || {
            seen += drain(&mut ring).len();
            seen >= CALLS
        });
        assert_eq!(seen, CALLS);
    }
}
