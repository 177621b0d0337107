//! Reads, through preadv2 with RWF_NOWAIT.

use syslet_syscalls::{Invoked, Narrowed};

use crate::exec::signalfd::takes_internal;
use crate::nonblocking::ask::{Kind, answers_first_byte, is_known_socket, is_non_blocking, kind};
use crate::nonblocking::choice::{Abilities, Ability};
use crate::nonblocking::memory::Memory;
use crate::nonblocking::transfer::Transfer;
use crate::nonblocking::{Attempt, Enter, RWF_NOWAIT, is_errno};

pub(crate) fn attempt(
    abilities: Abilities,
    nr: u32,
    args: Narrowed<'_>,
    memory: Memory,
    enter: &mut impl Enter,
) -> Attempt {
    let read = Transfer::of(nr.into(), args);
    if read.never_waits() {
        return match enter(nr, args.raw()) {
            Invoked::Result(result) => Attempt::Final(result),
            Invoked::NeverBegan => Attempt::Cancelled,
        };
    }
    if read.is_shared()
        && let Some(instead) = not_here(abilities, &read)
    {
        return instead;
    }
    let preadv2 = libc::SYS_preadv2.unsigned_abs().try_into().unwrap_or(u32::MAX);
    let Invoked::Result(result) = read.nonblocking(RWF_NOWAIT, |args| enter(preadv2, args)) else {
        return Attempt::Cancelled;
    };
    if is_errno(result, libc::EAGAIN) {
        let is_answer = read.is_shared() && is_non_blocking(read.fd);
        return if is_answer { Attempt::Final(result) } else { Attempt::WouldBlock };
    }
    // The file has no such twin, or the plain call fails in the same way: it says so itself.
    if is_errno(result, libc::EOPNOTSUPP) || is_errno(result, libc::EINVAL) {
        return Attempt::NotHere;
    }
    match u64::try_from(result) {
        Ok(bytes) if !read.is_shared() && bytes < read.total(memory) => short(&read, bytes),
        _ => Attempt::Final(result),
    }
}

/// What to do instead of reading at the shared position.
fn not_here(abilities: Abilities, read: &Transfer) -> Option<Attempt> {
    let fd = read.fd;
    match kind(fd) {
        // A short read there could not be finished: the position is everybody's.
        Kind::Storage(_) => Some(Attempt::Plain),
        // A worker reads another one in its place.
        Kind::Anonymous if takes_internal(fd, read.bytes_max()) => Some(Attempt::NotHere),
        Kind::Pipe | Kind::Anonymous => None,
        Kind::Socket
            if abilities.has(Ability::SocketQuestions) && is_known_socket(fd) && answers_first_byte(fd) =>
        {
            None
        }
        _ => Some(Attempt::NotHere),
    }
}

/// A short read at a position: the end of the file is an answer, the end of what is cached is none. Reading leaves no
/// trace there, so the plain call starts again and is whole, however the file changes meanwhile.
fn short(read: &Transfer, bytes: u64) -> Attempt {
    match kind(read.fd) {
        Kind::Storage(Some(size)) if read.position.saturating_add(bytes) < size => Attempt::WouldBlock,
        Kind::Storage(None) | Kind::Memory => Attempt::WouldBlock,
        _ => Attempt::Final(bytes.cast_signed()),
    }
}
