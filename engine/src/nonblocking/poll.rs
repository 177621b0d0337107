//! poll and the epoll waits, with a timeout of zero.

use syslet_syscalls::{Invoked, Narrowed};

use crate::nonblocking::ask::low;
use crate::nonblocking::{Attempt, Enter};

const NS_PER_MS: u64 = 1_000_000;

pub(crate) fn attempt(arg: usize, nr: u32, args: Narrowed<'_>, enter: &mut impl Enter) -> Attempt {
    let mut nonblocking = *args.raw();
    nonblocking.set(arg, 0);
    match enter(nr, &nonblocking) {
        Invoked::NeverBegan => Attempt::Cancelled,
        Invoked::Result(0) if low(args.get(arg)) != 0 => Attempt::WouldBlock,
        Invoked::Result(result) => Attempt::Final(result),
    }
}

/// The plain call, for what is left of the timeout, rounded up. Below zero is for ever.
pub(crate) fn finish(
    arg: usize,
    nr: u32,
    args: Narrowed<'_>,
    passed_ns: u64,
    enter: &mut impl Enter,
) -> Invoked {
    let mut shortened = *args.raw();
    if let Ok(timeout_ms) = u32::try_from(low(args.get(arg)).cast_signed()) {
        let left_ns = (u64::from(timeout_ms) * NS_PER_MS).saturating_sub(passed_ns);
        shortened.set(arg, left_ns.div_ceil(NS_PER_MS));
    }
    enter(nr, &shortened)
}
