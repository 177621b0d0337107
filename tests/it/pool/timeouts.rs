//! Relative times count from when the submitter first tried the call, however long it stood behind others.

use std::io::{PipeReader, Write};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};
use syslet::attrs::RunBy;
use syslet::{CallFlags, Config, Submission, SubmissionBuilder};

use crate::rig::{drain, pipe, push};
use syslet_tests::pool::{PATIENCE, ask_worker, hold, pollfd, start, timespec, timing, until, worker};

const LENGTH: Duration = Duration::from_millis(150);

fn nanoseconds(length: Duration) -> u64 {
    u64::try_from(length.as_nanos()).expect("not for ever")
}

/// poll, epoll_pwait, nanosleep and clock_nanosleep, each for the same length of time.
fn sleepers(silent: &PipeReader, epoll: &Epoll) -> Vec<SubmissionBuilder> {
    let ms = u64::try_from(LENGTH.as_millis()).expect("it fits");
    let mut calls = vec![
        Submission::call(libc::SYS_nanosleep).input(&timespec(LENGTH)).output(16),
        Submission::call(libc::SYS_clock_nanosleep)
            .int(libc::CLOCK_MONOTONIC.into())
            .value(0)
            .input(&timespec(LENGTH))
            .output(16),
        Submission::call(libc::SYS_epoll_pwait)
            .int(epoll.0.as_raw_fd().into())
            .output(12)
            .value(1)
            .value(ms)
            .value(0)
            .value(0),
    ];
    #[cfg(target_arch = "x86_64")]
    calls.extend([
        Submission::call(libc::SYS_poll).inout(&pollfd(silent)).value(1).value(ms),
        Submission::call(libc::SYS_epoll_wait).int(epoll.0.as_raw_fd().into()).output(12).value(1).value(ms),
    ]);
    let _ = silent;
    calls
}

/// TWIN-22, TWIN-29: the only worker sleeps in another call for longer than the times asked for. When it is free, all
/// of them are over: none sleeps again. And none is over too soon.
#[test]
fn relative_timeouts_count_once() {
    let (engine, mut ring) = start(Config::default().workers_max(1));
    let (held, mut release) = pipe();
    push(&mut ring, &hold(&held).user_data(100).build()).unwrap();
    ring.submit();
    until("the worker is held", || engine.stats().blocked == 1);

    let (silent, _writer) = pipe();
    let epoll = Epoll::new(EpollCreateFlags::empty()).unwrap();
    epoll.add(&silent, EpollEvent::new(EpollFlags::EPOLLIN, 0)).unwrap();
    let calls = sleepers(&silent, &epoll);
    let count = calls.len();
    for (number, call) in (0_u64..).zip(calls) {
        push(&mut ring, &call.timing().user_data(number).build()).unwrap();
    }
    let tried = Instant::now();
    while tried.elapsed() < LENGTH {
        assert_eq!(ring.wait(1, Some(LENGTH)), Ok(0), "they wait for the worker");
    }
    let released = Instant::now();
    release.write_all(b"x").unwrap();
    assert_eq!(ring.wait(count + 1, Some(PATIENCE)), Ok(count + 1));
    assert!(released.elapsed() < LENGTH, "somebody slept again: {:?}", released.elapsed());
    for done in drain(&mut ring).iter().filter(|done| done.user_data < 100) {
        let times = timing(done);
        assert_eq!(done.result, 0, "{done:?}");
        assert!(times.finished_ns - times.started_ns >= nanoseconds(LENGTH), "too soon: {times:?}");
    }
}

/// TWIN-23: ppoll says how much of its time was left, as the plain call does: less than was given, and not nothing.
#[test]
fn what_ppoll_writes_back_is_kept() {
    let (_engine, mut ring) = start(Config::default());
    let hour = timespec(Duration::from_hours(1));
    for flags in [CallFlags::NONE, CallFlags::ASYNC] {
        let (reader, mut writer) = pipe();
        let call = Submission::call(libc::SYS_ppoll).inout(&pollfd(&reader)).value(1);
        let call = call.inout(&hour).value(0).value(8).flags(flags);
        push(&mut ring, &call.build()).unwrap();
        assert_eq!(ring.wait(1, Some(Duration::from_millis(5))), Ok(0), "nothing to read yet");
        writer.write_all(b"x").unwrap();
        assert_eq!(ring.wait(1, Some(PATIENCE)), Ok(1));
        let done = drain(&mut ring).remove(0);
        let (fd, left) = done.data().split_at(8);
        assert_eq!((done.result, fd[6]), (1, 1), "{done:?}");
        let word = |at: usize| i64::from_ne_bytes(left[at..at + 8].try_into().unwrap());
        assert!(word(0) < 3600 && (word(0), word(8)) > (0, 0), "left: {} s {} ns", word(0), word(8));
    }
}

/// TWIN-23: a signal mask that travels as bytes, at offset zero, is a mask: a worker waits under it.
#[test]
fn a_mask_at_offset_zero_is_a_mask() {
    let (_engine, mut ring) = start(Config::default());
    let (reader, mut writer) = pipe();
    writer.write_all(b"x").unwrap();
    let epoll = Epoll::new(EpollCreateFlags::empty()).unwrap();
    epoll.add(&reader, EpollEvent::new(EpollFlags::EPOLLIN, 0)).unwrap();
    let call = Submission::call(libc::SYS_epoll_pwait)
        .int(epoll.0.as_raw_fd().into())
        .output(size_of::<libc::epoll_event>());
    let call = ask_worker(call.value(1).int(-1).input(&[0; 8]).value(8));
    push(&mut ring, &call.build()).unwrap();
    assert_eq!(ring.wait(1, Some(PATIENCE)), Ok(1));
    let done = drain(&mut ring).remove(0);
    assert_eq!((done.result, worker(&done).run_by), (1, RunBy::POOLED));
}
