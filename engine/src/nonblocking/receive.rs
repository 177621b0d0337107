//! Receives, with MSG_DONTWAIT.

use syslet_syscalls::{Invoked, Narrowed};

use crate::nonblocking::ask::{
    answers_first_byte, available, is_known_socket, is_non_blocking, is_stream, low,
};
use crate::nonblocking::vectors::TRANSFER_MAX;
use crate::nonblocking::{Attempt, Enter, is_errno, with_done};

const DONTWAIT: u64 = libc::MSG_DONTWAIT as u64;
const WAITALL: u64 = libc::MSG_WAITALL as u64;
const PEEK: u64 = libc::MSG_PEEK as u64;
const OOB: u64 = libc::MSG_OOB as u64;
const WAITFORONE: u64 = libc::MSG_WAITFORONE as u64;

fn flags_at(nr: libc::c_long) -> usize {
    if nr == libc::SYS_recvmsg { 2 } else { 3 }
}

/// MSG_WAITALL is tried where what it has received can be told from what it has peeked at or thrown away.
pub(crate) fn may_try(nr: libc::c_long, args: Narrowed<'_>) -> bool {
    let flags = args.get(flags_at(nr));
    let waits_for_all = flags & WAITALL != 0;
    match nr {
        libc::SYS_recvfrom => !waits_for_all || (flags & (PEEK | OOB) == 0 && args.get(2) <= TRANSFER_MAX),
        libc::SYS_recvmsg => !waits_for_all,
        // Several messages are waited for one by one, and a time limit is looked at between them.
        _ => !waits_for_all && args.get(4) == 0 && (low(args.get(2)) == 1 || flags & WAITFORONE != 0),
    }
}

pub(crate) fn attempt(nr: u32, args: Narrowed<'_>, enter: &mut impl Enter) -> Attempt {
    let (fd, at) = (args.get(0), flags_at(nr.into()));
    let never_waits = args.get(at) & DONTWAIT != 0;
    let is_exact = never_waits || (is_known_socket(fd) && answers_first_byte(fd));
    if !is_exact {
        return Attempt::NotHere;
    }
    let waits_for_all = !never_waits && args.get(at) & WAITALL != 0 && is_stream(fd);
    if waits_for_all && available(fd).is_none_or(|bytes| bytes < args.get(2)) {
        return if is_non_blocking(fd) { Attempt::Plain } else { Attempt::WouldBlock };
    }
    let mut nonblocking = *args.raw();
    nonblocking = nonblocking.with_bits(at, DONTWAIT);
    let Invoked::Result(result) = enter(nr, &nonblocking) else { return Attempt::Cancelled };
    if is_errno(result, libc::EAGAIN) && !never_waits && !is_non_blocking(fd) {
        return Attempt::WouldBlock;
    }
    match u64::try_from(result) {
        // All was there, so a boundary that the plain call would not cross ended it, unless another reader was faster.
        Ok(bytes)
            if waits_for_all
                && bytes > 0
                && bytes < args.get(2)
                && available(fd) == Some(0)
                && !is_non_blocking(fd) =>
        {
            Attempt::Partial(bytes)
        }
        _ => Attempt::Final(result),
    }
}

/// The plain recvfrom of what is left of a MSG_WAITALL.
pub(crate) fn finish(nr: u32, args: Narrowed<'_>, done: u64, enter: &mut impl Enter) -> Invoked {
    let rest = args.raw().with(1, args.get(1) + done).with(2, args.get(2) - done);
    with_done(done, enter(nr, &rest))
}
