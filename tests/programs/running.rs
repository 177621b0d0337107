//! Who runs a program, and what single calls of it are asked.

use std::os::fd::AsRawFd as _;
use std::time::Duration;

use syslet::attrs::{AtomsValue, RunBy, TimingValue, WorkerValue};
use syslet::program::build::calls::{getppid, read, write};
use syslet::program::{Builder, Call, Number, Program, Test};
use syslet::{
    AttributeFlags, AttributeId, CallFlags, Config, DoneFlags, Engine, Escalation, Params, Status, Which,
};

use crate::rig::{everywhere, next, pipe_ends, program, push, ring, run, until_blocked};

/// SYSLET-19: where a call would block, a worker goes on with the same registers, values and bytes, and makes nothing twice.
#[test]
fn another_thread_goes_on() {
    let engine = Engine::start(Config::default().workers_max(1)).unwrap();
    let mut ring = engine.ring(&Params::default()).unwrap();
    let ((reads, writes), from, _) = pipe_ends();
    let ((counted, _counts), _, counts) = pipe_ends();
    let waiting = program(CallFlags::NONE, |p| {
        p.attribute(AttributeId::WORKER, AttributeFlags::NONE, &[]);
        p.attribute(AttributeId::TIMING, AttributeFlags::NONE, &[]);
        let (mark, buffer, kept) = (p.bytes(b"1"), p.area(16), p.area(8));
        let n = p.register(40);
        p.call(write(counts, mark, 1)).or_stop();
        p.store(kept, syslet::program::Width::U8, 7);
        let ppid = p.call(getppid()).or_stop();
        p.add(n, 2);
        p.call(read(from, buffer, 16)).or_stop();
        p.call(write(counts, mark, 1)).or_stop();
        p.stop_if(ppid, Test::zero());
        p.stop_if(n, Test::equal(42));
    });
    push(&mut ring, &waiting).unwrap();
    ring.wait(1, Some(Duration::ZERO)).unwrap();
    until_blocked(&engine, 1);
    nix::unistd::write(&writes, b"sixteen bytes in").unwrap();
    let came = next(&mut ring);
    assert_eq!(came.end(), (42, DoneFlags::NONE));
    assert_eq!((&came.data()[..16], came.data()[16]), (&b"sixteen bytes in"[..], 7));
    assert!(came.atoms().iter().all(|(_, _, runs, _)| *runs == 1));
    let mut marks = [0; 8];
    assert_eq!(nix::unistd::read(&counted, &mut marks), Ok(2));
    let worker = WorkerValue::parse(came.answer(AttributeId::WORKER).unwrap().1).unwrap();
    assert_eq!((worker.run_by, worker.attempts), (RunBy::POOLED, 2));
    let timing = TimingValue::parse(came.answer(AttributeId::TIMING).unwrap().1).unwrap();
    assert!(timing.queued_ns <= timing.started_ns && timing.started_ns < timing.finished_ns);
    assert!(reads.as_raw_fd() > 2);
}

/// SYSLET-20: ASYNC of an atom sends the rest to a worker; STORAGE keeps a call here that could block.
#[test]
fn atoms_have_flags_of_their_own() {
    let (_ends, reads, writes) = pipe_ends();
    let mut ring = ring(2);
    for (is_away, is_storage, expected) in [
        (false, true, (RunBy::INLINE, 1)),
        (true, true, (RunBy::POOLED, 2)),
        (true, false, (RunBy::POOLED, 2)),
    ] {
        let mixed = program(CallFlags::NONE, |p| {
            p.attribute(AttributeId::WORKER, AttributeFlags::NONE, &[]);
            let (word, buffer) = (p.bytes(b"word"), p.area(8));
            p.call(getppid()).value();
            let call = write(writes, word, 4);
            p.call(if is_storage { call.storage() } else { call }).value();
            let call = read(reads, buffer, 8).storage();
            p.call(if is_away { call.away() } else { call }).value();
        });
        let came = run(&mut ring, &mixed);
        assert_eq!(came.result, 4);
        let worker = WorkerValue::parse(came.answer(AttributeId::WORKER).unwrap().1).unwrap();
        assert_eq!((worker.run_by, worker.attempts), expected, "{is_away} {is_storage}");
    }
}

/// SYSLET-24, SYSLET-30: attributes of one call are answered in ATOMS; those that would change the thread are not for one call,
/// and those that mean nothing for a program say so.
#[test]
fn single_calls_are_asked() {
    everywhere(
        |p| {
            for id in [AttributeId::CACHE, AttributeId::CHECKSUM] {
                p.attribute(id, AttributeFlags::NONE, &[]);
            }
            let nice = syslet::attrs::Nice::payload(5);
            p.call(getppid().timing().attribute(AttributeId::NICE, AttributeFlags::NONE, &nice)).value();
            p.call(getppid().attribute(AttributeId(0x7000), AttributeFlags::REQUIRED, &[])).value();
        },
        |came| {
            for id in [AttributeId::CACHE, AttributeId::CHECKSUM] {
                assert_eq!(came.answer(id), Some((Status::INAPPLICABLE, &[][..])));
            }
            assert_eq!(came.end(), (-i64::from(libc::EOPNOTSUPP), DoneFlags::ENGINE_RESULT));
            let (_, value) = came.answer(AttributeId::ATOMS).unwrap();
            let entries: Vec<_> = AtomsValue::parse(value).unwrap().entries().collect();
            let first: Vec<_> = entries[0].returns().map(|answer| (answer.id, answer.status)).collect();
            assert_eq!(
                first,
                [(AttributeId::TIMING, Status::HANDLED), (AttributeId::NICE, Status::INAPPLICABLE)]
            );
            let timing = TimingValue::parse(entries[0].returns().next().unwrap().value).unwrap();
            assert!(timing.started_ns > 0 && timing.finished_ns >= timing.started_ns);
            assert!(entries[1].flags.contains(DoneFlags::NOT_RUN));
            let second: Vec<_> = entries[1].returns().map(|answer| answer.status).collect();
            assert_eq!(second, [Status::UNSUPPORTED]);
        },
    );
}

/// SYSLET-30: what is answered of an atom is of the last time: nothing of an earlier one, if it was not made then.
#[test]
fn answers_are_of_the_last_time() {
    everywhere(
        |p| {
            let (area, offset) = (p.area(64), p.register(0));
            p.repeat(|p| {
                let getcwd = Call::<Number>::new(libc::SYS_getcwd).arg(area.plus(offset)).arg(8);
                p.call(getcwd.timing()).value();
                p.break_if(offset, Test::non_zero());
                p.set(offset, 64_u64);
            });
        },
        |came| {
            let (_, value) = came.answer(AttributeId::ATOMS).unwrap();
            let entry = AtomsValue::parse(value).unwrap().entries().next().unwrap();
            assert_eq!((entry.runs, entry.value.0), (2, -i64::from(libc::EFAULT)));
            assert_eq!(entry.returns().count(), 0);
        },
    );
}

/// SYSLET-31: nothing of atoms is kept where ATOMS is not asked for, and the program is the same.
#[test]
fn without_atoms_nothing_is_told() {
    let plain = syslet::program::Program::build(|p| {
        p.call(getppid().timing()).value();
    })
    .unwrap();
    for workers_max in [0, 2] {
        let came = run(&mut ring(workers_max), &plain);
        assert_eq!((came.result, came.returns.len()), (i64::from(nix::unistd::getppid().as_raw()), 0));
    }
}

/// SYSLET-25: a short transfer is continued until its count.
#[test]
fn short_transfers_are_continued() {
    let ((_reads, writes), from, _) = pipe_ends();
    let mut ring = ring(2);
    let whole = program(CallFlags::NONE, |p| {
        let buffer = p.area(8);
        p.call(read(from, buffer, 8).until_count()).value();
    });
    push(&mut ring, &whole).unwrap();
    ring.submit();
    for part in [&b"in"[..], b" ", b"parts"] {
        nix::unistd::write(&writes, part).unwrap();
    }
    let came = next(&mut ring);
    assert_eq!((came.end(), came.data()), ((8, DoneFlags::NONE), &b"in parts"[..]));
}

/// SYSLET-23: a deadline of one call stops that call, and the program goes on by its test.
#[test]
fn single_calls_are_late() {
    let (_ends, never, _) = pipe_ends();
    let mut ring = ring(2);
    for flags in [CallFlags::NONE, CallFlags::ASYNC] {
        let bounded = program(flags, |p| {
            let (buffer, n) = (p.area(8), p.register(0));
            p.repeat(|p| {
                p.add(n, 1);
                let came = p.call(read(never, buffer, 8).within(Duration::from_millis(5))).value();
                p.stop_if(came, Test::errno(&[libc::ETIME]).not());
                p.break_if(n, Test::equal(3));
            });
            p.stop_if(n, Test::non_zero());
        });
        let came = run(&mut ring, &bounded);
        assert_eq!(came.end(), (3, DoneFlags::NONE));
        let (_, cut, runs, value) = came.atoms()[1];
        assert_eq!((runs, value), (3, -i64::from(libc::ETIME)));
        assert!(cut.contains(DoneFlags::CANCELLED));
    }
}

/// SYSLET-23, CANCEL-4: one call of a program is stopped by its number, and no other; the program goes on.
#[test]
fn single_calls_are_cancelled() {
    let mut ring = ring(1);
    let (_ends, never, _) = pipe_ends();
    let waiting = program(CallFlags::ASYNC, |p| {
        let buffer = p.area(8);
        p.call(getppid()).value();
        p.call(read(never, buffer, 8).stoppable()).value();
        p.call(getppid()).value();
    });
    for _ in 0..20 {
        let ticket = push(&mut ring, &waiting).unwrap();
        ring.submit();
        assert!(ring.cancel(Which::Atom(ticket, 2)).is_nothing());
        while ring.cancel(Which::Atom(ticket, 1)).is_nothing() {}
        let came = next(&mut ring);
        assert_eq!(came.end(), (i64::from(nix::unistd::getppid().as_raw()), DoneFlags::NONE));
        assert!(came.atoms()[1].1.contains(DoneFlags::CANCELLED), "{:?}", came.atoms());
        assert!(ring.cancel(Which::Atom(ticket, 1)).is_nothing());
    }
}

/// CANCEL-18: a program is signalled and not given up, though it holds nothing of the application's.
#[test]
fn programs_are_not_given_up() {
    let engine = Engine::start(Config::default().workers_max(1)).unwrap();
    let mut ring = engine.ring(&Params::default()).unwrap();
    let (_ends, never, _) = pipe_ends();
    let ((told, _tells), _, tells) = pipe_ends();
    let waiting = program(CallFlags::ASYNC, |p| {
        let (mark, buffer) = (p.bytes(b"1"), p.area(8));
        p.call(write(tells, mark, 1)).or_stop();
        p.call(read(never, buffer, 8)).value();
    });
    push(&mut ring, &waiting).unwrap();
    ring.submit();
    // A worker has it.
    nix::unistd::read(&told, &mut [0]).unwrap();
    let found = ring.cancel_with(Which::All, Escalation::default().abandon_after(Duration::ZERO));
    assert_eq!((found.signalled, found.kept), (1, 1));
    assert!(!next(&mut ring).flags.contains(DoneFlags::ABANDONED));
    assert_eq!(engine.stats().abandoned, 0);
}

/// SYSLET-13, SYSLET-29: a success whose way out has failed is not hidden by NO_COMPLETE.
#[test]
fn failures_on_the_way_out_are_not_silent() {
    for (workers_max, away) in [(0, CallFlags::NONE), (2, CallFlags::NONE), (2, CallFlags::ASYNC)] {
        let quiet = Program::build(|p| {
            p.flags(CallFlags::NO_COMPLETE.with(away));
            p.call(getppid()).value();
            p.finally(syslet::program::build::calls::close(-1));
        });
        let mut ring = ring(workers_max);
        push(&mut ring, &quiet.unwrap()).unwrap();
        assert_eq!(ring.wait(1, Some(Duration::from_secs(60))).unwrap(), 1);
        let ends: Vec<_> = ring.completions().map(|done| (done.result().0, done.flags())).collect();
        assert_eq!(ends, [(i64::from(nix::unistd::getppid().as_raw()), DoneFlags::FINALLY_FAILED)]);
    }
}

/// SYSLET-20, SYSLET-29: NO_COMPLETE hides a success, and no error.
#[test]
fn successes_can_be_silent() {
    for workers_max in [0, 2] {
        let mut ring = ring(workers_max);
        let quiet = |fails: bool| {
            Program::build(|p: &mut Builder<'_>| {
                p.flags(CallFlags::NO_COMPLETE);
                p.call(getppid()).value();
                if fails {
                    p.call(syslet::program::build::calls::close(-1)).value();
                }
            })
            .unwrap()
        };
        push(&mut ring, &quiet(false)).unwrap();
        push(&mut ring, &quiet(true)).unwrap();
        assert_eq!(next(&mut ring).end(), (-i64::from(libc::EBADF), DoneFlags::NONE));
        assert_eq!(ring.in_flight(), 0);
    }
}
