//! Locks, messages, random bytes and futexes.

use std::sync::atomic::AtomicU32;

use syslet_syscalls::Invoked;

use crate::nonblocking::Attempt;
use crate::nonblocking::tests::rig::{
    at, at_mut, attempt_with, enter, error, fd, file, finished, nonblocking, plain, tries, words,
};

/// TWIN-26: a lock that is held elsewhere would be waited for.
#[test]
fn held_locks_would_be_waited_for() {
    let file = file();
    let path = format!("/proc/self/fd/{}", fd(&file));
    let other = std::fs::File::options().read(true).write(true).open(path).expect("the same file");
    let (exclusive, unlock) = (2, 8);
    assert_eq!(nonblocking("flock", [fd(&file), exclusive]), Attempt::Final(0));
    assert_eq!(nonblocking("flock", [fd(&other), exclusive]), Attempt::WouldBlock);
    let at_once = exclusive | 4;
    assert_eq!(nonblocking("flock", [fd(&other), at_once]), Attempt::Final(error(libc::EAGAIN)));
    assert_eq!(nonblocking("flock", [fd(&file), unlock]), Attempt::Final(0));
    assert_eq!(finished("flock", [fd(&other), exclusive], 0), 0);
    assert_eq!(nonblocking("flock", [fd(&other), 99]), Attempt::Final(plain("flock", [fd(&other), 99])));
}

/// TWIN-26: fcntl has two such commands.
#[test]
fn commands_are_exchanged() {
    let file = file();
    let path = format!("/proc/self/fd/{}", fd(&file));
    let other = std::fs::File::options().read(true).write(true).open(path).expect("the same file");
    // A write lock of the whole file.
    let lock = [1u64, 0, 0, 0];
    let open_file_wait = libc::F_OFD_SETLKW.cast_unsigned().into();
    assert_eq!(nonblocking("fcntl", [fd(&file), open_file_wait, at(&lock)]), Attempt::Final(0));
    assert_eq!(nonblocking("fcntl", [fd(&other), open_file_wait, at(&lock)]), Attempt::WouldBlock);
    let wait = libc::F_SETLKW.cast_unsigned().into();
    assert_eq!(nonblocking("fcntl", [fd(&file), wait, at(&lock)]), Attempt::WouldBlock, "another owner");
    for (command, expected) in [(libc::F_SETLKW, libc::F_SETLK), (libc::F_OFD_SETLKW, libc::F_OFD_SETLK)] {
        let mut seen = 0;
        let args = [fd(&file), command.cast_unsigned().into(), at(&lock)];
        let denied = attempt_with("fcntl", args, |_, args| {
            seen = args[1];
            Invoked::Result(error(libc::EACCES))
        });
        assert_eq!((denied, seen), (Attempt::WouldBlock, expected.cast_unsigned().into()));
    }
    assert!(!tries("fcntl", [fd(&file), libc::F_GETFL.cast_unsigned().into(), 0]));
}

/// TWIN-27: messages and random bytes; each call has its own way of saying that it would wait.
#[test]
fn messages_would_be_waited_for() {
    let queue = plain("msgget", [0, 0o600 | 0o1000]);
    assert!(queue >= 0, "{queue}");
    let queue = queue.cast_unsigned();
    let mut message = [0u64; 2];
    let receive = [queue, at_mut(&mut message), 8, 0, 0];
    assert_eq!(nonblocking("msgrcv", receive), Attempt::WouldBlock);
    let no_wait = libc::IPC_NOWAIT.cast_unsigned().into();
    assert_eq!(
        nonblocking("msgrcv", [queue, receive[1], 8, 0, no_wait]),
        Attempt::Final(error(libc::ENOMSG))
    );
    assert_eq!(nonblocking("msgsnd", [queue, at(&[1u64, 7]), 8, 0]), Attempt::Final(0));
    assert_eq!(nonblocking("msgrcv", receive), Attempt::Final(8));
    assert_eq!(message, [1, 7]);
    let copy = 0o40000;
    assert!(!tries("msgrcv", [queue, receive[1], 8, 0, copy]), "refused unless it says not to wait");
    let full = std::iter::repeat_with(|| nonblocking("msgsnd", [queue, at(&[1u64, 7]), 8, 0]));
    let last = full.into_iter().find(|attempt| *attempt != Attempt::Final(0));
    assert_eq!(last, Some(Attempt::WouldBlock));
    assert_eq!(plain("msgctl", [queue, 0, 0]), 0, "removed");
    assert_eq!(nonblocking("msgrcv", receive), Attempt::Final(plain("msgrcv", receive)), "no queue");
    let random = [at_mut(&mut message), 16, 0];
    let mut seen = 0;
    let attempt = attempt_with("getrandom", random, |nr, args| {
        seen = args[2];
        enter(&AtomicU32::new(0), nr, args)
    });
    assert_eq!((attempt, seen), (Attempt::Final(16), libc::GRND_NONBLOCK.into()));
}

const WAIT_PRIVATE: u64 = 128;

/// TWIN-42: the expected value is a wait, and finding that out takes no wait. Another one is the kernel's to say, and if it
/// is back by then, or a signal comes, that is a wait.
#[test]
fn futexes_are_looked_at_first() {
    let (futex, hour) = (5u32, [3600u64, 0]);
    let args = |value| [at(&futex), WAIT_PRIVATE, value, at(&hour), 0, 0];
    let attempt = attempt_with("futex", args(5), |_, _| unreachable!("it would be a wait"));
    assert_eq!(attempt, Attempt::WouldBlock);
    for errno in [libc::ETIMEDOUT, libc::EINTR] {
        let attempt = attempt_with("futex", args(4), |_, given| {
            assert_eq!(words(given[3]), [0, 0], "it never waits");
            Invoked::Result(error(errno))
        });
        assert_eq!(attempt, Attempt::WouldBlock);
    }
    assert_eq!(attempt_with("futex", args(4), |_, _| Invoked::NeverBegan), Attempt::Cancelled);
    assert_eq!(plain("futex", args(4)), error(libc::EAGAIN));
}
