//! What programs open they close, whatever becomes of them. Alone in its process, because it counts descriptors.
#![allow(unsafe_code, reason = "programs use what they open, and a pipe that outlives them")]

use std::os::fd::AsRawFd as _;
use std::time::Duration;

use nix::unistd::{pipe, write};
use syslet::attrs::DeadlineAsked;
use syslet::program::Program;
use syslet::program::build::calls::{close, openat, read};
use syslet::{AttributeFlags, AttributeId, CallFlags, Config, Engine, Params, Ring, Ticket, Which};
use syslet_tests::look;

/// Programs in one storm.
const PROGRAMS: u64 = 2_000;

/// Opens two files, reads from a pipe, and closes both on the way out.
fn waiting(from: i32, flags: CallFlags, after: Option<Duration>) -> Program {
    let build = Program::build(|p| {
        p.flags(flags);
        if let Some(after) = after {
            let ns = u64::try_from(after.as_nanos()).unwrap_or(u64::MAX);
            p.attribute(AttributeId::DEADLINE, AttributeFlags::NONE, &DeadlineAsked::After(ns).emit());
        }
        let (path, buffer) = (p.path(c"/proc/self"), p.area(8));
        let flags = libc::O_PATH | libc::O_CLOEXEC;
        let one = p.call(openat(libc::AT_FDCWD, path, flags, 0)).or_stop();
        let other = p.call(openat(libc::AT_FDCWD, path, flags, 0)).or_stop();
        p.call(read(from, buffer, 1)).or_stop();
        p.finally(close(other));
        p.finally(close(one));
    });
    build.expect("a program")
}

fn push(ring: &mut Ring, program: &Program) -> Ticket {
    // SAFETY: see the top.
    unsafe { ring.push_program(program) }.expect("accepted")
}

/// A number that looks random and is the same each time.
fn draw(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// Half of the programs are cancelled at some moment, some are late, the others read what is there;
/// each has one completion, and nothing stays open.
fn storm(engine: &Engine) {
    let (reads, writes) = pipe().expect("a pipe");
    let mut ring = engine.ring(&Params { slots: 64, ..Params::default() }).expect("a ring");
    let (mut state, mut done) = (0x5eed_u64, 0);
    for number in 0..PROGRAMS {
        let flags = if draw(&mut state).is_multiple_of(2) { CallFlags::ASYNC } else { CallFlags::NONE };
        let after = draw(&mut state).is_multiple_of(5).then_some(Duration::from_micros(300));
        let ticket = push(&mut ring, &waiting(reads.as_raw_fd(), flags, after));
        ring.submit();
        if draw(&mut state).is_multiple_of(3) {
            ring.wait(1, Some(Duration::ZERO)).expect("waited");
        }
        if draw(&mut state).is_multiple_of(2) {
            ring.cancel(Which::Ticket(ticket));
        } else {
            assert_eq!(write(&writes, b"1"), Ok(1));
        }
        done += ring.completions().count() as u64;
        while number + 1 - done > 50 {
            // Somebody may have read what was another's.
            assert_eq!(write(&writes, b"1"), Ok(1));
            ring.wait(1, None).expect("waited");
            done += ring.completions().count() as u64;
        }
    }
    while done < PROGRAMS {
        assert_eq!(write(&writes, b"1"), Ok(1));
        ring.wait(1, None).expect("waited");
        done += ring.completions().count() as u64;
    }
    assert_eq!((done, ring.in_flight()), (PROGRAMS, 0));
}

/// Rings and engines are dropped and closed with programs queued, running, and in the middle of being handed over:
/// the way out of what has begun is run.
fn ends() {
    for how in 0..4 {
        let engine = Engine::start(Config::default().workers_max(2)).expect("an engine");
        let mut ring = engine.ring(&Params::default()).expect("a ring");
        let (reads, writes) = pipe().expect("a pipe");
        for flags in [CallFlags::NONE, CallFlags::ASYNC, CallFlags::NONE, CallFlags::ASYNC, CallFlags::NONE] {
            push(&mut ring, &waiting(reads.as_raw_fd(), flags, None));
        }
        ring.submit();
        ring.wait(1, Some(Duration::ZERO)).expect("waited");
        if how % 2 == 0 {
            // What waits in a read ends when nobody can write any more, or when it is stopped.
            ring.cancel(Which::All);
        }
        drop(writes);
        if how < 2 {
            engine.close(Duration::from_secs(60)).expect("all have ended");
        } else {
            drop(ring);
            engine.close(Duration::from_secs(60)).expect("all have ended");
        }
        drop(reads);
    }
}

/// SYSLET-11, SYSLET-12: nothing that programs have opened is open when they are over.
#[test]
fn nothing_stays_open() {
    let engine = Engine::start(Config::default().workers_max(8)).unwrap();
    let before = look::descriptors();
    storm(&engine);
    assert_eq!(look::descriptors(), before);
    ends();
    engine.close(Duration::from_secs(60)).unwrap();
    let after = look::descriptors();
    assert!(after <= before, "{after} open, {before} before");
}
