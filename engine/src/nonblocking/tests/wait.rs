//! Waits for events, for times and for children.

use std::io::{Write, pipe};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::AtomicU32;

use syslet_syscalls::{Invoked, RawArgs};

use crate::nonblocking::Attempt;
use crate::nonblocking::tests::rig::{
    HIGH, at, at_mut, cancelled, enter_raw, error, exists_here, fd, finish_with, finished, nonblocking,
    owned, plain, shown, tries, words,
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

/// TWIN-23: a call with a signal mask is never tried.
#[test]
fn signal_masks_are_never_tried() {
    let mask = at(&0u64);
    for (name, arg) in [("epoll_pwait", 4), ("epoll_pwait2", 4), ("ppoll", 3), ("io_pgetevents", 5)] {
        let mut args = [3, 1, 1, 0, 0, 0];
        assert!(tries(name, args), "{name}");
        args[arg] = mask;
        assert!(!tries(name, args), "{name}");
    }
}

const S: u64 = 1_000_000_000;
const WAIT_PRIVATE: u64 = 128;
const BITSET_PRIVATE: u64 = 9 | 128;

/// The time that the kernel is given when a call that points to `time` is finished after `passed_ns`. Everything else
/// stays.
fn given(name: &str, arg: usize, mut args: [u64; 6], time: [u64; 2], passed_ns: u64) -> [u64; 2] {
    args[arg] = at(&time);
    let mut seen = [0; 2];
    let result = finish_with(name, args, 0, passed_ns, |nr, given| {
        seen = words(shown(nr, given)[arg]);
        assert_eq!(given.with(arg, args[arg]), args.into(), "{name}");
        Invoked::Result(0)
    });
    assert_eq!(result, 0);
    seen
}

/// TWIN-22: a time that counts from the call counts from the first attempt, and a point in time stays.
#[test]
fn relative_times_are_shortened() {
    let wait = [8, WAIT_PRIVATE, 5, 0, 0, 0];
    let relative = [
        ("ppoll", 2, [0; 6]),
        ("pselect6", 4, [0; 6]),
        ("select", 4, [0; 6]),
        ("epoll_pwait2", 3, [0; 6]),
        ("rt_sigtimedwait", 2, [0; 6]),
        ("semtimedop", 3, [0; 6]),
        ("io_getevents", 4, [9, 2, 4, 8, 0, 0]),
        ("io_pgetevents", 4, [9, 2, 4, 8, 0, 0]),
        ("futex", 3, wait),
    ];
    for (name, arg, args) in relative.into_iter().filter(|(name, ..)| exists_here(name)) {
        assert_eq!(given(name, arg, args, [5, 7], 0), [5, 7], "{name}");
        assert_eq!(given(name, arg, args, [5, 7], 2 * S), [3, 7], "{name}");
        let least = given(name, arg, args, [5, 7], 99 * S);
        assert!(least == [0, 0] || least == [0, 1], "{name}: {least:?}");
        // An invalid time is for the kernel to refuse, and for ever stays for ever.
        assert_eq!(given(name, arg, args, [5, S], 2 * S), [5, S], "{name}");
    }
    let bitset = [8, BITSET_PRIVATE, 5, 0, 0, u64::MAX];
    let absolute = [("futex", 3, bitset), ("futex_wait", 4, [0; 6]), ("futex_waitv", 3, [0; 6])];
    for (name, arg, args) in
        absolute.into_iter().chain([("mq_timedsend", 4, [0; 6]), ("mq_timedreceive", 4, [0; 6])])
    {
        assert_eq!(given(name, arg, args, [5, 7], 2 * S), [5, 7], "{name}");
    }
}

/// TWIN-41: the rest is asked for behind the events already taken, for the rest of the time.
#[test]
fn the_rest_of_events_lies_behind() {
    let time = [5u64, 0];
    let result = finish_with("io_getevents", [9, 3, 4, 800, at(&time), 0], 2, S, |nr, given| {
        let given = shown(nr, given);
        assert_eq!((given[1], given[2], given[3], words(given[4])), (1, 2, 864, [4, 0]));
        Invoked::Result(error(libc::EINTR))
    });
    assert_eq!(result, 2, "what was taken is taken");
}

/// TWIN-5: a cancelled slot asks for nothing, and nothing is lost.
#[test]
fn cancelled_waits_leave_all_alone() {
    let mut set = [1u64];
    let epoll = owned(plain("epoll_create1", [0]));
    let how = [0u64; 3];
    let calls: [(&str, [u64; 6]); 5] = [
        ("pselect6", [1, at_mut(&mut set), 0, 0, 0, 0]),
        ("epoll_pwait2", [fd(&epoll), 8, 1, 0, 0, 0]),
        ("semop", [0, at(&[0u64; 1]), 1, 0, 0, 0]),
        ("io_getevents", [8, 1, 1, 8, 0, 0]),
        ("openat2", [0, at("/\0"), at(&how), 24, 0, 0]),
    ];
    for (name, args) in calls {
        assert_eq!(cancelled(name, args), Attempt::Cancelled, "{name}");
    }
    assert_eq!(set, [1]);
}

/// TWIN-40, TWIN-42, TWIN-45: arguments longer than the engine's copies are not tried.
#[test]
fn what_is_too_long_is_not_copied() {
    for (name, args, longer) in [
        ("semop", [0, 8, 16, 0, 0, 0], [0, 8, 17, 0, 0, 0]),
        ("semop", [0, 8, 1, 0, 0, 0], [0, 8, 0, 0, 0, 0]),
        ("futex_waitv", [8, 8, 0, 0, 0, 0], [8, 9, 0, 0, 0, 0]),
        ("openat2", [0, 8, 8, 24, 0, 0], [0, 8, 8, 32, 0, 0]),
        ("io_getevents", [8, 1, 1, 8, 0, 0], [8, 2, 1, 8, 0, 0]),
    ] {
        assert!(tries(name, args) && !tries(name, longer), "{name}");
    }
    let mut set = [0u64; 17];
    let set = at_mut(&mut set);
    let select = |count| nonblocking("pselect6", [count, set, 0, 0, at(&[0u64, 1]), 0]);
    assert_eq!((select(1024), select(1025)), (Attempt::WouldBlock, Attempt::NotHere));
}

/// ENGINE-32: a time of milliseconds is an int: junk above it makes no wait of none.
#[test]
fn no_time_is_no_time() {
    let (reader, _writer) = pipe().expect("a pipe");
    let mut wanted = fd(&reader) | u64::from(libc::POLLIN.cast_unsigned()) << 32;
    assert_eq!(nonblocking("poll", [at_mut(&mut wanted), HIGH | 1, HIGH]), Attempt::Final(0));
    assert_eq!(nonblocking("poll", [at_mut(&mut wanted), HIGH | 1, HIGH | 1]), Attempt::WouldBlock);
}

/// The time that the kernel is given when a sleep of `request` is finished after `passed_ns`.
fn left(name: &str, request: [u64; 2], passed_ns: u64) -> [u64; 2] {
    let mut rem = [0u64; 2];
    let (at_request, args) = match name {
        "nanosleep" => (0, [at(&request), at_mut(&mut rem), 0, 0, 0, 0]),
        _ => (2, [1, 0, at(&request), at_mut(&mut rem), 0, 0]),
    };
    let mut seen = [0; 2];
    let result = finish_with(name, args, 0, passed_ns, |nr, given| {
        seen = words(shown(nr, given)[at_request]);
        let same = given.with(at_request, args[at_request]);
        assert_eq!(same, args.into(), "{name}: the caller's address for the remaining time, and all else");
        Invoked::Result(0)
    });
    assert_eq!(result, 0);
    seen
}

/// TWIN-28: a sleep counts from the first attempt.
#[test]
fn sleeps_count_once() {
    for name in ["nanosleep", "clock_nanosleep"] {
        assert_eq!(left(name, [5, 7], 0), [5, 7]);
        assert_eq!(left(name, [5, 7], 2 * S), [3, 7]);
        assert_eq!(left(name, [5, 7], 2 * S + 8), [2, S - 1]);
        assert_eq!(left(name, [5, 7], 5 * S + 7), [0, 0]);
        assert_eq!(left(name, [5, 7], 99 * S), [0, 0]);
        assert_eq!(left(name, [i64::MAX.cast_unsigned(), 0], 1), [i64::MAX.cast_unsigned() - 1, S - 1]);
    }
    let hour = [3600u64, 0];
    let enter = |nr, args: &RawArgs| enter_raw(&AtomicU32::new(0), nr, args);
    assert_eq!(finish_with("nanosleep", [at(&hour), 0], 0, 3600 * S, enter), 0, "an hour has passed");
}

/// TWIN-29: a sleep of nothing and a request that is no time are the plain call's.
#[test]
fn what_does_not_sleep_is_the_plain_call() {
    for request in [[0, 0], [0, S], [u64::MAX, 0], [0, u64::MAX]] {
        let expected = Attempt::Final(plain("nanosleep", [at(&request), 0]));
        assert_eq!(nonblocking("nanosleep", [at(&request), 0]), expected, "{request:?}");
        assert_eq!(nonblocking("clock_nanosleep", [1, 0, at(&request), 0]), expected, "{request:?}");
    }
    assert_eq!(nonblocking("nanosleep", [at(&[0u64, 1]), 0]), Attempt::WouldBlock);
    assert_eq!(nonblocking("nanosleep", [at(&[9u64, 0]), 0]), Attempt::WouldBlock);
}

/// TWIN-30: an absolute time stays, and other clocks do not pass as the engine's.
#[test]
fn clocks_that_pass_otherwise_are_left_to_a_worker() {
    let request = [1u64, 0];
    let tries = |clock: i32, flags: u64| {
        tries("clock_nanosleep", [clock.cast_unsigned().into(), flags, at(&request), 0])
    };
    assert!(tries(libc::CLOCK_MONOTONIC, 0) && tries(libc::CLOCK_REALTIME, 0));
    assert!(tries(libc::CLOCK_MONOTONIC, 1) && !tries(libc::CLOCK_REALTIME, 1));
    for clock in [libc::CLOCK_BOOTTIME, libc::CLOCK_TAI, libc::CLOCK_PROCESS_CPUTIME_ID, -6, 99] {
        assert!(!tries(clock, 0) && !tries(clock, 1), "{clock}");
    }
}

/// TWIN-30: a time of CLOCK_MONOTONIC that has passed is no sleep; one that has not is the worker's, as it is.
#[test]
fn absolute_times_stay() {
    let until = |time: &[u64; 2]| [1, 1, at(time), 0, 0, 0];
    assert_eq!(nonblocking("clock_nanosleep", until(&[0, 1])), Attempt::Final(0));
    let invalid = [0, S];
    let expected = plain("clock_nanosleep", until(&invalid));
    assert_eq!(nonblocking("clock_nanosleep", until(&invalid)), Attempt::Final(expected));
    let later = [1u64 << 33, 0];
    assert_eq!(nonblocking("clock_nanosleep", until(&later)), Attempt::WouldBlock);
    let result = finish_with("clock_nanosleep", until(&later), 0, 99 * S, |_, given| {
        assert_eq!(*given, until(&later).into(), "nothing is taken from it");
        Invoked::Result(0)
    });
    assert_eq!(result, 0);
}

const EXITED: u64 = libc::WEXITED as u64;

/// A child that lives until its input ends.
fn child() -> (Child, u64) {
    let child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("a child");
    let pid = child.id().into();
    (child, pid)
}

/// Ends the child, and waits until it has, without collecting it.
fn end(child: &mut Child) {
    drop(child.stdin.take());
    let args = [libc::P_PID.into(), child.id().into(), 0, EXITED | u64::from(libc::WNOWAIT.cast_unsigned())];
    assert_eq!(plain("waitid", args), 0);
}

/// TWIN-24: wait4 with no child to collect would wait, and has written nothing.
#[test]
fn wait4_collects_or_would_wait() {
    let (mut child, pid) = child();
    let mut status = 0x5555_5555u32;
    let args = [pid, at_mut(&mut status), 0, 0];
    assert_eq!(nonblocking("wait4", args), Attempt::WouldBlock);
    assert_eq!(status, 0x5555_5555);
    end(&mut child);
    assert_eq!(nonblocking("wait4", args), Attempt::Final(pid.cast_signed()));
    assert_eq!(status, 0);
    assert_eq!(nonblocking("wait4", args), Attempt::Final(error(libc::ECHILD)));
    let hang = libc::WNOHANG.cast_unsigned().into();
    let (mut other, pid) = self::child();
    assert_eq!(nonblocking("wait4", [pid, 0, hang, 0]), Attempt::Final(0), "the caller asked not to wait");
    end(&mut other);
    assert_eq!(finished("wait4", [pid, 0, 0, 0], 0), pid.cast_signed());
    let own = u64::from(libc::__WNOTHREAD.cast_unsigned());
    assert!(!tries("wait4", [pid, 0, own, 0]) && !tries("waitid", [1, pid, 0, EXITED | own]));
}

/// TWIN-25: waitid writes the caller's siginfo only when there is a child, and then the same as the plain call.
#[test]
fn waitid_leaves_no_trace_until_there_is_a_child() {
    const FILLER: [u64; 16] = [0x5555_5555_5555_5555; 16];
    let (mut child, pid) = child();
    let (mut info, mut expected) = (FILLER, FILLER);
    let args = [libc::P_PID.into(), pid, at_mut(&mut info), EXITED, 0];
    assert_eq!(nonblocking("waitid", args), Attempt::WouldBlock);
    assert_eq!(info, FILLER);
    end(&mut child);
    let keep = EXITED | u64::from(libc::WNOWAIT.cast_unsigned());
    assert_eq!(plain("waitid", [args[0], pid, at_mut(&mut expected), keep, 0]), 0);
    assert_eq!(nonblocking("waitid", args), Attempt::Final(0));
    assert_eq!(info, expected);
    assert_eq!(nonblocking("waitid", args), Attempt::Final(error(libc::ECHILD)));
}

/// TWIN-25: without a siginfo, or with one that cannot be written, the child is collected all the same.
#[test]
fn waitid_collects_with_any_siginfo() {
    for (siginfo, expected) in [(0, 0), (8, error(libc::EFAULT)), (u64::MAX - 16, error(libc::EFAULT))] {
        let (mut child, pid) = child();
        let args = [libc::P_PID.into(), pid, siginfo, EXITED, 0];
        assert_eq!(nonblocking("waitid", args), Attempt::WouldBlock);
        end(&mut child);
        assert_eq!(nonblocking("waitid", args), Attempt::Final(expected));
        assert_eq!(plain("waitid", [args[0], pid, 0, EXITED, 0]), error(libc::ECHILD), "collected");
    }
}
