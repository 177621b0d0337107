//! Calls that only their submitter sees, and the moments at which other threads have to see them.

use std::fs::File;
use std::io::Read;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use syslet::attrs::DeadlineAsked;
use syslet::{
    AttributeId, CallFlags, Config, DoneFlags, Engine, Params, Refusal, Ring, Submission, SubmissionBuilder,
    Which,
};
use syslet_tests::pool::{PATIENCE, start, until, within};

use crate::observing::NONE;
use crate::rig::{self, drain, getpid, pid, pipe, push};

const CANCELLED: DoneFlags = DoneFlags::NOT_RUN.with(DoneFlags::ENGINE_RESULT).with(DoneFlags::CANCELLED);

/// A write of one byte.
fn write(writer: &impl AsRawFd, byte: u8) -> SubmissionBuilder {
    Submission::call(libc::SYS_write).int(writer.as_raw_fd().into()).input(&[byte]).value(1)
}

/// The words of the completions that are ready.
fn words(ring: &mut Ring) -> Vec<u64> {
    drain(ring).iter().map(|seen| seen.user_data).collect()
}

/// RING-24: without workers calls run in the order pushed, whether they wait in the lane or, for an attribute, in the ring.
#[test]
fn the_lane_and_the_ring_keep_the_order() {
    let mut ring = rig::ring();
    let (mut reader, writer) = pipe();
    let late = DeadlineAsked::After(60_000_000_000).emit();
    for byte in 0..40 {
        let call = write(&writer, byte).flags(CallFlags::STORAGE);
        let is_timed = byte % 7 == 3;
        let call = if is_timed { call.attribute(AttributeId::DEADLINE, NONE, &late) } else { call };
        push(&mut ring, &call.user_data(byte.into()).build()).expect("accepted");
        if byte % 10 == 9 {
            assert_eq!(ring.wait(2, None), Ok(2));
            assert_eq!(drain(&mut ring).len(), 2);
        }
    }
    let left = ring.in_flight();
    assert_eq!(ring.wait(left, None), Ok(left));
    assert_eq!(left, drain(&mut ring).len());
    let mut bytes = [0; 40];
    reader.read_exact(&mut bytes).expect("written");
    assert!(bytes.is_sorted(), "{bytes:?}");
}

/// RING-25: the lane takes as many calls as there are slots, and moving them out of it meets no lack of slots or room.
#[test]
fn what_is_counted_finds_its_slot() {
    let params = Params { slots: 64, ..Params::default() };
    for round in 0..3 {
        let engine = Engine::start(Config::default()).expect("an engine");
        let mut ring = engine.ring(&params).expect("a ring");
        let tickets: Vec<_> =
            (0..64).map(|word| push(&mut ring, &getpid().user_data(word).build()).expect("a slot")).collect();
        let refused = push(&mut ring, &getpid().build()).expect_err("no slot");
        assert_eq!((refused.refusal(), ring.in_flight()), (Refusal::SLOTS_FULL, 64));
        match round {
            0 => assert!(ring.submit() > 0),
            1 => drop(ring.canceller().expect("at home")),
            _ => assert!(!ring.cancel(Which::Ticket(tickets[7])).is_nothing()),
        }
        assert_eq!(ring.wait(64, Some(PATIENCE)), Ok(64));
        let mut seen = words(&mut ring);
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..64));
        let gone = |ticket: &syslet::Ticket| ring.cancel(Which::Ticket(*ticket)).is_nothing();
        assert!(tickets.iter().all(gone), "a ticket names no later call");
    }
}

/// RING-25: a ticket names its call in the lane, when the call has got a slot, and when another thread asks.
#[test]
fn a_ticket_stays_valid() {
    let mut ring = rig::pooled();
    let (reader, _writer) = pipe();
    let read = Submission::call(libc::SYS_read).int(reader.as_raw_fd().into()).output(1).value(1);
    let tickets: Vec<_> =
        (0..4).map(|word| push(&mut ring, &read.clone().user_data(word).build()).unwrap()).collect();
    assert_eq!(ring.cancel(Which::Ticket(tickets[1])).removed, 1);
    let canceller = ring.canceller().expect("at home");
    let (second, third) = (tickets[2], tickets[3]);
    let found = thread::spawn(move || canceller.cancel(Which::Ticket(second))).join().expect("no panic");
    assert_eq!(found.removed + found.pending, 1, "{found:?}");
    assert_eq!(ring.wait(2, Some(PATIENCE)), Ok(2));
    let mut seen = drain(&mut ring);
    seen.sort_by_key(|seen| seen.user_data);
    assert_eq!(
        seen.iter().map(|seen| (seen.user_data, seen.flags)).collect::<Vec<_>>(),
        [(1, CANCELLED), (2, CANCELLED)]
    );
    ring.submit();
    until("the calls sleep", || {
        let found = ring.cancel(Which::Ticket(third));
        found.signalled > 0 || found.removed > 0 || found.over > 0
    });
    assert!(!ring.cancel(Which::Ticket(tickets[0])).is_nothing());
    assert_eq!(ring.wait(2, Some(PATIENCE)), Ok(2));
}

/// RING-26: the calls behind one that holds its submitter up are run by workers, with what they were lent; each once.
#[test]
fn what_waits_behind_a_stuck_call_is_run() {
    within(|| {
        let (engine, mut ring) = start(Config::default().stall(Duration::from_micros(100)));
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let path = std::ffi::CString::new(fifo.to_str().unwrap()).unwrap();
        let open = Submission::call(libc::SYS_openat)
            .int(libc::AT_FDCWD.into())
            .path(&path)
            .int(libc::O_RDONLY.into());
        let null = Arc::new(File::open("/dev/null").unwrap());
        for round in 0..20 {
            push(&mut ring, &open.clone().value(0).user_data(100).build()).unwrap();
            for word in 0..8 {
                let fstat = Submission::call(libc::SYS_fstat).lend(&null).output(size_of::<libc::stat>());
                ring.push_safe(&fstat.user_data(word).build()).unwrap();
            }
            let (fifo, stats) = (fifo.clone(), engine.clone());
            let release = thread::spawn(move || {
                // The open is over as well where a child that another test has forked still holds the last round's writer.
                until("others are done without it", || stats.stats().in_flight <= 1);
                std::fs::OpenOptions::new().write(true).open(fifo).unwrap()
            });
            assert_eq!(ring.wait(9, Some(PATIENCE)), Ok(9), "round {round}");
            let mut seen = words(&mut ring);
            seen.sort_unstable();
            assert!(seen.into_iter().eq((0..8).chain([100])));
            drop(release.join().unwrap());
        }
        assert_eq!(Arc::strong_count(&null), 1, "what was lent is given back");
    });
}

/// RING-27: a request for all rings finds the calls of a lane pending, and the lane's owner carries it out: those that it
/// names never begin.
#[test]
fn a_request_for_all_rings_reaches_the_lane() {
    for config in [rig::alone(), Config::default()] {
        let (engine, mut ring) = start(config);
        let (reader, _writer) = pipe();
        let fd = reader.as_raw_fd();
        for word in 0..6 {
            let fcntl =
                Submission::call(libc::SYS_fcntl).int(fd.into()).value(libc::F_GETFL.unsigned_abs().into());
            push(&mut ring, &fcntl.value(0).flags(CallFlags::STORAGE).user_data(word % 2).build()).unwrap();
        }
        let canceller = engine.canceller().expect("at home");
        let found = thread::spawn(move || canceller.cancel(Which::UserData(1))).join().expect("no panic");
        assert!(found.pending + found.removed > 0, "{found:?}");
        assert_eq!(ring.wait(6, Some(PATIENCE)), Ok(6));
        for seen in drain(&mut ring) {
            let is_named = seen.user_data == 1;
            // A call that cannot sleep is over before a request could matter.
            assert!(
                seen.flags == DoneFlags::NONE && seen.result >= 0 || is_named && seen.flags == CANCELLED,
                "{seen:?}"
            );
        }
    }
}

/// RING-27: a request is carried out before the calls of the lane go to workers, and before another call is pushed.
#[test]
fn a_request_comes_before_what_happens_next() {
    let ways: [fn(&mut Ring); 3] = [
        |ring| assert!(ring.submit() > 0),
        |ring| assert!(ring.wait(0, None).is_ok()),
        |ring| assert!(push(ring, &getpid().user_data(1).build()).is_ok()),
    ];
    for (way, next) in ways.iter().enumerate() {
        let (engine, mut ring) = start(Config::default());
        let (reader, _writer) = pipe();
        let read = Submission::call(libc::SYS_read).int(reader.as_raw_fd().into()).output(1).value(1);
        for word in 0..4 {
            push(&mut ring, &read.clone().user_data(word % 2).build()).unwrap();
        }
        let canceller = engine.canceller().expect("at home");
        let found = thread::spawn(move || canceller.cancel(Which::UserData(1))).join().expect("no panic");
        assert_eq!(found.pending, 4, "a lane does not tell what is in it");
        next(&mut ring);
        let is_pushed = usize::from(way == 2);
        let mut seen = drain(&mut ring);
        assert_eq!(seen.len(), 2, "way {way}: they are cancelled already");
        while seen.len() < 2 + is_pushed {
            assert_ne!(ring.wait(1, Some(PATIENCE)), Ok(0), "way {way}: {seen:?}");
            seen.extend(drain(&mut ring));
        }
        let ends =
            |flags: DoneFlags| seen.iter().filter(|seen| seen.user_data == 1 && seen.flags == flags).count();
        assert_eq!((ends(CANCELLED), ends(DoneFlags::NONE)), (2, is_pushed), "way {way}: {seen:?}");
        assert_eq!(ring.cancel(Which::UserData(1)), syslet::Found::default());
        assert!(!ring.cancel(Which::All).is_nothing());
        assert_eq!(ring.wait(2, Some(PATIENCE)), Ok(2));
    }
}

/// RING-28: an application that reads nothing is refused in the end, with and without attributes.
#[test]
fn unread_completions_fill_the_ring() {
    let params =
        Params { completion_bytes: 4096, completion_record_max: 1024, slots: 64, ..Params::default() };
    for (config, call) in [
        (rig::alone(), getpid()),
        (Config::default(), getpid()),
        (rig::alone(), getpid().timing()),
        (Config::default(), getpid().timing()),
    ] {
        let mut ring = rig::ring_with(config, &params);
        let call = call.build();
        // Once they are read they take their room in the buffer, and those in flight theirs in the ring.
        let refused = (0..2 * 4096 / 24 + 64).find_map(|_| {
            let refused = ring.push_safe(&call).err();
            ring.wait(usize::MAX, Some(Duration::ZERO)).expect("no signal");
            refused
        });
        assert!(refused.is_some_and(|refused| refused.is_full()));
    }
}

/// RING-28: where completions that were not read leave no room, the others wait in the ring, and none is lost or comes twice.
#[test]
fn unread_completions_leave_the_others_in_the_ring() {
    let params =
        Params { completion_bytes: 4096, completion_record_max: 1024, slots: 64, ..Params::default() };
    for config in [rig::alone(), Config::default()] {
        let engine = Engine::start(config).expect("an engine");
        let mut ring = engine.ring(&params).expect("a ring");
        let (mut pushed, mut read) = (0_u64, Vec::new());
        for _ in 0..200 {
            let call = Submission::call(libc::SYS_getcwd).output(200).value(200).user_data(pushed).build();
            if ring.push_safe(&call).is_ok() {
                pushed += 1;
            }
            let _waited = ring.wait(64, Some(Duration::ZERO)).expect("no signal");
            // One in three is read.
            if pushed.is_multiple_of(3) {
                read.extend(ring.completions().take(1).map(|done| done.user_data()));
            }
        }
        while read.len() as u64 != pushed {
            ring.wait(1, Some(PATIENCE)).expect("no signal");
            for done in ring.completions() {
                assert!(done.data().is_some());
                read.push(done.user_data());
            }
        }
        // Workers may have run some of them, in an order of their own.
        read.sort_unstable();
        assert!(read.into_iter().eq(0..pushed));
        assert_eq!(ring.in_flight(), 0);
    }
}

/// RING-29: a closed engine ends the calls of a lane without running them; a dropped ring gives back what they were lent.
#[test]
fn the_lane_ends_with_engine_and_ring() {
    for config in [rig::alone(), Config::default()] {
        let (engine, mut ring) = start(config);
        let null = Arc::new(File::open("/dev/null").expect("there"));
        let fstat = Submission::call(libc::SYS_fstat).lend(&null).output(size_of::<libc::stat>()).build();
        (0..5).for_each(|_| assert!(ring.push_safe(&fstat).is_ok()));
        engine.close(PATIENCE).expect("nothing runs");
        let ends: Vec<_> = drain(&mut ring).iter().map(rig::Seen::end).collect();
        let refused = (-i64::from(libc::ECANCELED), DoneFlags::NOT_RUN.with(DoneFlags::ENGINE_RESULT));
        assert_eq!(ends, [refused; 5]);
        drop(ring);
        let (_engine, mut ring) = start(Config::default());
        (0..5).for_each(|_| assert!(ring.push_safe(&fstat).is_ok()));
        assert_eq!(Arc::strong_count(&null), 7, "each call has its share");
        drop(ring);
        assert_eq!(Arc::strong_count(&null), 2, "the submission has one");
    }
}

/// RING-24: what is pushed and published goes to workers; a result of the lane is that of the plain call.
#[test]
fn a_submitted_lane_is_the_workers() {
    within(|| {
        let (_engine, mut ring) = start(Config::default());
        let event = ring.event().expect("a descriptor");
        (0..50).for_each(|word| assert!(push(&mut ring, &getpid().user_data(word).build()).is_ok()));
        assert!(ring.submit() > 0);
        let mut seen = Vec::new();
        while seen.len() < 50 {
            assert!(syslet_tests::pool::is_readable(&event, PATIENCE), "workers post them");
            seen.extend(drain(&mut ring));
        }
        assert!(seen.iter().all(|seen| seen.result == pid()));
    });
}
