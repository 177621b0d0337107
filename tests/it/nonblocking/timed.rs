//! epoll_pwait2 and rt_sigtimedwait.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::time::Duration;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags};
use syslet::{Submission, SubmissionBuilder};

use super::rig::{Bench, at, error, plain, same};
use crate::rig::pipe;
use syslet_tests::pool::{own_tid, timespec};

const PWAIT2: i64 = libc::SYS_epoll_pwait2;
const SIGTIMEDWAIT: i64 = libc::SYS_rt_sigtimedwait;
const EVENT_BYTES: usize = size_of::<libc::epoll_event>();
/// Where an event has its data.
const EVENT_DATA: usize = std::mem::offset_of!(libc::epoll_event, u64);
/// Sent to single threads, which block it.
const SIGNAL: i32 = libc::SIGUSR2;
const SET: u64 = 1 << (SIGNAL - 1);

fn pwait2(epoll: &Epoll, time: Option<Duration>) -> SubmissionBuilder {
    let call = Submission::call(PWAIT2).int(epoll.0.as_raw_fd().into()).output(EVENT_BYTES).value(1);
    let call = if let Some(time) = time { call.input(&timespec(time)) } else { call.value(0) };
    call.value(0).value(8)
}

fn sigtimedwait(time: Option<Duration>) -> SubmissionBuilder {
    let call = Submission::call(SIGTIMEDWAIT).input(&SET.to_ne_bytes()).output(128);
    let call = if let Some(time) = time { call.input(&timespec(time)) } else { call.value(0) };
    call.value(8)
}

fn send_to(tid: u32) {
    let signal = u64::from(SIGNAL.cast_unsigned());
    assert_eq!(plain(libc::SYS_tgkill, &[std::process::id().into(), tid.into(), signal]), 0);
}

/// TWIN-38: events that are there are the answer; for others a worker waits.
#[test]
fn events_are_waited_for() {
    let (reader, mut writer) = pipe();
    let epoll = Epoll::new(EpollCreateFlags::empty()).unwrap();
    epoll.add(&reader, EpollEvent::new(EpollFlags::EPOLLIN, 7)).unwrap();
    for time in [None, Some(Duration::from_hours(1))] {
        let mut bench = Bench::new();
        bench.begin(pwait2(&epoll, time));
        bench.release();
        writer.write_all(b"x").unwrap();
        let (done, by) = bench.end();
        assert_eq!((done.result, by.attempts, done.data()[EVENT_DATA]), (1, 2, 7));
        assert_eq!(Bench::new().ready(pwait2(&epoll, time)).result, 1);
        std::io::Read::read_exact(&mut &reader, &mut [0]).unwrap();
    }
    assert_eq!(Bench::new().ready(pwait2(&epoll, Some(Duration::ZERO))).result, 0, "it asks not to wait");
}

/// TWIN-38: a signal that is pending is the answer; for another one a worker waits.
#[test]
fn signals_are_waited_for() {
    let mut set = nix::sys::signal::SigSet::empty();
    set.add(nix::sys::signal::Signal::SIGUSR2);
    set.thread_block().unwrap();
    let mut bench = Bench::new();
    send_to(own_tid());
    let done = bench.ready(sigtimedwait(None));
    assert_eq!((done.result, done.data()[0]), (SIGNAL.into(), u8::try_from(SIGNAL).unwrap()));
    assert_eq!(bench.ready(sigtimedwait(Some(Duration::ZERO))).result, error(libc::EAGAIN));
    bench.begin(sigtimedwait(Some(Duration::from_hours(1))));
    let worker = bench.release();
    send_to(worker);
    let (done, by) = bench.end();
    assert_eq!((done.result, by.attempts, by.tid), (SIGNAL.into(), 2, worker));
}

/// TWIN-38, TWIN-22: a time that runs out is over.
#[test]
fn times_run_out() {
    let (reader, _writer) = pipe();
    let epoll = Epoll::new(EpollCreateFlags::empty()).unwrap();
    epoll.add(&reader, EpollEvent::new(EpollFlags::EPOLLIN, 7)).unwrap();
    let short = Some(Duration::from_micros(1));
    for (call, expected) in [(pwait2(&epoll, short), 0), (sigtimedwait(short), error(libc::EAGAIN))] {
        let mut bench = Bench::new();
        bench.begin(call);
        bench.let_go();
        let (done, by) = bench.end();
        assert_eq!((done.result, by.attempts), (expected, 2));
    }
}

/// TWIN-38, TWIN-47: a value that is no time, no set or no epoll is refused as the plain call refuses it.
#[test]
fn wrong_waits_are_refused() {
    let (invalid, negative, set, nowhere) = ([0u64, 1 << 40], [u64::MAX, 0], [SET], 8);
    let epoll = Epoll::new(EpollCreateFlags::empty()).unwrap();
    let fd = u64::from(epoll.0.as_raw_fd().cast_unsigned());
    let (reader, mut writer) = pipe();
    writer.write_all(b"x").unwrap();
    epoll.add(&reader, EpollEvent::new(EpollFlags::EPOLLIN, 7)).unwrap();
    let mut room = [0u8; 64];
    let events = super::rig::at_mut(&mut room);
    for time in [&invalid, &negative] {
        assert_eq!(same(PWAIT2, &[fd, events, 1, at(time), 0, 8]), error(libc::EINVAL));
        assert_eq!(same(SIGTIMEDWAIT, &[at(&set), 0, at(time), 8]), error(libc::EINVAL));
    }
    assert_eq!(same(PWAIT2, &[fd, events, 1, nowhere, 0, 8]), error(libc::EFAULT));
    assert_eq!(same(PWAIT2, &[fd, events, 0, 0, 0, 8]), error(libc::EINVAL));
    assert_eq!(same(PWAIT2, &[u64::MAX, events, 1, 0, 0, 8]), error(libc::EBADF));
    assert_eq!(same(SIGTIMEDWAIT, &[nowhere, 0, 0, 8]), error(libc::EFAULT));
    assert_eq!(same(SIGTIMEDWAIT, &[at(&set), 0, 0, 7]), error(libc::EINVAL));
}
