//! Cancelling: what is found, what comes of the call, and that nobody else notices.

mod deadline;
mod engine;
mod names;

use std::io::Write;
use std::os::fd::AsRawFd;
use std::thread;

use syslet::abi::{Cancel, CancelBy};
use syslet::attrs::TraceValue;
use syslet::{
    AttributeFlags, AttributeId, CallFlags, Config, DoneFlags, Engine, Found, Params, Refusal, Ring,
    Submission, SubmissionBuilder, Which,
};

use crate::rig::{Seen, drain, getpid, pid, pipe, pooled, push, push_bytes, ring, ring_with, run};
use syslet_tests::pool;

const ECANCELED: i64 = -(libc::ECANCELED as i64);
const EINTR: i64 = -(libc::EINTR as i64);
const GONE: DoneFlags = DoneFlags::CANCELLED.with(DoneFlags::NOT_RUN).with(DoneFlags::ENGINE_RESULT);

fn read(reader: &impl AsRawFd) -> SubmissionBuilder {
    read_here(reader).flags(CallFlags::ASYNC)
}

fn read_here(reader: &impl AsRawFd) -> SubmissionBuilder {
    Submission::call(libc::SYS_read).int(reader.as_raw_fd().into()).output(8).value(8)
}

fn found(removed: u32, signalled: u32, over: u32, uninterruptible: u32) -> [u32; 4] {
    [removed, signalled, over, uninterruptible]
}

/// A worker that is about to make the call counts as blocked: the cancel comes before the call, or interrupts it.
#[track_caller]
fn assert_stopped(result: i64, flags: DoneFlags) {
    let legal = [(EINTR, DoneFlags::CANCELLED), (ECANCELED, GONE)];
    assert!(legal.contains(&(result, flags)), "{result} {flags:?}");
}

fn counts(found: Found) -> [u32; 4] {
    [found.removed, found.signalled, found.over, found.uninterruptible]
}

/// A ring with one worker, which sleeps until the pipe can be read.
fn one_busy_worker(reader: &impl AsRawFd) -> Ring {
    let engine = Engine::start(Config::default().workers_max(1)).expect("an engine");
    let mut ring = engine.ring(&Params::default()).expect("a ring");
    push(&mut ring, &pool::hold(reader).user_data(1).build()).expect("accepted");
    ring.submit();
    pool::until("the worker sleeps", || engine.stats().blocked == 1);
    ring
}

fn one(ring: &mut Ring) -> Seen {
    ring.wait(1, None).expect("waited");
    let mut seen = drain(ring);
    assert_eq!(seen.len(), 1, "{seen:?}");
    seen.remove(0)
}

/// CANCEL-1, CANCEL-7: a queued call is removed, by each of its names; its completion is there at once, although the only
/// worker sleeps, and its attributes have a status. What is behind it runs.
#[test]
fn queued_calls_are_removed() {
    let (reader, mut writer) = pipe();
    let (other, _keep) = pipe();
    let mut ring = one_busy_worker(&reader);
    for how in 0..4 {
        let trace = TraceValue { id: 70 }.payload();
        let call = read(&other).user_data(7).attribute(AttributeId::TRACE, AttributeFlags::NONE, &trace);
        let ticket = push(&mut ring, &call.build()).unwrap();
        if how % 2 == 0 {
            ring.submit();
        }
        assert!(ring.cancel(Which::Trace(7)).is_nothing() && ring.cancel(Which::UserData(70)).is_nothing());
        let fd = other.as_raw_fd();
        let which = [Which::Ticket(ticket), Which::UserData(7), Which::Fd(fd), Which::Trace(70)][how];
        assert_eq!(counts(ring.cancel(which)), found(1, 0, 0, 0), "{which:?}");
        let seen = one(&mut ring);
        assert_eq!((seen.user_data, seen.result, seen.flags), (7, ECANCELED, GONE));
        assert_eq!(seen.returns.len(), 2, "DATA and TRACE: {seen:?}");
        assert!(ring.cancel(Which::Ticket(ticket)).is_nothing(), "it is over and consumed");
    }
    push(&mut ring, &getpid().flags(CallFlags::ASYNC).user_data(9).build()).unwrap();
    ring.submit();
    writer.write_all(b"x").unwrap();
    ring.wait(2, None).unwrap();
    let mut seen = drain(&mut ring);
    seen.sort_by_key(|seen| seen.user_data);
    assert_eq!(
        seen.iter().map(|seen| (seen.user_data, seen.result)).collect::<Vec<_>>(),
        [(1, 1), (9, pid())]
    );
    assert_eq!(ring.in_flight(), 0);
}

/// CANCEL-4: a call that sleeps in a worker is interrupted; the worker goes on with the next.
#[test]
fn running_calls_are_interrupted() {
    let (reader, mut writer) = pipe();
    let mut ring = one_busy_worker(&reader);
    assert!(ring.cancel(Which::UserData(2)).is_nothing());
    assert_eq!(counts(ring.cancel(Which::UserData(1))), found(0, 1, 0, 0));
    let seen = one(&mut ring);
    assert_eq!(seen.user_data, 1);
    assert_stopped(seen.result, seen.flags);
    assert_eq!(run(&mut ring, getpid().flags(CallFlags::ASYNC)).result, pid());
    writer.write_all(b"still there").unwrap();
    assert_eq!(run(&mut ring, read(&reader)).data(), b"still th");
}

/// CANCEL-4: what was done before counts, with the flag: here a write of more than the pipe holds, in a worker and in a
/// thread of its own.
#[test]
fn a_partial_count_is_delivered() {
    [CallFlags::ASYNC, CallFlags::PRIVATE].into_iter().for_each(a_partial_write);
}

fn a_partial_write(flags: CallFlags) {
    let (reader, writer) = pipe();
    let mut ring = pooled();
    let big = vec![7_u8; 1 << 20];
    let address = big.as_ptr().expose_provenance() as u64;
    let write =
        Submission::call(libc::SYS_write).int(writer.as_raw_fd().into()).value(address).value(1 << 20);
    push(&mut ring, &write.flags(flags).build()).expect("accepted");
    ring.submit();
    pool::until("the pipe is full", || pool::unread(&reader) == 65_536);
    pool::until("it is interrupted", || {
        ring.cancel(Which::All);
        ring.wait(1, Some(std::time::Duration::ZERO)).expect("waited") == 1
    });
    let seen = drain(&mut ring).remove(0);
    assert_eq!((seen.result, seen.flags), (65_536, DoneFlags::CANCELLED));
}

/// CANCEL-4: the same where a vector or a message says how many bytes there are to move, and where another number than
/// theirs comes last.
#[test]
fn a_part_of_a_vector_is_one() {
    let big = vec![7_u8; 1 << 20];
    let vector = [big.as_ptr().expose_provenance() as u64, 1 << 20];
    let place = vector.as_ptr().expose_provenance() as u64;
    let message = [0, 0, place, 1, 0, 0, 0];
    let message = message.as_ptr().expose_provenance() as u64;
    let (seen, other) = std::os::unix::net::UnixStream::pair().expect("two sockets");
    let call = |nr: libc::c_long| Submission::call(nr).int(other.as_raw_fd().into());
    let mut ring = pooled();
    for call in [
        call(libc::SYS_writev).value(place).value(1),
        call(libc::SYS_sendmsg).value(message).value(0),
        call(libc::SYS_sendto).value(vector[0]).value(1 << 20).value(0).value(0).value(0),
    ] {
        push(&mut ring, &call.flags(CallFlags::ASYNC).build()).expect("accepted");
        ring.submit();
        pool::until("a part is there", || pool::unread(&seen) > 0);
        ring.cancel(Which::All);
        let done = one(&mut ring);
        assert!(done.result > 0 && done.result < 1 << 20, "{done:?}");
        assert_eq!(done.flags, DoneFlags::CANCELLED);
        let mut part = vec![0; usize::try_from(done.result).expect("a part")];
        std::io::Read::read_exact(&mut &seen, &mut part).expect("it is there");
        assert_eq!(pool::unread(&seen), 0, "no more than was told");
    }
}

/// CANCEL-7: a call of which the completion is posted is found over, one that is instant or with its submitter is found
/// where nobody interrupts it, and one that is consumed is not found at all.
#[test]
fn what_cannot_be_stopped() {
    let mut ring = pooled();
    let quick = Submission::call(libc::SYS_poll).value(0).value(0).int(1).flags(CallFlags::ASYNC);
    let ticket = push(&mut ring, &quick.build()).unwrap();
    ring.submit();
    pool::until("it is posted", || ring.wait(0, None).expect("ready") == 1);
    assert_eq!(counts(ring.cancel(Which::Ticket(ticket))), found(0, 0, 0, 0), "its completion was taken in");
    drain(&mut ring);
    push(&mut ring, &getpid().build()).unwrap();
    assert_eq!(counts(ring.cancel(Which::All)), found(0, 0, 0, 1));
    ring.submit_and_wait(1).unwrap();
    assert_eq!(drain(&mut ring)[0].result, pid());
    assert!(ring.cancel(Which::All).is_nothing() && ring.cancel(Which::Fd(-1)).is_nothing());
}

/// CANCEL-2, CANCEL-7: another thread stops a call that the ring's thread waits for, and all calls of a number; without
/// workers too, where a call sleeps in its submitter and is not interrupted.
#[test]
fn other_threads_cancel() {
    let (reader, mut writer) = pipe();
    let mut ring = one_busy_worker(&reader);
    let canceller = ring.canceller().unwrap();
    push(&mut ring, &read(&reader).user_data(3).build()).unwrap();
    ring.submit();
    let other = thread::spawn(move || {
        let [reads, polls] = [libc::SYS_read, libc::SYS_ppoll].map(|nr| u32::try_from(nr).expect("a number"));
        [reads, polls].map(|nr| counts(canceller.cancel(Which::Number(nr))))
    });
    ring.wait(2, None).unwrap();
    let mut seen = drain(&mut ring);
    seen.sort_unstable_by_key(|seen| seen.user_data);
    assert_eq!(seen.iter().map(|seen| seen.user_data).collect::<Vec<_>>(), [1, 3]);
    assert_stopped(seen[0].result, seen[0].flags);
    assert_eq!((seen[1].result, seen[1].flags), (ECANCELED, GONE));
    assert_eq!(other.join().unwrap(), [found(1, 0, 0, 0), found(0, 1, 0, 0)]);

    let mut alone = ring_without_workers();
    let canceller = alone.canceller().unwrap();
    push(&mut alone, &read_here(&reader).build()).unwrap();
    let own = nix::unistd::gettid().as_raw();
    let other = thread::spawn(move || {
        pool::until("it sleeps there", || pool::is_asleep_in(own, libc::SYS_read));
        let found = canceller.cancel(Which::All);
        writer.write_all(b"x").unwrap();
        found
    });
    alone.submit_and_wait(1).unwrap();
    assert_eq!(drain(&mut alone)[0].result, 1);
    let asked = other.join().unwrap();
    assert_eq!((counts(asked), asked.pending), (found(0, 0, 0, 0), 1));
}

fn ring_without_workers() -> Ring {
    ring()
}

/// CANCEL-1: in a ring without workers, too, what is queued is removed, and what is behind it runs.
#[test]
fn queued_calls_without_workers() {
    let mut ring = ring_without_workers();
    let call = |user_data| {
        Submission::call(libc::SYS_openat).int(-1).path(c"/").value(0).user_data(user_data).build()
    };
    let tickets: Vec<_> = (0..3).map(|at| push(&mut ring, &call(at)).unwrap()).collect();
    assert_eq!(counts(ring.cancel(Which::Ticket(tickets[1]))), found(1, 0, 0, 0));
    ring.submit_and_wait(3).unwrap();
    let seen = drain(&mut ring);
    let order: Vec<_> = seen.iter().map(|seen| (seen.user_data, seen.flags == GONE)).collect();
    assert_eq!(order, [(1, true), (0, false), (2, false)]);
    for fd in seen.iter().filter(|seen| seen.result >= 0).map(|seen| seen.result) {
        nix::unistd::close(i32::try_from(fd).unwrap()).unwrap();
    }
}

/// CANCEL-4: a call that brings a full signal mask along is interrupted.
#[test]
fn masked_calls_are_interrupted() {
    let (reader, _writer) = pipe();
    let (engine, mut ring) = pool::start(Config::default());
    let call = Submission::call(libc::SYS_ppoll).inout(&pool::pollfd(&reader)).value(1).value(0);
    push(&mut ring, &call.input(&[0xff; 8]).value(8).flags(CallFlags::ASYNC).build()).unwrap();
    ring.submit();
    pool::until("the worker sleeps", || engine.stats().blocked == 1);
    assert_eq!(counts(ring.cancel(Which::All)), found(0, 1, 0, 0));
    let seen = one(&mut ring);
    assert_stopped(seen.result, seen.flags);
}

/// CANCEL-12: a request as a record is carried out at once, and its own completion counts what it has stopped, or says why
/// nothing was; a full ring refuses it, and the method still works.
#[test]
fn requests_as_records() {
    let (reader, _writer) = pipe();
    let mut ring = one_busy_worker(&reader);
    let fd = u64::try_from(reader.as_raw_fd()).unwrap();
    let ask = |ring: &mut Ring, by: CancelBy, value: u64| {
        push_bytes(ring, &Cancel::by(99, by, value).emit()).expect("accepted");
        ring.wait(1, None).expect("waited");
        let (own, others): (Vec<_>, Vec<_>) = drain(ring).into_iter().partition(|seen| seen.user_data == 99);
        assert_eq!((own.len(), own[0].flags, own[0].returns.len()), (1, DoneFlags::NONE, 0));
        (own[0].result, others)
    };
    for user_data in 2..5 {
        push(&mut ring, &read(&reader).user_data(user_data).build()).unwrap();
    }
    assert_eq!(ask(&mut ring, CancelBy::USER_DATA, 7).0, -i64::from(libc::ENOENT));
    let (count, others) = ask(&mut ring, CancelBy::USER_DATA, 3);
    assert_eq!((count, others.len(), others[0].result), (1, 1, ECANCELED));
    let (count, others) = ask(&mut ring, CancelBy::FD, fd);
    assert_eq!((count, others.len()), (2, 2), "those queued: the worker's has its descriptor in memory");
    let ppoll = u64::try_from(libc::SYS_ppoll).unwrap();
    push_bytes(&mut ring, &Cancel::by(99, CancelBy::NUMBER, ppoll).emit()).unwrap();
    ring.wait(2, None).unwrap();
    let mut seen = drain(&mut ring);
    // The worker may post before the request is over.
    seen.sort_unstable_by_key(|seen| seen.user_data);
    assert_stopped(seen[0].result, seen[0].flags);
    assert_eq!((seen[1].user_data, seen[1].result), (99, 1));
    push(&mut ring, &getpid().build()).unwrap();
    assert_eq!(ask(&mut ring, CancelBy::ALL, 0).0, -i64::from(libc::EBUSY));
    let broken = push_bytes(&mut ring, &Cancel::by(0, CancelBy(9), 0).emit());
    assert_eq!(broken.unwrap_err().refusal(), Refusal::RESERVED_BIT);

    let params = Params { slots: 1, ..Params::default() };
    let mut full = ring_with(Config::default(), &params);
    push(&mut full, &read(&reader).build()).unwrap();
    let request = Cancel::by(0, CancelBy::ALL, 0).emit();
    assert!(push_bytes(&mut full, &request).unwrap_err().is_full());
    assert_eq!(full.cancel(Which::All).removed, 1);
}
