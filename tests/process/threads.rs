//! How many threads an engine has, and what they do when there is nothing to do. Alone in its process, because it
//! counts threads; its tests run one at a time.
#![allow(unsafe_code, reason = "pushes calls")]

use std::fs;
use std::io::{PipeReader, PipeWriter, Write};
use std::os::fd::AsRawFd;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::poll::{PollTimeout, poll};
use nix::sys::time::TimeValLike;
use nix::time::ClockId;
use syslet::{CallFlags, Config, Engine, Params, Ring, Submission};

/// Only against hanging.
const PATIENCE: Duration = Duration::from_secs(30);

fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[track_caller]
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "not so: {what}");
        thread::yield_now();
    }
}

/// Threads of this process whose name is of this kind: number and name.
fn threads(is_wanted: impl Fn(&str) -> bool) -> Vec<(i32, String)> {
    let tasks = fs::read_dir("/proc/self/task").expect("/proc is there");
    let mut found = Vec::new();
    for task in tasks.flatten() {
        // A thread may end between two looks.
        let name = fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        let tid = task.file_name().to_string_lossy().parse().expect("a number");
        if is_wanted(name.trim_end()) {
            found.push((tid, name.trim_end().to_owned()));
        }
    }
    found
}

fn is_worker(name: &str) -> bool {
    name.strip_prefix("syslet-").is_some_and(|number| number.parse::<u32>().is_ok())
}

/// The names of the workers there are.
fn workers() -> Vec<String> {
    threads(is_worker).into_iter().map(|(_, name)| name).collect()
}

/// How often a thread has gone to sleep, and how long it has run.
fn used(tid: i32) -> (u64, i64) {
    let status = fs::read_to_string(format!("/proc/self/task/{tid}/status")).expect("the thread lives");
    let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    let switches = line.and_then(|line| line.trim().parse().ok()).expect("a number");
    // How the kernel makes a thread's number a clock: its complement, above the bits for "a thread's" and "scheduled".
    let clock = ClockId::from_raw(!tid << 3 | 0b110);
    (switches, clock.now().expect("the thread lives").num_nanoseconds())
}

/// The same for all of these together.
fn used_by(threads: &[(i32, String)]) -> (u64, i64) {
    let each = threads.iter().map(|(tid, _)| used(*tid));
    each.fold((0, 0), |(switches, ns), (more, longer)| (switches + more, ns + longer))
}

fn push(ring: &mut Ring, submission: &Submission) {
    // SAFETY: the calls here have no addresses.
    unsafe { ring.push(submission) }.expect("accepted");
}

/// Pushes so many calls that sleep, for workers.
fn hold(ring: &mut Ring, count: usize) -> Vec<(PipeReader, PipeWriter)> {
    let mut held = Vec::new();
    for _ in 0..count {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        // A poll is known to sleep; a read is found to, if it matters.
        let fd = [reader.as_raw_fd().to_ne_bytes().as_slice(), &libc::POLLIN.to_ne_bytes(), &[0; 2]].concat();
        let call = Submission::call(libc::SYS_ppoll).inout(&fd).value(1).value(0).value(0).value(8);
        push(ring, &call.flags(CallFlags::ASYNC).build());
        held.push((reader, writer));
    }
    ring.submit();
    held
}

/// Ends those calls.
#[track_caller]
fn release(ring: &mut Ring, mut held: Vec<(PipeReader, PipeWriter)>) {
    held.iter_mut().for_each(|(_, writer)| writer.write_all(b"x").expect("written"));
    assert_eq!(ring.wait(held.len(), Some(PATIENCE)), Ok(held.len()));
    assert!(ring.completions().all(|done| done.result().0 == 1));
}

/// POOL-5: so many calls in flight, over and over, and never more workers than one above that, as the engine and the
/// kernel count them, whatever the calls are and however the workers meet. None retires meanwhile.
#[test]
fn pool_bounded_by_flight() {
    let _alone = alone();
    for (flight, rounds) in [(1, 5000), (2, 2000), (8, 400)] {
        let engine = Engine::start(Config::default().runnable_max(64)).unwrap();
        let mut ring = engine.ring(&Params::default()).unwrap();
        for round in 0..rounds {
            if round % 8 == 0 {
                let held = hold(&mut ring, flight);
                until("all sleep or are about to", || engine.stats().workers as usize >= flight);
                release(&mut ring, held);
            }
            for _ in 0..flight {
                push(&mut ring, &Submission::call(libc::SYS_getpid).flags(CallFlags::ASYNC).build());
                ring.submit();
            }
            assert_eq!(ring.wait(flight, Some(PATIENCE)), Ok(flight));
            assert_eq!(ring.completions().count(), flight);
            let workers = engine.stats().workers as usize;
            assert!(workers <= flight + 1, "{workers} workers for {flight} calls, round {round}");
        }
        assert!(workers().len() <= flight + 1, "{:?} for {flight} calls", workers());
        engine.close(PATIENCE).unwrap();
        assert_eq!(workers().len(), 0);
    }
}

/// POOL-4: workers that nobody needs end, but for the first, however long it has had nothing to do; and what
/// comes then is run as before.
#[test]
fn pool_idle_retires() {
    let _alone = alone();
    let engine = Engine::start(Config::default().idle(Duration::from_millis(10))).unwrap();
    let mut ring = engine.ring(&Params::default()).unwrap();
    until("it is there from the start, once it has named itself", || workers() == ["syslet-1"]);
    for _ in 0..3 {
        let held = hold(&mut ring, 8);
        until("all sleep", || engine.stats().blocked == 8);
        assert!(workers().len() >= 8);
        release(&mut ring, held);
        until("the others have ended", || engine.stats().workers == 1 && workers() == ["syslet-1"]);
        until("it is idle", || engine.stats().idle == 1);
        // Ten times as long as the others have waited, and as many looks of the monitor.
        assert_eq!(poll(&mut [], PollTimeout::from(100_u8)), Ok(0));
        assert_eq!((engine.stats().workers, workers().as_slice()), (1, &["syslet-1".to_owned()][..]));
    }
    engine.close(PATIENCE).unwrap();
}

/// What threads use while the caller wakes up a few times; gives that of the threads, then the caller's.
fn used_over_a_stretch(threads: &[(i32, String)]) -> [(u64, i64); 2] {
    let own = nix::unistd::gettid().as_raw();
    let before = [used_by(threads), used(own)];
    for _ in 0..20 {
        assert_eq!(poll(&mut [], PollTimeout::from(15_u8)), Ok(0));
    }
    let after = [used_by(threads), used(own)];
    [0, 1].map(|at| (after[at].0 - before[at].0, after[at].1 - before[at].1))
}

/// POOL-13, POOL-15: some time after the last call the workers and the monitor sleep for good: over a stretch of real
/// time in which this thread wakes up twenty times, they do not once, and use no time at all.
#[test]
fn pool_idle_burns_nothing() {
    let _alone = alone();
    let engine = Engine::start(Config::default().idle(Duration::from_hours(1))).unwrap();
    let mut ring = engine.ring(&Params::default()).unwrap();
    let held = hold(&mut ring, 8);
    until("all sleep", || engine.stats().blocked == 8);
    release(&mut ring, held);
    until("all are idle", || engine.stats().idle == engine.stats().workers);
    let all = threads(|name| name.starts_with("syslet-"));
    assert!(all.len() > 8, "{all:?}");
    let mut stretches = (0..40).map(|_| used_over_a_stretch(&all));
    let quiet = stretches.find(|[theirs, _]| theirs.0 == 0);
    let [theirs, own] = quiet.expect("the engine never stops waking up");
    assert!(own.0 >= 20 && own.1 > 0, "the stretch was real: {own:?}");
    assert_eq!(theirs, (0, 0), "of the engine, while this thread used {own:?}");
    // And it is not dead.
    let held = hold(&mut ring, 8);
    release(&mut ring, held);
    engine.close(PATIENCE).unwrap();
}

/// POOL-11: a stream of calls, each waited for, wakes no worker: calls that cannot sleep, storage, and a pipe that has
/// room and bytes. Three hundred at once do.
#[test]
fn a_stream_run_inline_wakes_no_thread() {
    let _alone = alone();
    let engine = Engine::start(Config::default()).unwrap();
    let mut ring = engine.ring(&Params::default()).unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    let calls = [
        Submission::call(libc::SYS_getpid).build(),
        Submission::call(libc::SYS_faccessat).int(libc::AT_FDCWD.into()).path(c"/").value(0).build(),
        Submission::call(libc::SYS_write).int(writer.as_raw_fd().into()).input(b"x").value(1).build(),
        Submission::call(libc::SYS_read).int(reader.as_raw_fd().into()).output(9).value(9).build(),
    ];
    // Where a pipe's write has no non-blocking attempt that keeps SIGPIPE away, it is a worker's.
    let has_quiet_writes = has_quiet_writes(&mut ring, &calls[2], &calls[3]);
    until("the worker sleeps", || engine.stats().idle == 1);
    let worker = threads(is_worker);
    let before = used_by(&worker);
    for _ in 0..5000 {
        for (at, call) in calls.iter().enumerate() {
            if at < 2 || has_quiet_writes {
                push(&mut ring, call);
                assert_eq!(ring.wait(1, Some(PATIENCE)), Ok(1));
                assert!(ring.completions().all(|done| done.result().0 >= 0));
            }
        }
    }
    assert_eq!(used_by(&worker), before, "what the worker has used");
    assert_eq!(engine.stats().workers, 1);
    // A call for workers, and it is woken.
    push(&mut ring, &Submission::call(libc::SYS_getpid).flags(CallFlags::ASYNC).build());
    assert_eq!(ring.wait(1, Some(PATIENCE)), Ok(1));
    until("the worker has been woken", || used_by(&worker) != before);
    engine.close(PATIENCE).unwrap();
}

/// Whether a write to a pipe runs inline here.
fn has_quiet_writes(ring: &mut Ring, write: &Submission, read: &Submission) -> bool {
    let worker = threads(is_worker);
    let before = used_by(&worker);
    for call in [write, read] {
        push(ring, call);
        assert_eq!(ring.wait(1, Some(PATIENCE)), Ok(1));
        assert_eq!(ring.completions().count(), 1);
    }
    used_by(&worker) == before
}
