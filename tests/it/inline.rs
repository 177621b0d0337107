//! Waiting: its length, the calls run inline in it, and its end.
#![allow(unsafe_code, reason = "interrupts a thread with a signal")]

use std::os::fd::AsRawFd;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use syslet::Submission;

use crate::rig::{self, drain, getpid, pipe, push, run, sync};

/// ENGINE-14: with nothing in flight a wait returns at once, however much is asked for.
#[test]
fn nothing_in_flight() {
    assert_eq!(rig::ring().wait(5, None), Ok(0));
    let mut ring = rig::ring();
    push(&mut ring, &getpid().build()).unwrap();
    assert_eq!(ring.wait(5, None), Ok(1), "all there is");
}

/// ENGINE-14: calls run in the order pushed, as many as are waited for and no more than one batch beyond.
#[test]
fn no_more_than_asked_for() {
    let mut ring = rig::ring();
    let (mut ends, mut writes) = (Vec::new(), 0);
    for number in 0..5_u8 {
        let (reader, writer) = pipe();
        let fd = i64::from(writer.as_raw_fd());
        let write =
            Submission::call(libc::SYS_write).int(fd).input(&[number]).value(1).user_data(number.into());
        push(&mut ring, &write.build()).unwrap();
        ends.push((reader, writer));
    }
    while writes < 5 {
        assert_eq!(ring.wait(1, None), Ok(1));
        let seen = drain(&mut ring);
        assert_eq!(seen.iter().map(|done| done.user_data).collect::<Vec<_>>(), [writes]);
        writes += 1;
    }
}

/// RING-8: calls that sleep for storage are taken together, but not more than are waited for, and one at a time in a wait
/// with a timeout.
#[test]
fn no_more_storage_than_asked_for() {
    let mut ring = rig::ring();
    let home = tempfile::tempdir().unwrap();
    let made = || (0..6).take_while(|number| home.path().join(number.to_string()).is_dir()).count();
    for number in 0..6 {
        let path = format!("{}/{number}\0", home.path().display());
        let mkdirat = Submission::call(libc::SYS_mkdirat).value(0).input(path.as_bytes()).value(0o700);
        push(&mut ring, &mkdirat.build()).unwrap();
    }
    assert_eq!((ring.wait(1, None), made()), (Ok(1), 1));
    assert_eq!((ring.wait(3, None), made()), (Ok(3), 3));
    assert_eq!((ring.wait(6, Some(Duration::ZERO)), made()), (Ok(4), 4));
    assert_eq!((ring.wait(6, None), made()), (Ok(6), 6));
    assert!(drain(&mut ring).iter().all(|done| done.result == 0));
}

/// ENGINE-14: a wait for nothing runs nothing.
#[test]
fn waiting_for_nothing() {
    let mut ring = rig::ring();
    push(&mut ring, &getpid().build()).unwrap();
    assert_eq!(ring.wait(0, None), Ok(0));
    assert_eq!((ring.in_flight(), drain(&mut ring).len()), (1, 0));
}

/// ENGINE-15: completions of earlier waits count.
#[test]
fn earlier_completions_count() {
    let mut ring = rig::ring();
    push(&mut ring, &getpid().user_data(1).build()).unwrap();
    assert_eq!(ring.wait(1, None), Ok(1));
    let (_reader, writer) = pipe();
    let write = Submission::call(libc::SYS_write).int(writer.as_raw_fd().into()).input(b"x").value(1);
    push(&mut ring, &write.user_data(2).build()).unwrap();
    assert_eq!(ring.wait(1, None), Ok(1), "one is ready, so nothing is run");
    assert_eq!(ring.in_flight(), 1);
    assert_eq!(ring.wait(2, None), Ok(2));
    assert_eq!(drain(&mut ring).iter().map(|done| done.user_data).collect::<Vec<_>>(), [1, 2]);
}

/// ENGINE-16: a loop with a zero timeout makes progress, one batch at a time.
#[test]
fn a_zero_timeout_makes_progress() {
    let mut ring = rig::ring();
    let (_reader, writer) = pipe();
    let write = Submission::call(libc::SYS_write).int(writer.as_raw_fd().into()).input(b"x").value(1).build();
    for _ in 0..3 {
        push(&mut ring, &write).unwrap();
    }
    for done in 1..=3 {
        assert_eq!(ring.wait(3, Some(Duration::ZERO)), Ok(done));
    }
}

/// ENGINE-16: a timeout that passes in a call ends the wait behind that call.
#[test]
fn a_timeout_overruns_by_one_call() {
    let mut ring = rig::ring();
    let nap = sync(Submission::call(libc::SYS_nanosleep).input(&nanoseconds(20_000_000)).value(0)).build();
    push(&mut ring, &nap).unwrap();
    push(&mut ring, &nap).unwrap();
    assert_eq!(ring.wait(2, Some(Duration::from_millis(1))), Ok(1));
    assert_eq!(ring.in_flight(), 1);
}

/// A timespec of so many nanoseconds, below a second.
fn nanoseconds(count: i64) -> [u8; 16] {
    let mut timespec = [0; 16];
    timespec[8..].copy_from_slice(&count.to_ne_bytes());
    timespec
}

/// ENGINE-18: SYNC lets a call sleep in the submitter.
#[test]
fn sync_calls_may_sleep() {
    let mut ring = rig::ring();
    let done =
        run(&mut ring, sync(Submission::call(libc::SYS_nanosleep).input(&nanoseconds(1000)).output(16)));
    assert_eq!((done.result, done.data()), (0, &[][..]));
}

extern "C" fn nothing(_: libc::c_int) {}

/// ENGINE-17: a signal that interrupts an inline call ends that call; its result is the kernel's.
#[test]
fn a_signal_interrupts_the_inline_call() {
    // SAFETY: an all-zero sigaction is a valid one: no flags, so no restart.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = nothing as *const () as usize;
    // SAFETY: the handler does nothing, and nothing else in this process uses the signal.
    assert_eq!(unsafe { libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut()) }, 0);
    let (send, receive) = mpsc::channel();
    let sleeper = thread::spawn(move || {
        // SAFETY: a thread's own handle.
        send.send(unsafe { libc::pthread_self() }).unwrap();
        let hour = [3600_i64.to_ne_bytes(), 0_i64.to_ne_bytes()].concat();
        let nap = sync(Submission::call(libc::SYS_nanosleep).input(&hour).output(16));
        let done = run(&mut rig::ring(), nap);
        (done.result, done.data().len())
    });
    let thread = receive.recv().unwrap();
    while !sleeper.is_finished() {
        // SAFETY: the thread is not joined yet, so its handle is valid.
        unsafe { libc::pthread_kill(thread, libc::SIGUSR1) };
        thread::yield_now();
    }
    assert_eq!(sleeper.join().unwrap(), (-i64::from(libc::EINTR), 16), "and the remaining time came back");
}

/// ENGINE-39: `run_inline` makes the calls that its thread may make, hands over the one that would block, and does not sleep; nothing is lost.
#[test]
fn an_event_loop_runs_calls_inline() {
    for mut ring in [rig::ring(), rig::pooled()] {
        assert_eq!(ring.run_inline(), Ok(0), "nothing is in flight");
        let (reader, mut writer) = pipe();
        let mut calls = 10;
        for _ in 0..calls {
            push(&mut ring, &getpid().build()).unwrap();
        }
        let is_pooled = ring.params().features_granted.contains(syslet::Features::WORKERS);
        if is_pooled {
            let read = Submission::call(libc::SYS_read).int(reader.as_raw_fd().into()).output(1).value(1);
            push(&mut ring, &read.user_data(7).build()).unwrap();
            calls += 1;
        }
        let mut seen = Vec::new();
        while seen.len() < 10 {
            ring.run_inline().unwrap();
            seen.append(&mut drain(&mut ring));
        }
        assert!(seen.iter().all(|seen| seen.user_data == 0), "the read waits");
        std::io::Write::write_all(&mut writer, b"x").unwrap();
        while seen.len() < calls {
            ring.run_inline().unwrap();
            seen.append(&mut drain(&mut ring));
            thread::yield_now();
        }
        assert_eq!(seen.iter().filter(|seen| seen.user_data == 7).count(), calls - 10);
        assert_eq!(ring.run_inline(), Ok(0));
    }
}
