//! The end of engines and rings, with calls that still run. Alone in its process, because it counts threads.

use std::io::{PipeReader, Read, Write};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use syslet::attrs::DeadlineAsked;
use syslet::{
    AttributeFlags, AttributeId, CallFlags, Config, DoneFlags, Engine, Errno, Params, Refusal, Ring,
    RingError, RunningCall, StartError, Submission, SubmissionBuilder, Which,
};
use syslet_tests::{look, rig};

use syslet_tests::look::{alone, engine_threads, until, workers_in};
use syslet_tests::rig::{drain, getpid, pid, pipe, push};

/// Only a test that would hang reaches it.
const LONG: Duration = Duration::from_secs(60);
const CANCELLED: i64 = -(libc::ECANCELED as i64);

fn start(config: Config) -> (Engine, Ring) {
    let engine = Engine::start(config).expect("an engine");
    let ring = engine.ring(&Params::default()).expect("a ring");
    (engine, ring)
}

/// A read that a worker makes.
fn read(reader: &PipeReader) -> SubmissionBuilder {
    let read = Submission::call(libc::SYS_read).int(reader.as_raw_fd().into()).output(8).value(8);
    read.flags(CallFlags::ASYNC)
}

/// Submits a read, and gives the worker that sleeps in it.
fn sleep_in_read(ring: &mut Ring, read: SubmissionBuilder) -> i32 {
    push(ring, &read.build()).expect("accepted");
    ring.submit();
    until("a worker sleeps in the read", || workers_in(libc::SYS_read).len() == 1);
    workers_in(libc::SYS_read)[0]
}

fn until_no_thread_is_left() {
    until("the engine's threads end", || engine_threads().is_empty());
}

/// POOL-21: the call that still runs is listed, those queued never run, no more are taken, and what is complete can
/// be read; closing again waits again, and then nothing is left.
#[test]
fn shutdown_has_a_deadline() {
    let _alone = alone();
    let (engine, mut ring) = start(Config::default().workers_max(1));
    let (reader, mut writer) = pipe();
    let tid = sleep_in_read(&mut ring, read(&reader).user_data(1)).cast_unsigned();
    for number in 2..5 {
        push(&mut ring, &read(&reader).user_data(number).build()).unwrap();
    }
    ring.submit();
    push(&mut ring, &getpid().user_data(5).build()).unwrap();
    push(&mut ring, &rig::sync(getpid()).user_data(6).build()).unwrap();
    let running = [RunningCall { nr: libc::SYS_read.try_into().unwrap(), user_data: 1, tid }];
    assert_eq!(engine.close(Duration::from_millis(1)).unwrap_err().calls, running);
    assert_eq!(push(&mut ring, &getpid().build()).unwrap_err().refusal(), Refusal::CLOSED);
    assert_eq!(engine.ring(&Params::default()).unwrap_err(), RingError::Closed);
    assert_eq!(ring.wait(5, None), Ok(5));
    let mut seen = drain(&mut ring);
    seen.sort_by_key(|done| done.user_data);
    assert!(seen.iter().map(|done| done.user_data).eq(2..7));
    let never_ran = DoneFlags::NOT_RUN.with(DoneFlags::ENGINE_RESULT);
    assert!(seen.iter().all(|done| done.result == CANCELLED && done.flags == never_ran), "{seen:?}");
    assert_eq!(engine.close(Duration::from_millis(1)).unwrap_err().calls, running);
    writer.write_all(b"x").unwrap();
    assert_eq!(engine.close(LONG), Ok(()));
    until_no_thread_is_left();
    assert_eq!(engine.close(Duration::ZERO), Ok(()), "all is over");
    assert_eq!(ring.wait(1, None), Ok(1));
    let done = drain(&mut ring).remove(0);
    assert_eq!((done.user_data, done.result, done.data()), (1, 1, &b"x"[..]));
}

/// POOL-21: two threads may close at once, without a deadline; both return when it is over.
#[test]
fn two_close_at_once() {
    let _alone = alone();
    let (engine, mut ring) = start(Config::default());
    let (reader, mut writer) = pipe();
    sleep_in_read(&mut ring, read(&reader));
    let (tell, told) = mpsc::channel();
    let closers: Vec<_> = (0..2)
        .map(|_| {
            let (engine, tell) = (engine.clone(), tell.clone());
            thread::spawn(move || {
                tell.send(nix::unistd::gettid().as_raw()).unwrap();
                engine.close(Duration::MAX)
            })
        })
        .collect();
    for tid in told.iter().take(2) {
        until("it waits for the call", || look::is_asleep_in(tid, libc::SYS_futex));
    }
    writer.write_all(b"x").unwrap();
    until("both return", || closers.iter().all(thread::JoinHandle::is_finished));
    assert!(closers.into_iter().all(|closer| closer.join().unwrap() == Ok(())));
    until_no_thread_is_left();
}

/// POOL-21: an idle engine is closed as soon as its threads have ended; nothing runs that could be listed.
#[test]
fn an_idle_engine_closes() {
    let _alone = alone();
    for _ in 0..20 {
        let (engine, mut ring) = start(Config::default());
        assert_eq!(rig::run(&mut ring, getpid().flags(CallFlags::ASYNC)).result, pid());
        assert_eq!(engine.close(LONG), Ok(()));
        until_no_thread_is_left();
    }
}

/// POOL-21: what waits for a thread that the system refuses ends with the engine.
#[test]
fn an_engine_closes_while_threads_are_refused() {
    let _alone = alone();
    let is_refusing = Arc::new(AtomicBool::new(false));
    let gate = Arc::clone(&is_refusing);
    let config = Config::default()
        .workers_max(4)
        .spawn_gate(move || if gate.load(Ordering::Relaxed) { Err(Errno(libc::EAGAIN)) } else { Ok(()) });
    let (engine, mut ring) = start(config);
    is_refusing.store(true, Ordering::Relaxed);
    let (reader, mut writer) = pipe();
    sleep_in_read(&mut ring, read(&reader));
    for _ in 0..3 {
        push(&mut ring, &read(&reader).build()).unwrap();
    }
    ring.submit();
    until("a thread was refused", || engine.stats().spawns_refused > 0);
    assert_eq!(engine.close(Duration::from_millis(1)).unwrap_err().calls.len(), 1);
    assert_eq!(ring.wait(3, None), Ok(3));
    assert!(drain(&mut ring).iter().all(|done| done.result == CANCELLED));
    writer.write_all(b"x").unwrap();
    assert_eq!(engine.close(LONG), Ok(()));
    until_no_thread_is_left();
    assert_eq!(ring.wait(1, None), Ok(1));
}

/// POOL-4: an engine whose first worker cannot be started does not start, and leaves no thread, no descriptor and no
/// child behind.
#[test]
fn a_failed_start_leaves_nothing() {
    let _alone = alone();
    until_no_thread_is_left();
    let before = look::descriptors();
    for _ in 0..10 {
        let config = Config::default().spawn_gate(|| Err(Errno(libc::EAGAIN)));
        assert_eq!(Engine::start(config).err(), Some(StartError::Thread(nix::Error::EAGAIN)));
    }
    until_no_thread_is_left();
    assert_eq!(look::descriptors(), before);
    let all = nix::sys::wait::WaitPidFlag::WNOHANG | nix::sys::wait::WaitPidFlag::__WALL;
    assert_eq!(nix::sys::wait::waitpid(None, Some(all)), Err(nix::Error::ECHILD));
}

/// POOL-22: a submitter ends, and its ring with it. The calls are cancelled; what was lent stays open until they are over,
/// and is closed then. A ring that is leaked cancels nothing: memory that outlives the call gets its bytes.
#[test]
fn submitter_exits_with_calls_in_flight() {
    static BUFFER: [AtomicU8; 8] = [const { AtomicU8::new(0) }; 8];
    let _alone = alone();
    let engine = Engine::start(Config::default()).unwrap();
    for is_leaked in [true, false] {
        let (reader, mut writer) = pipe();
        let (into_buffer, mut to_buffer) = pipe();
        let lent = Arc::new(reader);
        let is_open = Arc::downgrade(&lent);
        let address = BUFFER.as_ptr().expose_provenance() as u64;
        let fd = into_buffer.as_raw_fd().into();
        let to_memory = Submission::call(libc::SYS_read).int(fd).value(address).value(8).build();
        let mut ring = engine.ring(&Params::default()).unwrap();
        let submitter = thread::spawn(move || {
            let lending = Submission::call(libc::SYS_read).lend(&lent).output(8).value(8);
            ring.push_safe(&lending.flags(CallFlags::ASYNC).build()).unwrap();
            push(&mut ring, &to_memory).unwrap();
            ring.submit();
            drop(lent);
            until("workers sleep in both", || workers_in(libc::SYS_read).len() == 2);
            if is_leaked {
                std::mem::forget(ring);
            }
        });
        submitter.join().unwrap();
        if is_leaked {
            assert_eq!((workers_in(libc::SYS_read).len(), is_open.strong_count()), (2, 1));
            to_buffer.write_all(b"leaked..").unwrap();
            until("the bytes arrive", || BUFFER[0].load(Ordering::Relaxed) == b'l');
            writer.write_all(b"x").unwrap();
        }
        until("all calls are over", || workers_in(libc::SYS_read).is_empty());
        if !is_leaked {
            until("the last reader is gone", || writer.write_all(b"x").is_err());
            until("its owner is gone", || is_open.strong_count() == 0);
            to_buffer.write_all(b"dropped.").unwrap();
            assert_eq!(BUFFER[0].load(Ordering::Relaxed), b'l', "nobody has read");
        }
    }
    assert_eq!(engine.close(LONG), Ok(()));
    until_no_thread_is_left();
}

/// POOL-22: what was lent to calls of a dropped ring is closed, to those that never ran and to those that ran, although
/// somebody still has what could wake or cancel them, and an alarm is set for hours later.
#[test]
fn a_held_handle_keeps_no_descriptor() {
    let _alone = alone();
    let (engine, mut ring) = start(Config::default().workers_max(1));
    let lent: Vec<_> = (0..5).map(|_| pipe()).map(|(reader, writer)| (Arc::new(reader), writer)).collect();
    let later = DeadlineAsked::After(3_600_000_000_000).emit();
    for (number, (reader, _)) in lent.iter().enumerate() {
        let read = Submission::call(libc::SYS_read).lend(reader).output(8).value(8).flags(CallFlags::ASYNC);
        let read = read.attribute(AttributeId::DEADLINE, AttributeFlags::NONE, &later);
        ring.push_safe(&read.build()).unwrap();
        if number == 0 {
            ring.submit();
            until("a worker sleeps in the first", || workers_in(libc::SYS_read).len() == 1);
        }
    }
    let instant = Submission::call(libc::SYS_lseek).lend(&lent[4].0).value(0).value(0);
    ring.push_safe(&instant.clone().build()).unwrap();
    ring.submit();
    ring.push_safe(&instant.flags(CallFlags::ASYNC).build()).unwrap();
    let handles = (ring.waker(), ring.canceller().unwrap(), engine.canceller().unwrap());
    assert!(lent.iter().all(|(reader, _)| Arc::strong_count(reader) > 1));
    drop(ring);
    until("all of them are given back", || lent.iter().all(|(reader, _)| Arc::strong_count(reader) == 1));
    handles.0.wake();
    let are_gone =
        || [&handles.1, &handles.2].map(|handle| handle.cancel(Which::All).is_nothing()) == [true; 2];
    until("the ring itself is gone", are_gone);
    until("nothing is in flight", || engine.stats().in_flight == 0);
    drop(handles);
    assert_eq!(engine.close(LONG), Ok(()));
    until_no_thread_is_left();
}

/// POOL-22: dropping ring and engine waits for nobody. What is queued never runs, pushed or submitted; what runs is
/// cancelled, and the threads end after it.
#[test]
fn a_drop_never_waits() {
    let _alone = alone();
    let (engine, mut ring) = start(Config::default().workers_max(1));
    let (reader, _writer) = pipe();
    let (mut witness, mark) = pipe();
    sleep_in_read(&mut ring, read(&reader));
    let write = Submission::call(libc::SYS_write).int(mark.as_raw_fd().into()).input(b"x").value(1);
    for flags in [CallFlags::ASYNC, CallFlags::NONE, CallFlags::SYNC] {
        push(&mut ring, &write.clone().flags(flags).build()).unwrap();
        ring.submit();
        push(&mut ring, &write.clone().flags(flags).build()).unwrap();
    }
    drop(ring);
    drop(engine);
    until_no_thread_is_left();
    drop(mark);
    let mut written = Vec::new();
    witness.read_to_end(&mut written).unwrap();
    assert!(written.is_empty(), "what was queued has run");
}

/// POOL-22: calls that end with their ring are not in flight any more, whichever way they were queued; nor is one that ran,
/// soon.
#[test]
fn a_dropped_ring_leaves_nothing_in_flight() {
    let _alone = alone();
    let (engine, mut ring) = start(Config::default().workers_max(1));
    let (reader, _writer) = pipe();
    sleep_in_read(&mut ring, read(&reader));
    for flags in [CallFlags::ASYNC, CallFlags::NONE, CallFlags::SYNC] {
        push(&mut ring, &getpid().flags(flags).build()).unwrap();
        ring.submit();
        push(&mut ring, &getpid().flags(flags).build()).unwrap();
    }
    assert_eq!(engine.stats().in_flight, 7);
    drop(ring);
    assert!(engine.stats().in_flight <= 1, "the read");
    until("the read is over", || engine.stats().in_flight == 0);
    assert_eq!(engine.close(LONG), Ok(()));
    until_no_thread_is_left();
}

/// POOL-48: no descriptor of an engine outlives its close and its drop, not even for the moment in which its last thread ends.
#[test]
fn a_closed_engine_leaves_no_descriptor_for_later() {
    let _alone = look::alone_with_threads();
    let before = look::descriptors();
    for round in 0..60 {
        let (engine, mut ring) = start(Config::default());
        push(&mut ring, &getpid().flags(CallFlags::ASYNC).build()).expect("accepted");
        ring.wait(1, Some(LONG)).expect("waited");
        drop(ring);
        engine.close(LONG).expect("all have ended");
        drop(engine);
        assert_eq!(look::descriptors(), before, "round {round}");
    }
}
