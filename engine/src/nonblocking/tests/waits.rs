//! Waiting for events.

use std::io::{Write, pipe};
use std::sync::atomic::AtomicU32;

use syslet_syscalls::{Invoked, RawArgs};

use crate::nonblocking::Attempt;
use crate::nonblocking::tests::rig::{
    at, at_mut, enter_raw, exists_here, fd, finish_with, nonblocking, owned, plain, tries,
};

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
    let event = libc::epoll_event { events: 1, u64: 5 };
    assert_eq!(plain("epoll_ctl", [fd(&epoll), 1, fd(&reader), at(&event)]), 0);
    let mut events = libc::epoll_event { events: 0, u64: 0 };
    let waits = |timeout, polled: &mut u64, events: &mut libc::epoll_event| {
        [
            ("poll", [at_mut(polled), 1, timeout, 0, 0, 0]),
            ("epoll_wait", [fd(&epoll), at_mut(events), 1, timeout, 0, 0]),
            ("epoll_pwait", [fd(&epoll), at_mut(events), 1, timeout, 0, 8]),
        ]
        .into_iter()
        .filter(|(name, _)| exists_here(name))
    };
    for (name, args) in waits(FOR_EVER, &mut polled, &mut events) {
        assert_eq!(nonblocking(name, args), Attempt::WouldBlock, "{name}");
    }
    for (name, args) in waits(0, &mut polled, &mut events) {
        assert_eq!(nonblocking(name, args), Attempt::Final(0), "{name}");
    }
    writer.write_all(b"x").expect("room");
    for (name, args) in waits(5, &mut polled, &mut events) {
        assert_eq!(nonblocking(name, args), Attempt::Final(1), "{name}");
    }
    if exists_here("poll") {
        assert_eq!(polled, for_input(fd(&reader)) | 1 << 48, "input is there");
    }
    assert_eq!({ events.u64 }, 5);
}

/// TWIN-22: timeouts count from the first attempt: rounded up, never below zero, for ever stays for ever.
#[test]
fn timeouts_count_once() {
    for name in ["poll", "epoll_wait", "epoll_pwait"].into_iter().filter(|name| exists_here(name)) {
        let at_timeout = if name == "poll" { 2 } else { 3 };
        let left = |timeout: u64, passed_ns: u64| {
            let mut args = [1, 2, 3, 4, 0, 0];
            args[at_timeout] = timeout;
            let mut seen = RawArgs::default();
            let result = finish_with(name, args, 0, passed_ns, |_, args| {
                seen = *args;
                Invoked::Result(0)
            });
            assert_eq!(result, 0);
            let nothing_else = (0..=1000).chain([FOR_EVER, u64::MAX]).find(|left| {
                args[at_timeout] = *left;
                seen == args.into()
            });
            nothing_else.unwrap_or_else(|| panic!("{name}: nothing else changes"))
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
    let epoll = owned(plain("epoll_create1", [0]));
    let mut event = libc::epoll_event { events: 0, u64: 0 };
    let args = [fd(&epoll), at_mut(&mut event), 1, 60_000, 0, 8];
    let enter = |nr, args: &RawArgs| enter_raw(&AtomicU32::new(0), nr, args);
    let waited = finish_with("epoll_pwait", args, 0, 60_000 * MS, enter);
    assert_eq!(waited, 0, "a minute has passed: no waiting");
}

/// TWIN-23: a call with a signal mask is never twinned.
#[test]
fn signal_masks_are_never_twinned() {
    let mask = at(&0u64);
    for (name, arg) in [("epoll_pwait", 4), ("epoll_pwait2", 4), ("ppoll", 3), ("io_pgetevents", 5)] {
        let mut args = [3, 1, 1, 0, 0, 0];
        assert!(tries(name, args), "{name}");
        args[arg] = mask;
        assert!(!tries(name, args), "{name}");
    }
}
