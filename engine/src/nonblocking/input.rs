//! Which calls wait for input of one file and may do so without a thread. `nonblocking` asks before a call is parked.

use syslet_syscalls::{Narrowed, Row};

use crate::nonblocking::query::{Kind, is_known_socket, kind, low, waits_for_ever};

/// Flags of a receive that change neither what it waits for nor what it takes.
const FLAGS: u32 = (libc::MSG_TRUNC | libc::MSG_NOSIGNAL).cast_unsigned();

/// Whether the call, by its number and flags, takes what is there and installs no descriptors.
pub(super) fn may_wait(row: &Row, args: Narrowed<'_>) -> bool {
    match row.numbers.here().map(libc::c_long::from) {
        Some(libc::SYS_read | libc::SYS_readv) => true,
        Some(libc::SYS_recvfrom) => low(args.get(3)) & !FLAGS == 0,
        _ => false,
    }
}

/// The descriptor, where its file is one that is waited for: a pipe, or a socket without a time limit.
pub(super) fn descriptor(args: Narrowed<'_>) -> Option<i32> {
    let fd = args.get(0);
    let is_waited_for = match kind(fd) {
        Kind::Pipe => true,
        Kind::Socket => is_known_socket(fd) && waits_for_ever(fd),
        _ => false,
    };
    is_waited_for.then(|| low(fd).cast_signed())
}
