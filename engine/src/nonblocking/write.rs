//! Writes to pipes and sockets, through pwritev2 with RWF_NOWAIT and RWF_NOSIGNAL.

use syslet_syscalls::{Invoked, Narrowed};

use crate::nonblocking::ask::{Kind, address, is_known_socket, is_non_blocking, is_stream, kind};
use crate::nonblocking::choice::{Abilities, Ability};
use crate::nonblocking::memory::Memory;
use crate::nonblocking::transfer::Transfer;
use crate::nonblocking::vectors::rest;
use crate::nonblocking::{Attempt, Enter, RWF_NOSIGNAL, RWF_NOWAIT, is_errno, with_done};

pub(crate) fn attempt(
    abilities: Abilities,
    nr: u32,
    args: Narrowed<'_>,
    memory: Memory,
    enter: &mut impl Enter,
) -> Attempt {
    let write = Transfer::of(nr.into(), args);
    let kind = kind(write.fd);
    match kind {
        // A short write there could not be finished: the position is everybody's.
        Kind::Storage(_) => return Attempt::Plain,
        Kind::Pipe => {}
        Kind::Socket if abilities.has(Ability::SocketQuestions) && is_known_socket(write.fd) => {}
        _ => return Attempt::NotHere,
    }
    let pwritev2 = libc::SYS_pwritev2.unsigned_abs().try_into().unwrap_or(u32::MAX);
    let Invoked::Result(result) = write.nonblocking(RWF_NOWAIT | RWF_NOSIGNAL, |args| enter(pwritev2, args))
    else {
        return Attempt::Cancelled;
    };
    if is_errno(result, libc::EOPNOTSUPP) || is_errno(result, libc::EINVAL) {
        return Attempt::NotHere;
    }
    if write.never_waits() {
        return Attempt::Final(result);
    }
    if is_errno(result, libc::EAGAIN) {
        return if is_non_blocking(write.fd) { Attempt::Final(result) } else { Attempt::WouldBlock };
    }
    match u64::try_from(result) {
        Ok(bytes)
            if bytes > 0
                && bytes < write.total(memory)
                && (kind == Kind::Pipe || is_stream(write.fd))
                && !is_non_blocking(write.fd) =>
        {
            Attempt::Partial(bytes)
        }
        _ => Attempt::Final(result),
    }
}

/// The plain write of what is left.
pub(crate) fn finish(
    nr: u32,
    args: Narrowed<'_>,
    done: u64,
    memory: Memory,
    enter: &mut impl Enter,
) -> Invoked {
    let (at, count) = (args.get(1), args.get(2));
    if libc::c_long::from(nr) == libc::SYS_write {
        return with_done(done, enter(nr, &args.raw().with(1, at + done).with(2, count - done)));
    }
    let rest = rest(memory, at, count, done);
    let vec = rest.first().map_or(0, address);
    with_done(done, enter(nr, &args.raw().with(1, vec).with(2, rest.len() as u64)))
}
