//! Sends, with MSG_DONTWAIT and MSG_NOSIGNAL.

use syslet_syscalls::{Invoked, Narrowed};

use crate::nonblocking::ask::{address, is_known_socket, is_non_blocking, is_stream, low};
use crate::nonblocking::memory::Memory;
use crate::nonblocking::vectors::{TRANSFER_MAX, rest, total};
use crate::nonblocking::{Attempt, Enter, is_errno, with_done};

const DONTWAIT: u64 = libc::MSG_DONTWAIT as u64;
const NOSIGNAL: u64 = libc::MSG_NOSIGNAL as u64;
/// What may stand beside. Urgent data marks its last byte, MSG_ZEROCOPY counts the calls, MSG_FASTOPEN connects.
const KNOWN: i32 = libc::MSG_DONTWAIT
    | libc::MSG_NOSIGNAL
    | libc::MSG_DONTROUTE
    | libc::MSG_CONFIRM
    | libc::MSG_MORE
    | libc::MSG_EOR;

/// A message header, in words: name, its length, vector, count, control data, their length, flags.
type Header = [u64; 7];
const HEADER_VEC: usize = 2;
const HEADER_COUNT: usize = 3;
const HEADER_CONTROL_LEN: usize = 5;

fn flags_at(nr: libc::c_long) -> usize {
    if nr == libc::SYS_sendmsg { 2 } else { 3 }
}

pub(crate) fn may_try(nr: libc::c_long, args: Narrowed<'_>) -> bool {
    low(args.get(flags_at(nr))) & !KNOWN.cast_unsigned() == 0
        && (nr == libc::SYS_sendmsg || args.get(2) <= TRANSFER_MAX)
}

pub(crate) fn attempt(nr: u32, args: Narrowed<'_>, memory: Memory, enter: &mut impl Enter) -> Attempt {
    let (fd, at) = (args.get(0), flags_at(nr.into()));
    let never_waits = args.get(at) & DONTWAIT != 0;
    if !never_waits && !is_known_socket(fd) {
        return Attempt::NotHere;
    }
    let header: Option<Header> = if at == 2 && !never_waits { memory.words(args.get(1)) } else { None };
    // Descriptors in control data go with the first part, credentials with every part.
    if at == 2 && !never_waits && header.is_none_or(|header| header[HEADER_CONTROL_LEN] != 0) {
        return Attempt::NotHere;
    }
    let mut nonblocking = *args.raw();
    nonblocking = nonblocking.with_bits(at, DONTWAIT | NOSIGNAL);
    let Invoked::Result(result) = enter(nr, &nonblocking) else { return Attempt::Cancelled };
    if never_waits {
        return Attempt::Final(result);
    }
    // EINPROGRESS: the first send also connects, and nothing is sent yet.
    if is_errno(result, libc::EAGAIN) || is_errno(result, libc::EINPROGRESS) {
        return if is_non_blocking(fd) { Attempt::Final(result) } else { Attempt::WouldBlock };
    }
    let asked =
        || header.map_or(args.get(2), |header| total(memory, header[HEADER_VEC], header[HEADER_COUNT]));
    match u64::try_from(result) {
        Ok(bytes) if bytes > 0 && bytes < asked() && is_stream(fd) && !is_non_blocking(fd) => {
            Attempt::Partial(bytes)
        }
        _ => Attempt::Final(result),
    }
}

/// The plain send of what is left.
pub(crate) fn finish(
    nr: u32,
    args: Narrowed<'_>,
    done: u64,
    memory: Memory,
    enter: &mut impl Enter,
) -> Invoked {
    if libc::c_long::from(nr) == libc::SYS_sendto {
        let rest = args.raw().with(1, args.get(1) + done).with(2, args.get(2) - done);
        return with_done(done, enter(nr, &rest));
    }
    let Some(mut header) = memory.words::<7>(args.get(1)) else { return Invoked::Result(done.cast_signed()) };
    let rest = rest(memory, header[HEADER_VEC], header[HEADER_COUNT], done);
    header[HEADER_VEC] = rest.first().map_or(0, address);
    header[HEADER_COUNT] = rest.len() as u64;
    with_done(done, enter(nr, &args.raw().with(1, address(&header))))
}
