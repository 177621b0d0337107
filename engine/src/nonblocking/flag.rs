//! Calls that are the same but for not sleeping when one flag is set, or one command is exchanged for another.

use syslet_syscalls::{Invoked, Narrowed};

use crate::nonblocking::ask::low;
use crate::nonblocking::{Attempt, Enter, is_errno};

/// The call with the bit set; `sleeps` is its way of saying that it would have slept.
pub(crate) fn attempt(
    arg: usize,
    bit: u64,
    sleeps: i32,
    nr: u32,
    args: Narrowed<'_>,
    enter: &mut impl Enter,
) -> Attempt {
    let never_waits = args.get(arg) & bit != 0;
    let mut nonblocking = *args.raw();
    nonblocking = nonblocking.with_bits(arg, bit);
    match enter(nr, &nonblocking) {
        Invoked::NeverBegan => Attempt::Cancelled,
        Invoked::Result(result) if is_errno(result, sleeps) && !never_waits => Attempt::WouldBlock,
        Invoked::Result(result) => Attempt::Final(result),
    }
}

/// The call with the command exchanged. Locks that are taken say EAGAIN or EACCES.
pub(crate) fn attempt_command(
    arg: usize,
    exchanges: &[(u64, u64)],
    nr: u32,
    args: Narrowed<'_>,
    enter: &mut impl Enter,
) -> Attempt {
    let Some((_, to)) = exchanges.iter().find(|(from, _)| *from == u64::from(low(args.get(arg)))) else {
        return Attempt::NotHere;
    };
    let mut nonblocking = *args.raw();
    nonblocking.set(arg, *to);
    match enter(nr, &nonblocking) {
        Invoked::NeverBegan => Attempt::Cancelled,
        Invoked::Result(result) if is_errno(result, libc::EAGAIN) || is_errno(result, libc::EACCES) => {
            Attempt::WouldBlock
        }
        Invoked::Result(result) => Attempt::Final(result),
    }
}
