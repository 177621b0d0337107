//! Calls that are made at once, and those that would have been held up.
#![allow(unsafe_code, reason = "makes calls with bad addresses, and programs")]

use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use syslet::attrs::DeadlineAsked;
use syslet::program::Program;
use syslet::program::build::calls;
use syslet::{
    AttributeId, CallFlags, Config, DoneFlags, Engine, Executed, Params, Refusal, Ring, Submission, Which,
};
use syslet_tests::pool::{PATIENCE, unread};

use crate::observing::NONE;
use crate::rig::{self, Seen, drain, getpid, pid, pipe, push};

/// The completion of a call that is over.
#[track_caller]
fn over(executed: Executed<'_>) -> Seen {
    Seen::of(&executed.done().expect("it is over"))
}

fn rings() -> [Ring; 2] {
    [rig::ring(), rig::pooled()]
}

/// ENGINE-37: a call that nothing holds up is over at once, and leaves nothing in flight; it comes before those pushed.
#[test]
fn what_blocks_nowhere_is_over_at_once() {
    for mut ring in rings() {
        let (reader, writer) = pipe();
        let write = |byte: u8| {
            Submission::call(libc::SYS_write).int(writer.as_raw_fd().into()).input(&[byte]).value(1)
        };
        push(&mut ring, &write(2).flags(CallFlags::STORAGE).user_data(2).build()).unwrap();
        let first = write(1).flags(CallFlags::STORAGE).user_data(1).build();
        // SAFETY: the pipe is the test's own.
        let seen = over(unsafe { ring.exec(&first) }.unwrap());
        assert_eq!((seen.user_data, seen.end(), unread(&reader)), (1, (1, DoneFlags::NONE), 1));
        assert_eq!((ring.in_flight(), ring.completions().count()), (1, 0));
        assert_eq!(ring.wait(1, Some(PATIENCE)), Ok(1));
        assert_eq!((drain(&mut ring)[0].user_data, unread(&reader)), (2, 2));
    }
}

/// ENGINE-37: data and attributes come back with the completion; safe code needs no promise.
#[test]
fn data_and_attributes_come_back() {
    for mut ring in rings() {
        let file = Arc::new(File::open("/proc/self/exe").expect("there"));
        let read = Submission::call(libc::SYS_pread64).lend(&file).output(64).value(64).value(0);
        let read = read.timing().flags(CallFlags::STORAGE).user_data(9).build();
        for _ in 0..5 {
            let executed = ring.exec_safe(&read).unwrap();
            let done = executed.done().expect("storage holds up for a moment at most");
            assert_eq!((done.result().0, done.user_data()), (64, 9));
            assert_eq!(done.data().map(|data| &data[..4]), Some(&b"\x7fELF"[..]));
            assert!(done.timing().expect("asked for").finished_ns > 0);
        }
        assert_eq!(Arc::strong_count(&file), 2);
        let bad = Submission::call(libc::SYS_pread64).int(0).value(8).value(1).value(0).build();
        assert!(ring.exec_safe(&bad).is_err(), "an address");
    }
}

/// ENGINE-37: a call that would be held up is in flight, and has a ticket.
#[test]
fn what_would_sleep_is_in_flight() {
    let mut ring = rig::pooled();
    let (reader, mut writer) = pipe();
    let reader = Arc::new(reader);
    let read = Submission::call(libc::SYS_read).lend(&reader).output(1).value(1).user_data(5).build();
    let Executed::InFlight(_) = ring.exec_safe(&read).unwrap() else { panic!("nothing to read") };
    assert_eq!(ring.in_flight(), 1);
    writer.write_all(b"x").unwrap();
    assert_eq!(ring.wait(1, Some(PATIENCE)), Ok(1));
    let seen = drain(&mut ring).remove(0);
    assert_eq!((seen.user_data, seen.result, seen.data()), (5, 1, &b"x"[..]));
    let Executed::InFlight(ticket) = ring.exec_safe(&read).unwrap() else { panic!("nothing to read") };
    assert!(!ring.cancel(Which::Ticket(ticket)).is_nothing());
    assert_eq!(ring.wait(1, Some(PATIENCE)), Ok(1));
    assert!(drain(&mut ring)[0].flags.contains(DoneFlags::CANCELLED));
    let nap = [0_i64, 1_000_000].map(i64::to_ne_bytes).concat();
    let nap = Submission::call(libc::SYS_nanosleep).input(&nap).output(16).flags(CallFlags::ASYNC).build();
    let Executed::InFlight(_) = ring.exec_safe(&nap).unwrap() else { panic!("a worker's") };
    assert_eq!(ring.wait(1, Some(PATIENCE)), Ok(1));
    assert_eq!(Arc::strong_count(&reader), 2);
}

/// ENGINE-37: slot and room are there before the attempt; a refusal has run nothing.
#[test]
fn a_refusal_has_run_nothing() {
    let params = Params { slots: 2, ..Params::default() };
    for config in [rig::alone(), Config::default()] {
        let mut ring = rig::ring_with(config, &params);
        (0..2).for_each(|_| assert!(push(&mut ring, &getpid().build()).is_ok()));
        let (reader, writer) = pipe();
        let write = Submission::call(libc::SYS_write).int(writer.as_raw_fd().into()).input(b"x").value(1);
        // SAFETY: the pipe is the test's own.
        let refused = unsafe { ring.exec(&write.flags(CallFlags::STORAGE).build()) }.map(|_| ()).unwrap_err();
        assert_eq!((refused.refusal(), unread(&reader)), (Refusal::SLOTS_FULL, 0));
        assert_eq!(ring.wait(2, Some(PATIENCE)), Ok(2));
    }
}

/// ENGINE-37, ATTR-60: a call with a deadline that would have slept is stopped at its time, where a worker has it; one that is over at once
/// gives its room back each time.
#[test]
fn deadlines_hold_and_room_comes_back() {
    let mut ring = rig::pooled();
    let (reader, _writer) = pipe();
    let timed = |call: syslet::SubmissionBuilder, ns| {
        call.attribute(AttributeId::DEADLINE, NONE, &DeadlineAsked::After(ns).emit()).build()
    };
    let read = Submission::call(libc::SYS_read).int(reader.as_raw_fd().into()).output(1).value(1);
    // SAFETY: the pipe is the test's own.
    let executed = unsafe { ring.exec(&timed(read, 20_000_000)) }.map(|executed| executed.done().is_none());
    assert_eq!(executed.map_err(|refused| refused.refusal()), Ok(true), "there is nothing to read");
    assert_eq!(ring.wait(1, Some(PATIENCE)), Ok(1));
    assert_eq!(drain(&mut ring)[0].result, -i64::from(libc::ETIME));
    let call = timed(getpid(), 60_000_000_000);
    for _ in 0..20_000 {
        // SAFETY: the call has no effect.
        assert_eq!(over(unsafe { ring.exec(&call) }.expect("there is room")).result, pid());
    }
}

/// ENGINE-37, CANCEL-14: a canceller of all rings finds the call that `exec` is in.
#[test]
fn the_call_being_made_is_found() {
    let (engine, mut ring) = syslet_tests::pool::start(rig::alone());
    let canceller = engine.canceller().expect("at home");
    let (reader, mut writer) = pipe();
    let read = Submission::call(libc::SYS_read).int(reader.as_raw_fd().into()).output(1).value(1);
    let read = rig::sync(read).build();
    let other = std::thread::spawn(move || {
        let begun = std::time::Instant::now();
        let mut found = canceller.cancel(Which::All);
        while found.pending == 0 && begun.elapsed() < PATIENCE {
            std::thread::yield_now();
            found = canceller.cancel(Which::All);
        }
        writer.write_all(b"x").expect("room");
        found.pending
    });
    // SAFETY: the pipe is the test's own.
    let _seen = over(unsafe { ring.exec(&read) }.expect("there is room"));
    assert_eq!(other.join().expect("no panic"), 1);
}

/// ENGINE-37: that `exec` was promised a call does not make it one for safe code, however often.
#[test]
fn what_was_promised_is_not_safe() {
    for mut ring in rings() {
        let close = Submission::call(libc::SYS_close).int(-1).build();
        for _ in 0..4 {
            // SAFETY: there is no such descriptor.
            assert_eq!(over(unsafe { ring.exec(&close) }.unwrap()).result, -i64::from(libc::EBADF));
        }
        let refused = ring.exec_safe(&close).map(|_| ()).unwrap_err();
        assert_eq!(refused.refusal(), Refusal::NOT_SAFE_ROW);
    }
}

/// ENGINE-37: a call that a worker makes is published: its completion comes without a wait.
#[test]
fn what_a_worker_makes_is_published() {
    let mut ring = rig::pooled();
    let event = ring.event().expect("a descriptor");
    let call = getpid().flags(CallFlags::ASYNC).build();
    let Executed::InFlight(_) = ring.exec_safe(&call).unwrap() else { panic!("a worker's") };
    let mut seen = Vec::new();
    while seen.is_empty() {
        assert!(syslet_tests::pool::is_readable(&event, PATIENCE));
        seen = drain(&mut ring);
    }
    assert_eq!(seen[0].result, pid());
}

/// ENGINE-37: so are calls of which other threads have to know, and hidden successes.
#[test]
fn calls_with_slots_are_over_at_once() {
    for mut ring in rings() {
        let late = DeadlineAsked::After(60_000_000_000).emit();
        let timed = getpid().attribute(AttributeId::DEADLINE, NONE, &late).user_data(1).build();
        assert_eq!(over(ring.exec_safe(&timed).unwrap()).end(), (pid(), DoneFlags::NONE));
        let hidden = getpid().flags(CallFlags::NO_COMPLETE).user_data(2).build();
        let seen = over(ring.exec_safe(&hidden).unwrap());
        assert_eq!((seen.user_data, seen.result), (2, pid()));
        let _canceller = ring.canceller().expect("at home");
        let seen = over(ring.exec_safe(&getpid().user_data(3).build()).unwrap());
        assert_eq!((seen.user_data, seen.result), (3, pid()));
        assert_eq!(ring.in_flight(), 0);
    }
}

/// ENGINE-37: a program runs as far as nothing blocks.
#[test]
fn programs_run_as_far_as_nothing_blocks() {
    let program = Program::build(|p| {
        p.call(calls::getppid());
    })
    .unwrap();
    for mut ring in rings() {
        // SAFETY: the program reads its parent's number.
        let seen = over(unsafe { ring.exec_program(&program) }.unwrap());
        assert_eq!((seen.flags, ring.in_flight()), (DoneFlags::NONE, 0));
    }
}

/// ENGINE-38: any thread makes a call that is whole or nothing, without a ring; what would sleep has not happened.
#[test]
fn a_thread_without_a_ring_tries_a_call() {
    let engine = Engine::start(Config::default()).expect("an engine");
    let (reader, mut writer) = pipe();
    let reader = Arc::new(reader);
    let read = Submission::call(libc::SYS_read).lend(&reader).output(4).value(4).user_data(3).build();
    let tried = |submission: &Submission| engine.try_here_safe(submission).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                assert_eq!(tried(&getpid().build()).expect("instant").completion().result().0, pid());
            });
        }
    });
    assert!(tried(&read).is_none(), "there is nothing to read");
    writer.write_all(b"abcd").unwrap();
    let seen = tried(&read).expect("there is");
    assert_eq!((seen.completion().data(), seen.completion().user_data()), (Some(&b"abcd"[..]), 3));
    // A write to a pipe may be cut short, a call for workers is not this thread's.
    let write = Submission::call(libc::SYS_write).lend(&Arc::new(writer)).input(b"x").value(1);
    assert!(tried(&write.build()).is_none());
    assert!(tried(&getpid().flags(CallFlags::ASYNC).build()).is_none());
    assert_eq!(unread(&*reader), 0);
    engine.close(PATIENCE).unwrap();
    assert_eq!(engine.try_here_safe(&getpid().build()).map(|_| ()).unwrap_err().refusal(), Refusal::CLOSED);
}
