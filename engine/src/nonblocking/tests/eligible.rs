//! Which calls may be tried, and the rules of every attempt.

use syslet_syscalls::{Row, rows};

use crate::nonblocking::tests::rig::{
    ABILITIES, at, cancelled, error, exists_here, fd, file, finish_with, full, nonblocking, plain, row,
    tries, writes_are_tried,
};
use crate::nonblocking::{Abilities, Attempt, NonBlocking, is_timed, may_try, probe};

/// TWIN-1: nothing is tried when attempts are off, and no number is changed when it must stay.
#[test]
fn the_choice_is_kept() {
    let one = full([1, 8, 8, 0, 0, 0]).into();
    let tried = |allowed| -> Vec<&str> {
        let abilities = Abilities { allowed, found: u32::MAX };
        rows().iter().filter(|row| may_try(abilities, row, &one)).map(|row| row.name).collect()
    };
    assert_eq!(tried(NonBlocking::Off), [""; 0]);
    let (same, all) = (tried(NonBlocking::SameNumber), tried(NonBlocking::All));
    let changed: Vec<_> = all.iter().filter(|name| !same.contains(name)).copied().collect();
    assert_eq!(changed, ["read", "pread64", "readv", "preadv"]);
    // Of the writes, storage takes the plain call.
    assert!(["recvfrom", "preadv2", "write", "close"].iter().all(|name| same.contains(name)), "{same:?}");
}

/// The calls that have a non-blocking form, in the order of the table.
const TRIED: &str = "read write pread64 readv writev preadv preadv2 pwritev2 splice tee vmsplice flock fcntl \
    close dup2 dup3 openat2 accept accept4 connect sendto sendmsg recvfrom recvmsg recvmmsg poll ppoll select \
    pselect6 epoll_wait epoll_pwait epoll_pwait2 futex futex_waitv futex_wait io_getevents \
    io_pgetevents nanosleep clock_nanosleep wait4 waitid rt_sigtimedwait semop semtimedop \
    msgsnd msgrcv mq_timedsend mq_timedreceive getrandom";

/// Those among them with a time that counts from the first attempt.
const TIMED: &str = "poll ppoll select pselect6 epoll_wait epoll_pwait epoll_pwait2 futex futex_waitv \
    futex_wait io_getevents io_pgetevents nanosleep clock_nanosleep rt_sigtimedwait semtimedop";

/// TWIN-2: a row has a non-blocking form exactly where the engine tries it.
#[test]
fn rows_promise_what_is_tried() {
    let here = |names: &'static str| names.split(' ').filter(|name| exists_here(name)).collect::<Vec<_>>();
    let names = |promises: fn(&Row) -> bool| -> Vec<&str> {
        rows().iter().filter(|row| promises(row)).map(|row| row.name).collect()
    };
    assert_eq!(names(|row| row.nonblocking.is_some()), here(TRIED));
    assert_eq!(names(is_timed), here(TIMED));
}

/// TWIN-3: nothing is tried that the probe does not find.
#[test]
fn without_abilities_little_is_tried() {
    let blind = Abilities { allowed: NonBlocking::All, found: 0 };
    let blind_to =
        ["read", "write", "preadv2", "recvfrom", "sendmsg", "waitid", "nanosleep", "ppoll", "semop", "futex"];
    for name in blind_to.into_iter().chain(["splice", "connect", "mq_timedsend", "epoll_pwait2"]) {
        assert!(!may_try(blind, row(name).0, &full([1, 8, 8]).into()), "{name}");
    }
    assert!(may_try(blind, row("wait4").0, &full([1]).into()));
    assert_eq!(probe(NonBlocking::Off), Abilities::NONE);
}

/// TWIN-4: an address at which nothing is gives the plain call's answer.
#[test]
fn bad_addresses_are_the_kernels_to_refuse() {
    let (reader, _writer) = std::io::pipe().expect("a pipe");
    let (left, right) = std::os::unix::net::UnixStream::pair().expect("a pair");
    std::io::Write::write_all(&mut &right, b"x").expect("room");
    let nowhere = 8u64;
    let vector = [nowhere, 8];
    let calls: [(&str, [u64; 4]); 8] = [
        ("readv", [fd(&reader), nowhere, 1, 0]),
        ("recvfrom", [fd(&left), nowhere, 1, 0]),
        ("sendto", [fd(&left), nowhere, 1, 0]),
        ("nanosleep", [nowhere, 0, 0, 0]),
        ("clock_nanosleep", [1, 0, nowhere, 0]),
        ("pread64", [fd(&file()), nowhere, 1, 0]),
        ("fcntl", [fd(&reader), 7, nowhere, 0]),
        ("recvmsg", [fd(&left), nowhere, 0, 0]),
    ];
    for (name, args) in calls {
        let expected = Attempt::Final(plain(name, args));
        assert!(matches!(expected, Attempt::Final(..0)) || name == "pread64", "{name}");
        assert_eq!(nonblocking(name, args), expected, "{name}");
    }
    for (name, at_header) in [("sendmsg", nowhere), ("sendmsg", u64::MAX - 8)] {
        assert_eq!(nonblocking(name, [fd(&left), at_header]), Attempt::NotHere, "a worker is told EFAULT");
    }
    if writes_are_tried() {
        let socket = [fd(&left), at(&vector), 1];
        assert_eq!(nonblocking("writev", socket), Attempt::Final(error(libc::EFAULT)));
    }
}

/// TWIN-5: a cancelled slot tries nothing.
#[test]
fn a_cancelled_attempt_leaves_the_call_alone() {
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    std::io::Write::write_all(&mut writer, b"x").expect("room");
    let buffer = [0u8; 8];
    assert_eq!(cancelled("read", [fd(&reader), at(&buffer), 8]), Attempt::Cancelled);
    assert_eq!(cancelled("wait4", [u64::MAX]), Attempt::Cancelled);
    assert_eq!(plain("read", [fd(&reader), at(&buffer), 8]), 1, "still there");
    let sent = finish_with("sendto", [3, 8, 9], 4, 0, |_, _| syslet_syscalls::Invoked::NeverBegan);
    assert_eq!(sent, 4, "what has moved has moved");
}

/// TWIN-6: a call that asks not to wait is told so at once.
#[test]
fn calls_that_never_wait_are_made_as_they_are() {
    let (left, _right) = std::os::unix::net::UnixDatagram::pair().expect("a pair");
    let (reader, _writer) = std::io::pipe().expect("a pipe");
    let buffer = [0u8; 8];
    let vector = [at(&buffer), 8];
    let nowait = libc::MSG_DONTWAIT.cast_unsigned().into();
    let calls: [(&str, [u64; 6]); 3] = [
        ("recvfrom", [fd(&left), at(&buffer), 8, nowait, 0, 0]),
        ("preadv2", [fd(&reader), at(&vector), 1, u64::MAX, 0, 8]),
        ("getrandom", [at(&buffer), 8, 1, 0, 0, 0]),
    ];
    for (name, args) in calls {
        assert!(tries(name, args));
        assert_eq!(nonblocking(name, args), Attempt::Final(plain(name, args)), "{name}");
    }
    assert_eq!(ABILITIES.allowed, NonBlocking::All);
}
