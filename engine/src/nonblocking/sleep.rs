//! Relative sleeps, which have no twin in the kernel: they count from the first attempt.

use syslet_syscalls::{Invoked, Narrowed};

use crate::nonblocking::ask::low;
use crate::nonblocking::limit::{Unit, shortened};
use crate::nonblocking::memory::Memory;
use crate::nonblocking::{Attempt, Enter};
use crate::sys::clock::now_ns;

/// Only clocks that pass as the engine's own. Boot time goes on in a suspend, TAI is set, CPU time stands still. Of a
/// clock that can be set nobody knows whether an absolute time stays past.
pub(crate) fn may_try(nr: libc::c_long, args: Narrowed<'_>) -> bool {
    let clock = low(args.get(0)).cast_signed();
    nr == libc::SYS_nanosleep
        || clock == libc::CLOCK_MONOTONIC
        || (clock == libc::CLOCK_REALTIME && !is_absolute(nr, args))
}

fn is_absolute(nr: libc::c_long, args: Narrowed<'_>) -> bool {
    nr == libc::SYS_clock_nanosleep && low(args.get(1)) & libc::TIMER_ABSTIME.cast_unsigned() != 0
}

pub(crate) fn attempt(
    arg: usize,
    nr: u32,
    args: Narrowed<'_>,
    memory: Memory,
    enter: &mut impl Enter,
) -> Attempt {
    let over_ns = if is_absolute(nr.into(), args) { now_ns().into() } else { 0 };
    if memory.words(args.get(arg)).and_then(length_ns).is_some_and(|ns| ns > over_ns) {
        return Attempt::WouldBlock;
    }
    match enter(nr, args.raw()) {
        Invoked::NeverBegan => Attempt::Cancelled,
        Invoked::Result(result) => Attempt::Final(result),
    }
}

/// The plain sleep for what is left; what is left when a signal ends it goes where the caller wants it.
pub(crate) fn finish(
    arg: usize,
    nr: u32,
    args: Narrowed<'_>,
    passed_ns: u64,
    memory: Memory,
    enter: &mut impl Enter,
) -> Invoked {
    if is_absolute(nr.into(), args) {
        return enter(nr, args.raw());
    }
    shortened(arg, nr, args, passed_ns, memory, enter)
}

/// How long a timespec is, if it is valid.
fn length_ns(time: [u64; 2]) -> Option<u128> {
    Unit::Nanoseconds.length_ns(time)
}
