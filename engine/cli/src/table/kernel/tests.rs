//! Asking the running kernel about every row.

use syslet::syscalls::{row_by_name, rows};

use super::*;

fn known(name: &str) -> Known {
    knows(row_by_name(name).expect("it has a row"))
}

/// TABLE-12: calls that every kernel knows are known; calls that end, map or sleep are not made.
#[test]
fn well_known_calls_are_known() {
    for name in
        ["getpid", "read", "openat", "nanosleep", "kill", "wait4", "prctl", "epoll_ctl", "sethostname"]
    {
        assert!(matches!(known(name), Known::Yes(_)), "{name}: {:?}", known(name));
    }
    assert_eq!(known("read"), Known::Yes(Some(libc::EBADF)));
    assert_eq!(known("openat"), Known::Yes(Some(libc::EFAULT)));
    for name in [
        "exit_group",
        "execve",
        "mmap",
        "munmap",
        "io_setup",
        "pause",
        "sync",
        "vhangup",
        "reboot",
        "futex",
        "vserver",
    ] {
        assert!(matches!(known(name), Known::NotAsked(_)), "{name}: {:?}", known(name));
    }
}

/// TABLE-12: a call with an argument that names nothing fails, so it has done nothing, unless it only reads the state of its
/// thread. None sleeps.
#[test]
fn what_is_asked_fails() {
    let mut asked = 0;
    for row in rows().iter().filter(|row| row.numbers.here().is_some()) {
        let known = knows(row);
        assert_ne!(known, Known::Silent, "{}", row.name);
        if row.args.iter().any(|arg| stops(arg.ty)) && row.scope != Scope::ReadsThread {
            assert_ne!(known, Known::Yes(None), "{}", row.name);
        }
        asked += usize::from(!matches!(known, Known::NotAsked(_)));
    }
    assert!(asked > 280, "{asked} calls were asked for");
}

/// TABLE-12: ENOSYS is the kernel's answer, unless a filter stands before it; a child that is killed has no answer.
#[test]
fn answers_are_told_apart() {
    let judge = |ended, filtered| judge(ended, || filtered);
    assert_eq!(judge(Ended::Returned(libc::ENOSYS), false), Known::No);
    assert_eq!(judge(Ended::Returned(libc::ENOSYS), true), Known::NoOrFiltered);
    assert_eq!(judge(Ended::Returned(libc::EFAULT), true), Known::Yes(Some(libc::EFAULT)));
    assert_eq!(judge(Ended::Returned(0), false), Known::Yes(None));
    assert_eq!(judge(Ended::Killed(libc::SIGSYS), true), Known::Killed);
    assert_eq!(judge(Ended::Killed(libc::SIGALRM), false), Known::Silent);
    assert_eq!(judge(Ended::NotStarted, false), Known::Silent);
}
