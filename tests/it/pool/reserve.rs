//! The reserve: calls that cannot sleep, and attempts, are made while all workers that there may be sleep.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use syslet::attrs::DeadlineAsked;
use syslet::{
    AttributeFlags, AttributeId, CallFlags, Config, DoneFlags, Engine, Params, Ring, Submission,
    SubmissionBuilder, Which,
};
use tempfile::NamedTempFile;

use crate::rig::{Seen, drain, getpid, pid, pipe, push};
use syslet_tests::pool;

const ASYNC: CallFlags = CallFlags::ASYNC;

/// A ring for so many calls.
fn ring_for(engine: &Engine, calls: usize) -> Ring {
    let slots = u32::try_from(calls + 64).expect("few");
    let params = Params { slots, submission_bytes: 1 << 20, completion_bytes: 1 << 20, ..Params::default() };
    engine.ring(&params).expect("a ring")
}

/// A file whose bytes are in memory, on a file system that says so.
fn scratch() -> NamedTempFile {
    let mut file =
        NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).expect("the target folder can be written");
    file.write_all(b"bytes").expect("it is a file");
    file
}

/// A wait on that word while it is 0.
fn futex_wait(word: &AtomicU32) -> SubmissionBuilder {
    let wait = u64::try_from(libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG).expect("positive");
    let call = Submission::call(libc::SYS_futex).value(word.as_ptr().expose_provenance() as u64);
    call.value(wait).value(0).value(0).value(0).value(0)
}

/// The end of all waits on that word.
fn futex_wake(word: &AtomicU32) -> SubmissionBuilder {
    let wake = u64::try_from(libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG).expect("positive");
    let call = Submission::call(libc::SYS_futex).value(word.as_ptr().expose_provenance() as u64);
    call.value(wake).value(u64::from(u32::MAX >> 1)).value(0).value(0).value(0)
}

fn flock(file: &File, operation: i32) -> SubmissionBuilder {
    Submission::call(libc::SYS_flock).int(file.as_raw_fd().into()).int(operation.into())
}

/// The next completion, in the manner of an event loop: no thread is in a wait.
#[track_caller]
fn polled(ring: &mut Ring) -> Seen {
    let mut seen = None;
    pool::until("a completion comes", || {
        seen = seen.take().or_else(|| ring.completions().next().map(|done| Seen::of(&done)));
        seen.is_some()
    });
    seen.expect("it has come")
}

/// Submits one call and polls for its completion.
#[track_caller]
fn submitted(ring: &mut Ring, call: SubmissionBuilder) -> Seen {
    push(ring, &call.user_data(7).build()).expect("accepted");
    ring.submit();
    let seen = polled(ring);
    assert_eq!(seen.user_data, 7);
    seen
}

/// The short calls that are answered while all workers sleep: those that cannot sleep, cached reads, and writes.
fn short_calls(ring: &mut Ring, file: &File, pipe: &impl AsRawFd) {
    for flags in [CallFlags::NONE, ASYNC] {
        assert_eq!(submitted(ring, getpid().flags(flags)).result, pid());
        let read =
            Submission::call(libc::SYS_pread64).int(file.as_raw_fd().into()).output(5).value(5).value(0);
        assert_eq!(submitted(ring, read.flags(flags)).data(), b"bytes");
        let write = Submission::call(libc::SYS_write).int(pipe.as_raw_fd().into()).input(b"x").value(1);
        assert_eq!(submitted(ring, write.flags(flags)).result, 1);
    }
}

fn until_all_sleep(engine: &Engine, workers: u32) {
    pool::until("all workers sleep", || engine.stats().blocked == workers);
}

/// Whatever the number of sleepers in front of them, calls that cannot sleep, cached reads, writes and the wake-up that ends
/// the sleepers are made, of this ring and of another, from a wait and without one.
fn behind_futex_waits(workers: u32, sleepers: usize) {
    let word = AtomicU32::new(0);
    let engine = Engine::start(Config::default().workers_max(workers)).expect("an engine");
    let (mut ring, mut other) = (ring_for(&engine, sleepers), ring_for(&engine, 64));
    let file = scratch();
    let (_reader, writer) = pipe();
    for _ in 0..sleepers {
        push(&mut ring, &futex_wait(&word).flags(ASYNC).build()).expect("accepted");
    }
    ring.submit();
    until_all_sleep(&engine, workers.min(u32::try_from(sleepers).expect("few")));
    short_calls(&mut ring, file.as_file(), &writer);
    short_calls(&mut other, file.as_file(), &writer);
    push(&mut ring, &getpid().build()).expect("accepted");
    assert_eq!(ring.wait(1, None), Ok(1));
    drain(&mut ring);
    // Those that have not begun find another value; the others are woken by a call behind them.
    word.store(1, Ordering::SeqCst);
    push(&mut other, &futex_wake(&word).flags(ASYNC).build()).expect("accepted");
    other.submit();
    assert!(polled(&mut other).result >= 0);
    let mut ended = Vec::new();
    while ended.len() < sleepers {
        ring.wait(1, None).expect("no signal");
        ended.extend(drain(&mut ring));
    }
    assert_eq!(ended.len(), sleepers);
    assert!(ended.iter().all(|seen| [0, -i64::from(libc::EAGAIN)].contains(&seen.result)));
}

/// POOL-57: at the limit, one below and one above it, and far beyond.
#[test]
fn short_calls_behind_sleepers() {
    for sleepers in [3, 4, 5, 60] {
        behind_futex_waits(4, sleepers);
    }
    behind_futex_waits(1, 2);
}

/// POOL-57: the same with the default limit.
#[test]
fn short_calls_behind_the_default_limit() {
    let max = Config::default().get_workers_max();
    let max_calls = usize::try_from(max).expect("few");
    behind_futex_waits(max, max_calls + 1);
}

/// POOL-57: 5,000 sleepers.
#[test]
fn short_calls_behind_thousands() {
    behind_futex_waits(16, 5_000);
}

/// POOL-58: a call that waits for a worker is asked again while all workers sleep: the waiter for a lock that is free gets it behind
/// those that wait for another lock, whenever it becomes free.
#[test]
fn a_free_lock_is_taken_behind_waiters_for_another() {
    const WORKERS: u32 = 3;
    let files = [scratch(), scratch(), scratch()];
    let again = |file: &NamedTempFile| File::open(file.path()).expect("it is there");
    let [held, other, free] = files.each_ref().map(again);
    let engine = Engine::start(Config::default().workers_max(WORKERS)).expect("an engine");
    let mut ring = ring_for(&engine, 64);
    for file in [&held, &other] {
        assert_eq!(submitted(&mut ring, flock(file, libc::LOCK_EX)).result, 0);
    }
    let waiters: Vec<File> = (0..WORKERS + 2).map(|_| again(&files[0])).collect();
    for (user_data, waiter) in (100..).zip(&waiters) {
        push(&mut ring, &flock(waiter, libc::LOCK_EX).flags(ASYNC).user_data(user_data).build())
            .expect("accepted");
    }
    ring.submit();
    until_all_sleep(&engine, WORKERS);
    let last = again(&files[1]);
    assert_eq!(submitted(&mut ring, flock(&free, libc::LOCK_EX).flags(ASYNC)).result, 0, "free at once");
    push(&mut ring, &flock(&last, libc::LOCK_EX).flags(ASYNC).user_data(8).build()).expect("accepted");
    ring.submit();
    push(&mut ring, &flock(&other, libc::LOCK_UN).flags(ASYNC).user_data(7).build()).expect("accepted");
    ring.submit();
    let [unlocked, locked] = [(); 2].map(|()| polled(&mut ring));
    assert_eq!((unlocked.result, locked.result), (0, 0));
    assert_eq!(unlocked.user_data + locked.user_data, 15, "free later");
    // The holder's own unlock, behind all waiters.
    push(&mut ring, &flock(&held, libc::LOCK_UN).flags(ASYNC).user_data(7).build()).expect("accepted");
    ring.submit();
    let mut waiters = waiters;
    for _ in 0..WORKERS + 3 {
        let seen = polled(&mut ring);
        assert_eq!(seen.result, 0, "{seen:?}");
        if seen.user_data == 7 {
            continue;
        }
        let index = usize::try_from(seen.user_data - 100).expect("few");
        // Its lock goes with it.
        waiters[index] = File::open("/dev/null").expect("it is there");
    }
}

/// POOL-58: a call that was put aside is cancelled at once, and ends at its deadline.
#[test]
fn calls_put_aside_are_stopped() {
    let word = AtomicU32::new(0);
    let engine = Engine::start(Config::default().workers_max(2)).expect("an engine");
    let mut ring = ring_for(&engine, 64);
    for user_data in 0..6 {
        push(&mut ring, &futex_wait(&word).flags(ASYNC).user_data(user_data).build()).expect("accepted");
    }
    ring.submit();
    until_all_sleep(&engine, 2);
    assert_eq!(submitted(&mut ring, getpid().flags(ASYNC)).result, pid(), "the others are put aside");
    assert_eq!(ring.cancel(Which::UserData(5)).removed, 1);
    let seen = polled(&mut ring);
    let gone = DoneFlags::CANCELLED.with(DoneFlags::NOT_RUN).with(DoneFlags::ENGINE_RESULT);
    assert_eq!((seen.user_data, seen.result, seen.flags), (5, -i64::from(libc::ECANCELED), gone));
    let late = DeadlineAsked::After(5_000_000).emit();
    let late = futex_wait(&word).flags(ASYNC).attribute(AttributeId::DEADLINE, AttributeFlags::NONE, &late);
    let seen = submitted(&mut ring, late);
    assert_eq!(seen.result, -i64::from(libc::ETIME));
    ring.cancel(Which::All);
    for _ in 0..5 {
        assert!(polled(&mut ring).result < 0);
    }
    engine.close(Duration::from_secs(10)).expect("nothing runs");
}

/// POOL-57: bytes that a worker's sleep waits for are written by a call behind it, and nothing is lost or doubled.
#[test]
fn readers_and_their_writer() {
    const READERS: usize = 40;
    let (reader, mut writer) = pipe();
    let engine = Engine::start(Config::default().workers_max(3)).expect("an engine");
    let mut ring = ring_for(&engine, READERS);
    for _ in 0..READERS {
        let read = Submission::call(libc::SYS_read).int(reader.as_raw_fd().into()).output(1).value(1);
        push(&mut ring, &read.flags(ASYNC).build()).expect("accepted");
    }
    ring.submit();
    until_all_sleep(&engine, 3);
    let bytes: Vec<u8> = (0..u8::try_from(READERS).expect("few")).collect();
    for chunk in bytes.chunks(7) {
        let write = Submission::call(libc::SYS_write).int(writer.as_raw_fd().into()).input(chunk);
        push(&mut ring, &write.value(chunk.len() as u64).flags(ASYNC).user_data(9).build())
            .expect("accepted");
    }
    ring.submit();
    let (mut read, mut written) = (Vec::new(), 0);
    pool::until("all are read", || {
        for seen in drain(&mut ring) {
            if seen.user_data == 9 { written += seen.result } else { read.extend_from_slice(seen.data()) }
        }
        read.len() == READERS
    });
    read.sort_unstable();
    assert_eq!((read, written), (bytes, i64::try_from(READERS).expect("few")));
    writer.flush().expect("a pipe");
}

/// POOL-57: a call that the reserve puts aside at the moment when the one worker has become free, and has looked, is that worker's all the same.
#[test]
fn a_call_put_aside_as_a_worker_becomes_free_is_made() {
    let engine = Engine::start(Config::default().workers_max(1)).expect("an engine");
    let mut ring = ring_for(&engine, 8);
    let (first, mut frees_first) = pipe();
    let (second, mut frees_second) = pipe();
    let read = |from: &std::io::PipeReader, word| {
        Submission::call(libc::SYS_read)
            .int(from.as_raw_fd().into())
            .output(1)
            .value(1)
            .user_data(word)
            .flags(ASYNC)
    };
    for round in 0..400_u32 {
        pool::occupy(&mut ring, &first, 1);
        // The reserve is there, and has nothing to do.
        push(&mut ring, &getpid().flags(ASYNC).build()).expect("room");
        ring.submit();
        assert_eq!(polled(&mut ring).result, pid());
        push(&mut ring, &read(&second, 2).build()).expect("room");
        std::thread::scope(|scope| {
            let frees_first = &mut frees_first;
            scope.spawn(move || {
                (0..round * 8).for_each(|_| std::hint::spin_loop());
                frees_first.write_all(b"x").expect("room");
            });
            ring.submit();
        });
        assert_eq!(polled(&mut ring).user_data, 1);
        frees_second.write_all(b"x").expect("room");
        assert_eq!(polled(&mut ring).user_data, 2, "round {round}");
    }
}

/// POOL-57, POOL-21: a call that the reserve has in its hands as the engine is closed ends as a queued one.
#[test]
fn a_call_put_aside_as_the_engine_closes_ends() {
    let (first, mut frees) = pipe();
    let (second, _others) = pipe();
    let read = Submission::call(libc::SYS_read).int(second.as_raw_fd().into()).output(1).value(1);
    for round in 0..150_u32 {
        let engine = Engine::start(Config::default().workers_max(1)).expect("an engine");
        let mut ring = ring_for(&engine, 8);
        pool::occupy(&mut ring, &first, 1);
        // The reserve is there, and has nothing to do.
        push(&mut ring, &getpid().flags(ASYNC).build()).expect("room");
        ring.submit();
        assert_eq!(polled(&mut ring).result, pid());
        push(&mut ring, &read.clone().user_data(2).flags(ASYNC).build()).expect("room");
        std::thread::scope(|scope| {
            scope.spawn(|| {
                (0..round * 16).for_each(|_| std::hint::spin_loop());
                assert!(engine.close(Duration::ZERO).is_err(), "the first call runs");
            });
            ring.submit();
        });
        let ended = polled(&mut ring);
        assert_eq!((ended.user_data, ended.result), (2, -i64::from(libc::ECANCELED)), "round {round}");
        frees.write_all(b"x").expect("room");
        assert_eq!(polled(&mut ring).user_data, 1);
    }
}
