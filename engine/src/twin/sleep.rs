//! Relative sleeps, which have no twin in the kernel: they count from the first attempt.

use syslet_syscalls::Invoked;

use super::ask::{address, low};
use super::memory::Memory;
use super::{Attempt, Enter};

const NS_PER_S: u64 = 1_000_000_000;

/// Only clocks that pass as the engine's own. Boot time goes on in a suspend, TAI is set, CPU time stands still; an
/// absolute time stays the same without us.
pub(super) fn may_try(nr: libc::c_long, args: &[u64; 6]) -> bool {
    let clock = low(args[0]).cast_signed();
    let is_absolute = low(args[1]) & libc::TIMER_ABSTIME.cast_unsigned() != 0;
    nr == libc::SYS_nanosleep
        || (matches!(clock, libc::CLOCK_REALTIME | libc::CLOCK_MONOTONIC) && !is_absolute)
}

pub(super) fn attempt(
    arg: usize,
    nr: u32,
    args: &[u64; 6],
    memory: Memory,
    enter: &mut impl Enter,
) -> Attempt {
    if memory.words(args[arg]).and_then(length_ns).is_some_and(|ns| ns > 0) {
        return Attempt::WouldBlock;
    }
    match enter(nr, args) {
        Invoked::NeverBegan => Attempt::Cancelled,
        Invoked::Result(result) => Attempt::Final(result),
    }
}

/// The plain sleep for what is left; what is left when a signal ends it goes where the caller wants it.
pub(super) fn finish(
    arg: usize,
    nr: u32,
    args: &[u64; 6],
    passed_ns: u64,
    memory: Memory,
    enter: &mut impl Enter,
) -> Invoked {
    let Some(length_ns) = memory.words(args[arg]).and_then(length_ns) else { return enter(nr, args) };
    let left_ns = length_ns.saturating_sub(passed_ns.into());
    let (Ok(seconds), Ok(nanoseconds)) =
        (u64::try_from(left_ns / u128::from(NS_PER_S)), u64::try_from(left_ns % u128::from(NS_PER_S)))
    else {
        return enter(nr, args);
    };
    let left = [seconds, nanoseconds];
    let mut shortened = *args;
    shortened[arg] = address(&left);
    enter(nr, &shortened)
}

/// How long a timespec is, if it is valid.
fn length_ns([seconds, nanoseconds]: [u64; 2]) -> Option<u128> {
    let is_valid = seconds.cast_signed() >= 0 && nanoseconds < NS_PER_S;
    is_valid.then(|| u128::from(seconds) * u128::from(NS_PER_S) + u128::from(nanoseconds))
}
