//! Waits on futexes. Whether the value is another one is asked first, without waiting: only then is the call made, with
//! a time of zero in case the value is back by then.

use syslet_syscalls::{Invoked, Narrowed};

use crate::nonblocking::ask::{address, holds, low};
use crate::nonblocking::limit::{Limit, Unit, shortened};
use crate::nonblocking::memory::Memory;
use crate::nonblocking::{Attempt, Enter, is_errno};

/// Since Linux 6.7; the C library does not name it yet.
const FUTEX_WAIT_NR: libc::c_long = 455;
/// More futexes are a worker's.
const WAITERS_MAX: usize = 8;
/// A `struct futex_waitv`, in words: value, address, flags.
const WAITER_WORDS: usize = 3;

fn command(args: Narrowed<'_>) -> i32 {
    (low(args.get(1)) & libc::FUTEX_CMD_MASK.cast_unsigned()).cast_signed()
}

/// The commands of futex that wait, and have no owner.
pub(crate) fn may_try(nr: libc::c_long, args: Narrowed<'_>) -> bool {
    match nr {
        libc::SYS_futex => matches!(command(args), libc::FUTEX_WAIT | libc::FUTEX_WAIT_BITSET),
        libc::SYS_futex_waitv => (1..=WAITERS_MAX as u64).contains(&low(args.get(1)).into()),
        _ => true,
    }
}

pub(crate) fn attempt(
    time: usize,
    nr: u32,
    args: Narrowed<'_>,
    memory: Memory,
    enter: &mut impl Enter,
) -> Attempt {
    if Limit::of(memory, args.get(time), Unit::Nanoseconds) == Limit::Unknown {
        return Attempt::NotHere;
    }
    match hold(nr, args, memory) {
        None => return Attempt::NotHere,
        Some(true) => return Attempt::WouldBlock,
        Some(false) => {}
    }
    let now = [0u64; 2];
    let mut nonblocking = *args.raw();
    nonblocking.set(time, address(&now));
    // Without a time nobody looks at the clock behind it.
    if args.get(time) == 0 && nr != number(libc::SYS_futex) {
        nonblocking.set(time + 1, u64::from(libc::CLOCK_MONOTONIC.cast_unsigned()));
    }
    match enter(nr, &nonblocking) {
        Invoked::NeverBegan => Attempt::Cancelled,
        Invoked::Result(result) if is_errno(result, libc::ETIMEDOUT) || is_errno(result, libc::EINTR) => {
            Attempt::WouldBlock
        }
        Invoked::Result(result) => Attempt::Final(result),
    }
}

fn number(nr: libc::c_long) -> u32 {
    u32::try_from(nr).unwrap_or(u32::MAX)
}

/// Whether all values are those that the call expects; none where the kernel does not say.
fn hold(nr: u32, args: Narrowed<'_>, memory: Memory) -> Option<bool> {
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
pub(crate) fn finish(
    time: usize,
    nr: u32,
    args: Narrowed<'_>,
    passed_ns: u64,
    memory: Memory,
    enter: &mut impl Enter,
) -> Invoked {
    if nr == number(libc::SYS_futex) && command(args) == libc::FUTEX_WAIT {
        return shortened(time, nr, args, passed_ns, memory, enter);
    }
    enter(nr, args.raw())
}
