//! Calls that are made once more.
#![allow(unsafe_code, reason = "looks where the arguments point")]

use syslet_syscalls::{Invoked, RawArgs};

use crate::nonblocking::tests::rig::{full, row};
use crate::nonblocking::{again, says_not_now};

/// The call as it is made again, if it is: its arguments, and the words at the one that holds a time.
fn remade<const N: usize>(
    name: &str,
    args: [u64; N],
    passed_ns: u64,
    time: usize,
) -> Option<([u64; 6], [u64; 2])> {
    let (row, nr) = row(name);
    let mut seen = None;
    let mut enter = |_: u32, args: &RawArgs| {
        let args = row.narrow(args).all();
        let at: *const [u64; 2] = std::ptr::with_exposed_provenance(usize::try_from(args[time]).unwrap_or(0));
        // SAFETY: either a small number, which is no address, or that of two words.
        let words = if args[time] < 4096 { [0; 2] } else { unsafe { at.read() } };
        seen = Some((args, words));
        Invoked::Result(0)
    };
    // SAFETY: the addresses are those of the tests' own words; nothing is made.
    let made = unsafe { again(row, nr, &full(args).into(), passed_ns, &mut enter) };
    assert_eq!(made.is_some(), seen.is_some());
    seen
}

fn address(words: &[u64; 2]) -> u64 {
    words.as_ptr().expose_provenance() as u64
}

/// ATTR-83: a call with a relative time is made again with the rest of it, in whichever argument that stands.
#[test]
fn times_are_shortened() {
    const MS: u64 = 1_000_000;
    let (args, _) = remade("epoll_pwait", [3, 0, 1, 100, 0, 8], 30 * MS, 3).expect("again");
    assert_eq!(args, [3, 0, 1, 70, 0, 8]);
    let (args, _) = remade("epoll_pwait", [3, 0, 1, 100, 0, 8], 300 * MS, 3).expect("again");
    assert_eq!(args[3], 0, "nothing is left");
    let time = [2, 0];
    let (_, left) = remade("semtimedop", [1, 0, 1, address(&time)], 500 * MS, 3).expect("again");
    assert_eq!((left, time), ([1, 500 * MS], [2, 0]));
    // Where the caller wants to know the rest, the kernel has said it.
    let rest = [1, 7];
    let (args, left) = remade("nanosleep", [address(&time), address(&rest)], 500 * MS, 0).expect("again");
    assert_eq!((args[0], args[1], left), (address(&rest), address(&rest), rest));
    let (args, left) = remade("nanosleep", [address(&time), 0], 500 * MS, 0).expect("again");
    assert_eq!((args[1], left), (0, [1, 500 * MS]));
}

/// ATTR-83: absolute times stand; the rest is not known on a clock that does not run as the engine's.
#[test]
fn other_clocks() {
    let time = [2, 0];
    let absolute = u64::from(libc::TIMER_ABSTIME.cast_unsigned());
    let monotonic = u64::from(libc::CLOCK_MONOTONIC.cast_unsigned());
    let processor = u64::from(libc::CLOCK_PROCESS_CPUTIME_ID.cast_unsigned());
    let sleep = |clock, flags| remade("clock_nanosleep", [clock, flags, address(&time), 0], 1, 2);
    assert_eq!(sleep(monotonic, absolute).expect("again").0[2], address(&time));
    assert_eq!(sleep(monotonic, 0).expect("again").1, [1, 999_999_999]);
    assert_eq!(sleep(processor, 0), None);
}

/// ATTR-83: a call that the table says never to make again is not made again.
#[test]
fn some_never() {
    assert_eq!(remade("close", [7], 0, 0), None);
    assert_eq!(remade("connect", [7, 0, 0], 0, 0), None);
    assert!(remade("read", [7, 0, 0], 0, 0).is_some());
}

/// ATTR-81: EAGAIN that ends a time, or tells of another value, is an answer.
#[test]
fn some_answers_are_no_wait() {
    let not_now = |name: &str, args: [u64; 6]| says_not_now(row(name).0, &args.into());
    assert!(not_now("read", [0; 6]) && not_now("accept4", [0; 6]) && not_now("sendto", [0; 6]));
    assert!(!not_now("rt_sigtimedwait", [0; 6]) && !not_now("semtimedop", [0; 6]));
    let wake = u64::from(libc::FUTEX_CMP_REQUEUE.cast_unsigned());
    assert!(!not_now("futex", [0; 6]) && !not_now("futex", [0, wake, 0, 0, 0, 0]));
}
