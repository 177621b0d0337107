//! Attempts on sockets: receives and sends, with MSG_DONTWAIT. `attempt` and `finish` in `mod.rs` call them.

use syslet_syscalls::{Invoked, Narrowed, RawArgs};

use crate::nonblocking::attempt::{Attempt, behind, with_done};
use crate::nonblocking::query::{
    Memory, TRANSFER_MAX, address, answers_first_byte, available, is_errno, is_known_socket, is_non_blocking,
    is_stream, low,
};
use crate::slots::kept::Dependence;

const DONTWAIT: u64 = libc::MSG_DONTWAIT as u64;
const NOSIGNAL: u64 = libc::MSG_NOSIGNAL as u64;
const WAITALL: u64 = libc::MSG_WAITALL as u64;
const PEEK: u64 = libc::MSG_PEEK as u64;
const OOB: u64 = libc::MSG_OOB as u64;
const WAITFORONE: u64 = libc::MSG_WAITFORONE as u64;
/// Flags that a send may have. Urgent data marks its last byte, MSG_ZEROCOPY counts the calls, MSG_FASTOPEN connects.
const OF_SENDS: i32 = libc::MSG_DONTWAIT
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

/// Whether the call has its buffers in a message header.
fn has_header(nr: libc::c_long) -> bool {
    matches!(nr, libc::SYS_recvmsg | libc::SYS_sendmsg)
}

/// The argument that holds the flags.
fn flags_at(nr: libc::c_long) -> usize {
    if has_header(nr) { 2 } else { 3 }
}

/// Whether a receive says MSG_WAITALL, in either of the arguments that may be its flags.
pub(super) fn waits_for_all(args: Narrowed<'_>) -> bool {
    (args.get(2) | args.get(3)) & WAITALL != 0
}

/// MSG_WAITALL is tried where bytes received can be told from bytes peeked at or thrown away.
pub(super) fn may_try_receive(nr: libc::c_long, args: Narrowed<'_>) -> bool {
    let flags = args.get(flags_at(nr));
    let waits_for_all = flags & WAITALL != 0;
    match nr {
        libc::SYS_recvfrom => !waits_for_all || (flags & (PEEK | OOB) == 0 && args.get(2) <= TRANSFER_MAX),
        libc::SYS_recvmsg => !waits_for_all,
        // Several messages are waited for one by one, and a time limit is looked at between them.
        _ => !waits_for_all && args.get(4) == 0 && (low(args.get(2)) == 1 || flags & WAITFORONE != 0),
    }
}

/// The arguments that [`may_try_receive`] and [`may_try_send`] look at.
pub(super) fn deciders(nr: libc::c_long) -> Dependence {
    let flags = 1 << flags_at(nr);
    match nr {
        // How many messages, and the address of the time.
        libc::SYS_recvmmsg => Dependence { values: flags | 1 << 2 | 1 << 4, ..Dependence::default() },
        _ if has_header(nr) => Dependence { values: flags, ..Dependence::default() },
        _ => Dependence { values: flags, lengths: 1 << 2, ..Dependence::default() },
    }
}

pub(super) fn receive(
    nr: u32,
    args: Narrowed<'_>,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> Attempt {
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
    let nonblocking = args.raw().with_bits(at, DONTWAIT);
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

pub(super) fn may_try_send(nr: libc::c_long, args: Narrowed<'_>) -> bool {
    low(args.get(flags_at(nr))) & !OF_SENDS.cast_unsigned() == 0
        && (has_header(nr) || args.get(2) <= TRANSFER_MAX)
}

/// A send, with MSG_NOSIGNAL besides.
pub(super) fn send(
    nr: u32,
    args: Narrowed<'_>,
    memory: Memory,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> Attempt {
    let (fd, at) = (args.get(0), flags_at(nr.into()));
    let never_waits = args.get(at) & DONTWAIT != 0;
    if !never_waits && !is_known_socket(fd) {
        return Attempt::NotHere;
    }
    let looks = has_header(nr.into()) && !never_waits;
    let header: Option<Header> = if looks { memory.words(args.get(1)) } else { None };
    // Descriptors in control data go with the first part, credentials with every part.
    if looks && header.is_none_or(|header| header[HEADER_CONTROL_LEN] != 0) {
        return Attempt::NotHere;
    }
    let nonblocking = args.raw().with_bits(at, DONTWAIT | NOSIGNAL);
    let Invoked::Result(result) = enter(nr, &nonblocking) else { return Attempt::Cancelled };
    if never_waits {
        return Attempt::Final(result);
    }
    // EINPROGRESS: the first send also connects, and nothing is sent yet.
    let would_block = is_errno(result, libc::EAGAIN) || is_errno(result, libc::EINPROGRESS);
    let asked =
        || header.map_or(args.get(2), |header| memory.total(header[HEADER_VEC], header[HEADER_COUNT]));
    Attempt::of_output(result, fd, would_block, asked, || is_stream(fd))
}

/// The plain call for the rest of a send, or of a recvfrom with MSG_WAITALL.
pub(super) fn finish(
    nr: u32,
    args: Narrowed<'_>,
    done: u64,
    memory: Memory,
    enter: &mut impl FnMut(u32, &RawArgs) -> Invoked,
) -> Invoked {
    if !has_header(nr.into()) {
        return with_done(done, enter(nr, &behind(args, done)));
    }
    let Some(mut header) = memory.words::<7>(args.get(1)) else { return Invoked::Result(done.cast_signed()) };
    let rest = memory.rest(header[HEADER_VEC], header[HEADER_COUNT], done);
    header[HEADER_VEC] = rest.first().map_or(0, address);
    header[HEADER_COUNT] = rest.len() as u64;
    with_done(done, enter(nr, &args.raw().with(1, address(&header))))
}
