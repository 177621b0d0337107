//! Waiting for events.

use std::io::{Write, pipe};
use std::sync::atomic::AtomicU32;

use syslet_syscalls::Invoked;

use super::rig::{at, at_mut, enter, fd, finish_with, owned, plain, tries, twin};
use crate::twin::Attempt;

const MS: u64 = 1_000_000;
const FOR_EVER: u64 = u32::MAX as u64;

/// One pollfd that waits for input, as a word.
fn for_input(fd: u64) -> u64 {
    fd | 1 << 32
}

/// TWIN-21: nothing ready means that the plain call would wait, unless its own timeout is zero.
#[test]
fn nothing_ready_would_wait() {
    let (reader, mut writer) = pipe().expect("a pipe");
    let mut polled = for_input(fd(&reader));
    let epoll = owned(plain("epoll_create1", [0]));
    let event = [1u8, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(plain("epoll_ctl", [fd(&epoll), 1, fd(&reader), at(&event)]), 0);
    let mut events = [0u8; 12];
    let waits = |timeout, polled: &mut u64, events: &mut [u8; 12]| {
        [
            ("poll", [at_mut(polled), 1, timeout, 0, 0, 0]),
            ("epoll_wait", [fd(&epoll), at_mut(events), 1, timeout, 0, 0]),
            ("epoll_pwait", [fd(&epoll), at_mut(events), 1, timeout, 0, 8]),
        ]
    };
    for (name, args) in waits(FOR_EVER, &mut polled, &mut events) {
        assert_eq!(twin(name, args), Attempt::WouldBlock, "{name}");
    }
    for (name, args) in waits(0, &mut polled, &mut events) {
        assert_eq!(twin(name, args), Attempt::Final(0), "{name}");
    }
    writer.write_all(b"x").expect("room");
    for (name, args) in waits(5, &mut polled, &mut events) {
        assert_eq!(twin(name, args), Attempt::Final(1), "{name}");
    }
    assert_eq!(polled, for_input(fd(&reader)) | 1 << 48, "input is there");
    assert_eq!(events[4], 5);
}

/// TWIN-22: timeouts count from the first attempt: rounded up, never below zero, for ever stays for ever.
#[test]
fn timeouts_count_once() {
    for name in ["poll", "epoll_wait", "epoll_pwait"] {
        let at_timeout = if name == "poll" { 2 } else { 3 };
        let left = |timeout: u64, passed_ns: u64| {
            let mut args = [1, 2, 3, 4, 0, 0];
            args[at_timeout] = timeout;
            let mut seen = [0; 6];
            let result = finish_with(name, args, 0, passed_ns, |_, args| {
                seen = *args;
                Invoked::Result(0)
            });
            assert_eq!(result, 0);
            args[at_timeout] = seen[at_timeout];
            assert_eq!(seen, args, "{name}: nothing else changes");
            seen[at_timeout]
        };
        assert_eq!(left(10, 0), 10);
        assert_eq!(left(10, 4 * MS), 6);
        assert_eq!(left(10, 4 * MS + 1), 6);
        assert_eq!(left(10, 4 * MS - 1), 7);
        assert_eq!(left(10, 10 * MS), 0);
        assert_eq!(left(10, 99 * MS), 0);
        assert_eq!(left(FOR_EVER, 99 * MS), FOR_EVER);
        assert_eq!(left(u64::MAX, 99 * MS), u64::MAX);
    }
    let (reader, _writer) = pipe().expect("a pipe");
    let mut polled = for_input(fd(&reader));
    let args = [at_mut(&mut polled), 1, 60_000, 0, 0, 0];
    let enter = |nr, args: &[u64; 6]| enter(&AtomicU32::new(0), nr, args);
    assert_eq!(finish_with("poll", args, 0, 60_000 * MS, enter), 0, "a minute has passed: no waiting");
}

/// TWIN-23: a call with a signal mask, or one that writes back what time remains, is never twinned.
#[test]
fn signal_masks_are_never_twinned() {
    let mask = 0u64;
    assert!(tries("epoll_pwait", [3, 8, 1, FOR_EVER, 0, 8]));
    assert!(!tries("epoll_pwait", [3, 8, 1, FOR_EVER, at(&mask), 8]));
    for name in ["ppoll", "pselect6", "epoll_pwait2", "select"] {
        assert!(!tries(name, [0; 6]), "{name}");
    }
}
