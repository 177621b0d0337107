//! What a row says about a call that a signal has interrupted.

use syslet_syscalls::{ArgType, Class, Direction, Len, Restart, Row, Scope, row_by_name, rows};

fn answers(row: &Row) -> impl Iterator<Item = Restart> {
    row.restart_when.iter().map(|when| when.restart).chain([row.restart])
}

fn restart(name: &str, args: &[u64]) -> Restart {
    row_by_name(name).expect("it has a row").restart_with(&args.iter().copied().collect())
}

/// TABLE-16: what is shortened is a time: a number of milliseconds or a timespec. What is left is a timespec that the call
/// writes, given as one that it reads.
#[test]
fn times_are_arguments_that_can_hold_one() {
    const TIMESPEC: Len = Len::Const(16);
    for row in rows() {
        let arg = |index: u8| &row.args[usize::from(index)];
        for answer in answers(row) {
            let fits = match answer {
                Restart::Shortened(at) => {
                    let is_word = row.name == "futex" && arg(at).ty == ArgType::Opaque;
                    arg(at).ty == ArgType::Int || arg(at).len == TIMESPEC || is_word
                }
                Restart::Left(from, to) => {
                    let written = matches!(arg(from).ty.direction(), Direction::Out | Direction::InOut);
                    let read = matches!(arg(to).ty.direction(), Direction::In | Direction::InOut);
                    written && read && (arg(from).len, arg(to).len) == (TIMESPEC, TIMESPEC)
                }
                Restart::Never(why) => !why.is_empty(),
                Restart::Uninterrupted | Restart::Again => true,
            };
            assert!(fits, "{}: {answer:?}", row.name);
        }
    }
}

/// TABLE-16: nothing interrupts what does not sleep; what may sleep for ever can be interrupted, but for three that wait for the
/// kernel's own.
#[test]
fn what_sleeps_can_be_interrupted() {
    for row in rows() {
        let sleeps = row.class == Class::Sleeps || row.when.iter().any(|when| when.class == Class::Sleeps);
        let interruptible = answers(row).any(|answer| answer != Restart::Uninterrupted);
        let for_itself = matches!(row.name, "ptrace" | "io_destroy");
        assert!(interruptible || !sleeps || for_itself, "{}", row.name);
        let rare = row.name == "perf_event_open" || matches!(row.scope, Scope::EngineLife(_));
        assert!(!interruptible || row.class != Class::Instant || sleeps || rare, "{}", row.name);
    }
}

/// Calls whose second attempt would be another call, or whose time goes on.
#[test]
fn known_calls_have_the_known_answer() {
    let never = |name: &str| matches!(restart(name, &[0; 6]), Restart::Never(_));
    for name in ["connect", "close", "pause", "rt_sigsuspend", "ioctl", "fsconfig"] {
        assert!(never(name), "{name}");
    }
    for name in
        ["read", "write", "accept4", "openat", "flock", "fcntl", "wait4", "semop", "recvmsg", "futex_waitv"]
    {
        assert_eq!(restart(name, &[0; 6]), Restart::Again, "{name}");
    }
    for name in ["getpid", "dup3", "close_range", "munmap", "clock_gettime"] {
        assert_eq!(restart(name, &[0; 6]), Restart::Uninterrupted, "{name}");
    }
    assert_eq!(restart("ppoll", &[0; 5]), Restart::Left(2, 2));
    assert_eq!(restart("nanosleep", &[0; 2]), Restart::Left(1, 0));
    assert_eq!(restart("epoll_pwait", &[0; 6]), Restart::Shortened(3));
    assert_eq!(restart("semtimedop", &[0; 4]), Restart::Shortened(3));
}

/// TABLE-7, TABLE-16: a relative time goes on, an absolute one stays what it is.
#[test]
fn the_answer_depends_on_arguments() {
    assert_eq!(restart("clock_nanosleep", &[1, 0, 0, 0]), Restart::Left(3, 2));
    assert_eq!(restart("clock_nanosleep", &[1, 1, 0, 0]), Restart::Again);
    assert_eq!(restart("futex", &[0, 128, 0, 0]), Restart::Shortened(3));
    assert_eq!(restart("futex", &[0, 9 | 256, 0, 0]), Restart::Again);
    assert_eq!(restart("futex", &[0, 1, 0, 0]), Restart::Uninterrupted);
    assert_eq!(restart("io_uring_enter", &[0, 0, 0, 1]), Restart::Again);
    assert!(matches!(restart("io_uring_enter", &[0, 0, 0, 9]), Restart::Never(_)));
    assert!(matches!(restart("fallocate", &[0, 8, 0, 0]), Restart::Never(_)));
}
