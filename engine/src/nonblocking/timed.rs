//! Waits that end at a time, asked with a time of zero: epoll_pwait2, rt_sigtimedwait, and message queues, for which
//! zero is a deadline long past.

use syslet_syscalls::{Invoked, Narrowed};

use crate::nonblocking::ask::address;
use crate::nonblocking::limit::{Limit, Unit};
use crate::nonblocking::memory::Memory;
use crate::nonblocking::{Attempt, Enter, is_errno};

/// `idle` is how the call says that it would have waited.
pub(crate) fn attempt(
    arg: usize,
    idle: i64,
    nr: u32,
    args: Narrowed<'_>,
    memory: Memory,
    enter: &mut impl Enter,
) -> Attempt {
    let limit = Limit::of(memory, args.get(arg), Unit::Nanoseconds);
    let now = [0u64; 2];
    let mut nonblocking = *args.raw();
    match limit {
        Limit::Unknown => return Attempt::NotHere,
        Limit::Nothing => {}
        Limit::ForEver | Limit::Ns(_) => nonblocking.set(arg, address(&now)),
    }
    match enter(nr, &nonblocking) {
        Invoked::NeverBegan => Attempt::Cancelled,
        // A signal has come first: nothing has happened, and a worker waits on.
        Invoked::Result(result)
            if limit != Limit::Nothing && (result == idle || is_errno(result, libc::EINTR)) =>
        {
            Attempt::WouldBlock
        }
        Invoked::Result(result) => Attempt::Final(result),
    }
}
