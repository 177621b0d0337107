//! Attempts on locks, messages, semaphores and futexes, by which threads and processes wait for each other; `attempt` and
//! `finish` in `mod.rs` call them.

use syslet_syscalls::{Invoked, Narrowed, RawArgs};

use crate::nonblocking::attempt::Attempt;
use crate::nonblocking::query::{Memory, address, holds, is_errno, low};
use crate::nonblocking::wait::{Limit, Unit, shortened};

/// A call that is the same but for not sleeping when the bit is set; `sleeps` is the error that says that it would have
/// slept.
pub(super) fn flag(
    arg: usize,
    bit: u64,
    sleeps: i32,
    nr: u32,
    args: Narrowed<'_>,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> Attempt {
    let never_waits = args.get(arg) & bit != 0;
    Attempt::of(enter(nr, &args.raw().with_bits(arg, bit)), |result| is_errno(result, sleeps) && !never_waits)
}

/// A call with one command exchanged for another that does not sleep. Locks that are taken say EAGAIN or EACCES.
pub(super) fn command(
    arg: usize,
    exchanges: &[(u64, u64)],
    nr: u32,
    args: Narrowed<'_>,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> Attempt {
    let Some((_, to)) = exchanges.iter().find(|(from, _)| *from == u64::from(low(args.get(arg)))) else {
        return Attempt::NotHere;
    };
    Attempt::of(enter(nr, &args.raw().with(arg, *to)), |result| {
        is_errno(result, libc::EAGAIN) || is_errno(result, libc::EACCES)
    })
}

/// More operations are a worker's: the copy stands on the stack.
const OPERATIONS_MAX: usize = 16;
/// A sembuf, in bytes: number, operation and flags, of two bytes each.
const OPERATION_BYTES: usize = 6;
const FLAGS_OFFSET: usize = 4;

fn operations(args: Narrowed<'_>) -> usize {
    usize::try_from(low(args.get(2))).unwrap_or(usize::MAX)
}

pub(super) fn may_try_semaphores(args: Narrowed<'_>) -> bool {
    (1..=OPERATIONS_MAX).contains(&operations(args))
}

/// semop and semtimedop, with IPC_NOWAIT in a copy of each operation. The time, if there is one, stays the caller's: the
/// kernel checks it, and with `bit` set does not wait for it.
pub(super) fn semaphores(
    arg: usize,
    bit: u64,
    nr: u32,
    args: Narrowed<'_>,
    memory: Memory,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> Attempt {
    // Words, so that they lie where the kernel's structures would.
    let mut words = [0u64; OPERATIONS_MAX * OPERATION_BYTES / 8];
    let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
    let copies = &mut bytes[..operations(args) * OPERATION_BYTES];
    if !memory.copy(args.get(arg), copies) {
        return Attempt::NotHere;
    }
    let mut never_waits = true;
    for operation in copies.chunks_exact_mut(OPERATION_BYTES) {
        let (low, high) = (operation[FLAGS_OFFSET], operation[FLAGS_OFFSET + 1]);
        let flags = u16::from_ne_bytes([low, high]);
        let set = u64::from(flags) | bit;
        never_waits &= set == u64::from(flags);
        operation[FLAGS_OFFSET..].copy_from_slice(&u16::try_from(set).unwrap_or(flags).to_ne_bytes());
    }
    // Where only some operations are not to wait, the plain call knows which it was.
    Attempt::of(enter(nr, &args.raw().with(arg, address(&words))), |result| {
        is_errno(result, libc::EAGAIN) && !never_waits
    })
}

/// Since Linux 6.7; the C library does not name it yet.
const FUTEX_WAIT_NR: libc::c_long = 455;
/// More futexes are a worker's.
const WAITERS_MAX: usize = 8;
/// A `struct futex_waitv`, in words: value, address, flags.
const WAITER_WORDS: usize = 3;

fn futex_command(args: Narrowed<'_>) -> i32 {
    (low(args.get(1)) & libc::FUTEX_CMD_MASK.cast_unsigned()).cast_signed()
}

fn is_futex(nr: u32) -> bool {
    libc::c_long::from(nr) == libc::SYS_futex
}

/// The commands of futex that wait, and have no owner.
pub(super) fn may_try_futex(nr: libc::c_long, args: Narrowed<'_>) -> bool {
    match nr {
        libc::SYS_futex => matches!(futex_command(args), libc::FUTEX_WAIT | libc::FUTEX_WAIT_BITSET),
        libc::SYS_futex_waitv => (1..=WAITERS_MAX as u64).contains(&low(args.get(1)).into()),
        _ => true,
    }
}

/// A wait on futexes. Whether the value is another one is asked first, without waiting: only then is the call made, with
/// a time of zero in case the value is back by then.
pub(super) fn futex(
    time: usize,
    nr: u32,
    args: Narrowed<'_>,
    memory: Memory,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> Attempt {
    if Limit::of(memory, args.get(time), Unit::Nanoseconds) == Limit::Unknown {
        return Attempt::NotHere;
    }
    match all_hold(nr, args, memory) {
        None => return Attempt::NotHere,
        Some(true) => return Attempt::WouldBlock,
        Some(false) => {}
    }
    let now = [0u64; 2];
    let mut nonblocking = args.raw().with(time, address(&now));
    // Without a time the kernel does not look at the clock behind it, and the caller may have left junk there.
    if args.get(time) == 0 && !is_futex(nr) {
        nonblocking.set(time + 1, u64::from(libc::CLOCK_MONOTONIC.cast_unsigned()));
    }
    Attempt::of(enter(nr, &nonblocking), |result| {
        is_errno(result, libc::ETIMEDOUT) || is_errno(result, libc::EINTR)
    })
}

/// Whether all values are those that the call expects; none where the kernel does not say.
fn all_hold(nr: u32, args: Narrowed<'_>, memory: Memory) -> Option<bool> {
    let mut waiters = [0u64; WAITERS_MAX * WAITER_WORDS];
    match libc::c_long::from(nr) {
        libc::SYS_futex_waitv => {
            let count = usize::try_from(low(args.get(1))).ok()?;
            let waiters = &mut waiters[..count * WAITER_WORDS];
            if !memory.copy(args.get(0), bytemuck::cast_slice_mut(waiters)) {
                return None;
            }
            let mut waiters = waiters.chunks_exact(WAITER_WORDS);
            waiters.try_fold(true, |all, waiter| Some(all & holds(waiter[1], low(waiter[0]))?))
        }
        FUTEX_WAIT_NR => holds(args.get(0), low(args.get(1))),
        _ => holds(args.get(0), low(args.get(2))),
    }
}

/// The plain call. Only FUTEX_WAIT counts its time from the call.
pub(super) fn finish_futex(
    time: usize,
    nr: u32,
    args: Narrowed<'_>,
    passed_ns: u64,
    memory: Memory,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> Invoked {
    if is_futex(nr) && futex_command(args) == libc::FUTEX_WAIT {
        return shortened(time, nr, args, passed_ns, memory, enter);
    }
    enter(nr, args.raw())
}
