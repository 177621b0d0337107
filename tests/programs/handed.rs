//! Programs that wait for a worker, begun and then handed over: whatever becomes of them there, they leave by the way out.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::time::Duration;

use syslet::attrs::DeadlineAsked;
use syslet::program::build::calls::{getppid, read, write};
use syslet::program::{Builder, Program};
use syslet::{
    AttributeFlags, AttributeId, CallFlags, Config, DoneFlags, Engine, Params, Ring, Ticket, Which,
};

use crate::rig::{next, pipe_ends, program, push};

/// Against hanging only.
const LONG: Duration = Duration::from_secs(60);

/// The user_data of programs that are handed over.
const HANDED: u64 = 7;

/// Pushes a program that is to be handed over.
fn hand(ring: &mut Ring, mut program: Program) -> Ticket {
    program.set_user_data(HANDED);
    push(ring, &program).expect("accepted")
}

/// A ring of an engine whose only worker reads from that descriptor until somebody stops it.
fn busy(never: i32) -> (Engine, Ring) {
    let ((begun, _kept), _, tells) = pipe_ends();
    let engine = Engine::start(Config::default().workers_max(1)).expect("an engine");
    let mut ring = engine.ring(&Params::default()).expect("a ring");
    let sleeping = program(CallFlags::ASYNC, |p| {
        let (begun, buffer) = (p.bytes(b"!"), p.area(8));
        p.call(write(tells, begun, 1)).value();
        p.call(read(never, buffer, 8)).value();
    });
    push(&mut ring, &sleeping).expect("accepted");
    ring.submit();
    nix::unistd::read(&begun, &mut [0]).expect("read");
    (engine, ring)
}

/// Begins where it is submitted, must be handed over to sleep, and tells when it leaves.
fn handed<'p>(p: &mut Builder<'p>, never: i32, tells: i32) {
    let (begun, left, buffer) = (p.bytes(b"begun "), p.bytes(b"left"), p.area(8));
    p.call(write(tells, begun, 6).storage()).or_stop();
    p.call(read(never, buffer, 8)).or_stop();
    p.finally(write(tells, left, 4).storage());
}

/// What a program that was handed over tells, once it has left; nothing else comes.
fn told(reads: OwnedFd, tells: OwnedFd) -> String {
    let mut reads = File::from(reads);
    let mut told = vec![0; "begun left".len()];
    reads.read_exact(&mut told).expect("read");
    drop(tells);
    reads.read_to_end(&mut told).expect("read");
    String::from_utf8(told).expect("text")
}

/// SYSLET-11, SYSLET-21: cancelled while it waits to be gone on with, a program leaves by the way out, and its call does not begin.
#[test]
fn cancelled_between_two_threads() {
    let (_ends, never, _) = pipe_ends();
    let ((reads, tells), _, to) = pipe_ends();
    let (_engine, mut ring) = busy(never);
    let ticket = hand(&mut ring, program(CallFlags::NONE, |p| handed(p, never, to)));
    ring.wait(1, Some(Duration::ZERO)).unwrap();
    ring.cancel(Which::Ticket(ticket));
    ring.cancel(Which::All);
    let came = [next(&mut ring), next(&mut ring)];
    let came = came.iter().find(|came| came.user_data == HANDED).expect("the one that was handed over");
    assert!(
        came.flags.contains(DoneFlags::CANCELLED) && !came.flags.contains(DoneFlags::NOT_RUN),
        "{came:?}"
    );
    assert_eq!(came.atoms().iter().map(|(atom, ..)| *atom).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(told(reads, tells), "begun left");
}

/// SYSLET-11, SYSLET-22: the same with a deadline.
#[test]
fn late_between_two_threads() {
    // Beside others a program may be late before it begins.
    assert!([5, 50, 500, 5_000].into_iter().any(late_once_begun), "it never began in time");
}

/// Whether the program began before its deadline, and all else is as it should be.
fn late_once_begun(after_ms: u64) -> bool {
    let (ends, never, _) = pipe_ends();
    let ((reads, tells), _, to) = pipe_ends();
    let (_engine, mut ring) = busy(never);
    let late = program(CallFlags::NONE, |p| {
        let asked = DeadlineAsked::After(1_000_000 * after_ms).emit();
        p.attribute(AttributeId::DEADLINE, AttributeFlags::REQUIRED, &asked);
        handed(p, never, to);
    });
    hand(&mut ring, late);
    ring.wait(1, Some(Duration::from_millis(after_ms + 5))).expect("waited");
    nix::unistd::write(&ends.1, b"go on").expect("written");
    let came = [next(&mut ring), next(&mut ring)];
    let came = came.iter().find(|came| came.user_data == HANDED).expect("the one that is late");
    assert_eq!(came.result, -i64::from(libc::ETIME));
    if came.flags.contains(DoneFlags::NOT_RUN) {
        return false;
    }
    assert_eq!(came.atoms().last().map(|(atom, ..)| *atom), Some(2));
    assert_eq!(told(reads, tells), "begun left");
    true
}

/// SYSLET-35: a ring, or an engine, that goes while a begun program waits: it leaves by the way out.
#[test]
fn nobody_is_left_to_go_on() {
    for is_ring in [false, true] {
        let (ends, never, _) = pipe_ends();
        let ((reads, tells), _, to) = pipe_ends();
        let (engine, mut ring) = busy(never);
        hand(&mut ring, program(CallFlags::NONE, |p| handed(p, never, to)));
        ring.wait(1, Some(Duration::ZERO)).unwrap();
        let mut ring = Some(ring).filter(|_| !is_ring);
        if !is_ring {
            engine.close(Duration::from_millis(1)).expect_err("its worker reads");
        }
        assert_eq!(told(reads, tells), "begun left");
        nix::unistd::write(&ends.1, b"go on").unwrap();
        engine.close(LONG).unwrap();
        if let Some(ring) = &mut ring {
            let came = [next(ring), next(ring)];
            let came =
                came.iter().find(|came| came.user_data == HANDED).expect("the one that was handed over");
            assert!(came.flags.contains(DoneFlags::CANCELLED) && came.result < 0, "{came:?}");
        }
    }
}

/// SYSLET-35, POOL-22: who drops a ring does not wait for a way out that sleeps; who closes the engine does, and is told of it
/// when that takes too long. What has left so is not in flight any more.
#[test]
fn dropping_does_not_wait_for_the_way_out() {
    let (ends, never, _) = pipe_ends();
    let ((waits, goes), from, _) = pipe_ends();
    let (engine, mut ring) = busy(never);
    hand(
        &mut ring,
        program(CallFlags::NONE, |p| {
            let buffer = p.area(8);
            p.call(getppid()).value();
            p.call(read(never, buffer, 8)).value();
            // Even in haste (SYSLET-38) so many take longer than the close waits.
            for _ in 0..40 {
                p.finally(read(from, buffer, 8));
            }
        }),
    );
    ring.wait(1, Some(Duration::ZERO)).unwrap();
    drop(ring);
    nix::unistd::write(&ends.1, b"go on").unwrap();
    let late = engine.close(Duration::from_millis(1)).expect_err("it sleeps");
    assert!(late.calls.iter().any(|call| call.user_data == HANDED), "{late:?}");
    nix::unistd::write(&goes, b"go on").unwrap();
    engine.close(LONG).unwrap();
    assert_eq!(engine.stats().in_flight, 0);
    drop(waits);
}

/// SYSLET-14: handed over on its way out, it is not reached by a cancel, whether a worker has it or not.
#[test]
fn leaving_in_another_thread() {
    let ((waits, goes), from, _) = pipe_ends();
    let (ends, never, _) = pipe_ends();
    for is_busy in [true, false] {
        let (_engine, mut ring) = busy(never);
        if !is_busy {
            ring.cancel(Which::All);
            next(&mut ring);
        }
        let leaving = program(CallFlags::NONE, |p| {
            let buffer = p.area(8);
            p.call(getppid()).value();
            p.finally(read(from, buffer, 8));
        });
        let ticket = hand(&mut ring, leaving);
        ring.wait(1, Some(Duration::ZERO)).unwrap();
        let found = ring.cancel(Which::Ticket(ticket));
        assert_eq!((found.removed, found.signalled), (0, 0), "{is_busy}");
        nix::unistd::write(&goes, b"go on").unwrap();
        ring.cancel(Which::All);
        let came: Vec<_> = (0..1 + usize::from(is_busy)).map(|_| next(&mut ring)).collect();
        let came = came.iter().find(|came| came.user_data == HANDED).expect("the one that leaves");
        assert_eq!(came.end(), (i64::from(nix::unistd::getppid().as_raw()), DoneFlags::NONE));
        assert_eq!(came.atoms()[1].3, 5);
    }
    drop((waits, ends));
}
