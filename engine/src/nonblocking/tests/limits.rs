//! Times that callers give, and what is left of them.

use syslet_syscalls::Invoked;

use crate::nonblocking::Attempt;
use crate::nonblocking::tests::rig::{
    at, at_mut, attempt_with, error, exists_here, finish_with, memory, nonblocking, plain, shown, tries,
    words,
};

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

/// TWIN-22: what counts from the call counts from the first attempt, and what is a point in time stays.
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
        // What is no time is for the kernel to refuse, and for ever stays for ever.
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

/// TWIN-41: the rest is asked for behind what was taken, for what is left of the time.
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

/// TWIN-42: the expected value is a wait, and nobody waits to find that out. Another one is the kernel's to say, and if it
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

/// TWIN-5: a cancelled slot asks for nothing, and nothing is lost.
#[test]
fn cancelled_waits_leave_all_alone() {
    let mut set = [1u64];
    let epoll = crate::nonblocking::tests::rig::owned(plain("epoll_create1", [0]));
    let how = [0u64; 3];
    let calls: [(&str, [u64; 6]); 5] = [
        ("pselect6", [1, at_mut(&mut set), 0, 0, 0, 0]),
        ("epoll_pwait2", [crate::nonblocking::tests::rig::fd(&epoll), 8, 1, 0, 0, 0]),
        ("semop", [0, at(&[0u64; 1]), 1, 0, 0, 0]),
        ("io_getevents", [8, 1, 1, 8, 0, 0]),
        ("openat2", [0, at("/\0"), at(&how), 24, 0, 0]),
    ];
    for (name, args) in calls {
        assert_eq!(crate::nonblocking::tests::rig::cancelled(name, args), Attempt::Cancelled, "{name}");
    }
    assert_eq!(set, [1]);
}

/// TWIN-40, TWIN-42, TWIN-45: what is longer than what is copied is not tried.
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

/// TWIN-4: bytes that end on a page that cannot be read are not looked at, wherever they begin.
#[test]
fn what_ends_nowhere_is_not_read() {
    const PAGE: u64 = 4096;
    let anywhere = 0x22;
    let pages = plain("mmap", [0, 2 * PAGE, 3, anywhere, u64::MAX, 0]).cast_unsigned();
    assert_eq!(plain("mprotect", [pages + PAGE, PAGE, 0]), 0);
    let end = pages + PAGE;
    let mut bytes = [1u8; 96];
    for len in [1, 8, 9, 16, 96] {
        for beyond in 0..20 {
            let at = end + beyond - len as u64;
            let is_there = at + len as u64 <= end;
            assert_eq!(
                memory().copy(at, &mut bytes[..len]),
                is_there,
                "{len} bytes, {beyond} behind the end"
            );
        }
    }
    assert_eq!(memory().words(end - 16), Some([0u64; 2]));
    assert_eq!(memory().words::<2>(end - 15), None);
    assert_eq!(memory().words::<2>(end - 8), None);
    assert_eq!(memory().words::<2>(u64::MAX - 3), None);
    assert_eq!(plain("munmap", [pages, 2 * PAGE]), 0);
}
