//! Tickets: of which ring they are, and what a removed call leaves in its ring.

use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::time::Duration;

use syslet::program::calls::write;
use syslet::program::{Call, Number, Program};
use syslet::{CallFlags, Config, Engine, Params, Refusal, Ring, Which};

use super::{ECANCELED, one, read_here};
use crate::rig::{drain, getpid, pid, pipe, push, push_program, ring_with};
use syslet_tests::pool;

/// CANCEL-2: the ticket of another ring's call, though of the same slot in the same use, names nothing; nor does an atom by
/// it. The call goes on.
#[test]
fn tickets_are_of_one_ring() {
    let engine = Engine::start(Config::default().workers_max(2)).expect("an engine");
    let open = || engine.ring(&Params::default()).expect("a ring");
    let (mut one, mut other) = (open(), open());
    let (reader, _writer) = pipe();
    let (mut begun, begin) = pipe();
    let (fd, tells) = (reader.as_raw_fd(), begin.as_raw_fd());
    let program = Program::build(|p| {
        let area = p.scratch(8);
        let byte = p.bytes(b"x");
        p.call(write(tells, byte, 1));
        p.call(Call::<Number>::new(libc::SYS_read).arg(fd).arg(area).arg(8).stoppable());
    })
    .expect("a program");
    let [own, foreign] = [&mut one, &mut other].map(|ring| {
        let ticket = push_program(ring, &program).expect("accepted");
        ring.submit();
        ticket
    });
    assert_ne!(own, foreign);
    begun.read_exact(&mut [0; 2]).expect("both have begun");
    let canceller = one.canceller().expect("at home");
    for which in [Which::Ticket(foreign), Which::Atom(foreign, 1)] {
        assert!(one.cancel(which).is_nothing());
        assert!(canceller.cancel(which).is_nothing());
    }
    pool::until("its own name finds the atom", || one.cancel(Which::Atom(own, 1)).signalled == 1);
    assert_eq!(other.cancel(Which::Ticket(foreign)).signalled, 1);
    for mut ring in [one, other] {
        // The request may have come before the call was in the kernel.
        let result = super::one(&mut ring).result;
        assert!([super::EINTR, ECANCELED].contains(&result), "{result}");
    }
}

fn small() -> Params {
    Params { submission_bytes: 4096, submission_record_max: 128, ..Params::default() }
}

/// Pushes until the submission ring is full; gives how many that were.
fn fill(ring: &mut Ring, reader: &impl AsRawFd, flags: CallFlags) -> usize {
    let mut count = 0;
    loop {
        match push(ring, &read_here(reader).flags(flags).build()) {
            Ok(_) => count += 1,
            Err(refused) => {
                assert_eq!(refused.refusal(), Refusal::SUBMISSION_FULL);
                return count;
            }
        }
    }
}

/// RING-23: calls that were removed hold no room: not where a worker would take them that never comes, nor where they were
/// not published, nor in the submitter's own queue, nor without workers.
#[test]
fn the_dead_hold_no_room() {
    let (reader, mut writer) = pipe();
    let (engine, _) = pool::start(Config::default().workers_max(1).stall(Duration::from_secs(10)));
    let mut ring = engine.ring(&small()).expect("a ring");
    pool::occupy(&mut ring, &reader, 1);
    for (flags, is_published) in [
        (CallFlags::ASYNC, true),
        (CallFlags::ASYNC, false),
        (CallFlags::SYNC, true),
        (CallFlags::SYNC, false),
    ] {
        for round in 0..3 {
            let pushed = fill(&mut ring, &reader, flags);
            assert!(pushed > 20, "{flags:?}, round {round}: {pushed}");
            if is_published {
                ring.submit();
            }
            remove_all(&mut ring, pushed);
        }
    }
    writer.write_all(b"x").expect("room");
    assert_eq!(one(&mut ring).result, 1);

    let mut ring = ring_with(Config::default().workers_max(0), &small());
    for _ in 0..3 {
        let pushed = fill(&mut ring, &reader, CallFlags::NONE);
        remove_all(&mut ring, pushed);
    }
}

/// Stops all calls but the one that keeps the worker, and takes their completions in.
fn remove_all(ring: &mut Ring, count: usize) {
    let removed = ring.cancel(Which::UserData(0));
    assert_eq!(removed.removed as usize, count, "{removed:?}");
    let done = drain(ring);
    assert_eq!(done.len(), count);
    assert!(done.iter().all(|done| done.result == ECANCELED));
}

/// RING-23: behind a call that is to be made nothing is forgotten, and it is made once.
#[test]
fn the_living_stay() {
    for is_published in [true, false] {
        let (reader, mut writer) = pipe();
        let (engine, _) = pool::start(Config::default().workers_max(1).stall(Duration::from_secs(10)));
        let mut ring = engine.ring(&small()).expect("a ring");
        pool::occupy(&mut ring, &reader, 1);
        let living = |word: u64| getpid().user_data(word).flags(CallFlags::ASYNC).build();
        push(&mut ring, &living(7)).expect("accepted");
        let dead = fill(&mut ring, &reader, CallFlags::ASYNC);
        if is_published {
            ring.submit();
        }
        assert_eq!(ring.cancel(Which::UserData(0)).removed as usize, dead);
        assert_eq!(drain(&mut ring).len(), dead);
        // What is published stands behind the one that lives; what is not has room again.
        let again = fill(&mut ring, &reader, CallFlags::ASYNC);
        assert_eq!(again, if is_published { 0 } else { dead });
        assert_eq!(ring.cancel(Which::UserData(0)).removed as usize, again);
        assert_eq!(drain(&mut ring).len(), again);
        writer.write_all(b"x").expect("room");
        ring.wait(2, None).expect("waited");
        let mut done: Vec<_> = drain(&mut ring).iter().map(|done| (done.user_data, done.result)).collect();
        done.sort_unstable();
        assert_eq!(done, [(1, 1), (7, pid())]);
    }
}
