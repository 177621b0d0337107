//! The six reads and six writes as one: what of, where to, from which position, with which flags.

use syslet_syscalls::{Narrowed, RawArgs};

use crate::nonblocking::RWF_NOWAIT;
use crate::nonblocking::ask::address;
use crate::nonblocking::memory::Memory;
use crate::nonblocking::vectors::{TRANSFER_MAX, total};

/// The position that means the file's own.
const SHARED: u64 = u64::MAX;

/// One read or write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transfer {
    pub(crate) fd: u64,
    /// Address and length of the one buffer, unless the caller gave a vector.
    one: Option<[u64; 2]>,
    vec: u64,
    count: u64,
    /// The position, or [`SHARED`].
    pub(crate) position: u64,
    /// The caller's RWF flags.
    flags: u64,
}

impl Transfer {
    pub(crate) fn of(nr: libc::c_long, args: Narrowed<'_>) -> Transfer {
        let one = matches!(nr, libc::SYS_read | libc::SYS_write | libc::SYS_pread64);
        let unpositioned =
            matches!(nr, libc::SYS_read | libc::SYS_write | libc::SYS_readv | libc::SYS_writev);
        let flagged = matches!(nr, libc::SYS_preadv2 | libc::SYS_pwritev2);
        Transfer {
            fd: args.get(0),
            one: one.then_some([args.get(1), args.get(2)]),
            vec: args.get(1),
            count: args.get(2),
            position: if unpositioned { SHARED } else { args.get(3) },
            flags: if flagged { args.get(5) } else { 0 },
        }
    }

    pub(crate) fn is_shared(&self) -> bool {
        self.position == SHARED
    }

    /// Whether the caller asks without waiting.
    pub(crate) fn never_waits(&self) -> bool {
        self.flags & RWF_NOWAIT != 0
    }

    /// Enters with preadv2's or pwritev2's arguments for this, and these flags besides.
    pub(crate) fn nonblocking<R>(&self, flags: u64, enter: impl FnOnce(&RawArgs) -> R) -> R {
        let flags = self.flags | flags;
        match &self.one {
            Some(one) => enter(&[self.fd, address(one), 1, self.position, 0, flags].into()),
            None => enter(&[self.fd, self.vec, self.count, self.position, 0, flags].into()),
        }
    }

    /// More bytes than that are not asked for; any number, where a vector says how many.
    pub(crate) fn bytes_max(&self) -> u64 {
        self.one.map_or(u64::MAX, |[_, len]| len)
    }

    /// How many bytes are asked for. The kernel has just read the vector.
    pub(crate) fn total(&self, memory: Memory) -> u64 {
        self.one.map_or_else(|| total(memory, self.vec, self.count), |[_, len]| len)
    }
}

/// Nothing for empty buffers and for lengths that the kernel cuts: reading nothing is no question of waiting, and
/// preadv2 checks another address range than read. A position below zero is refused, except where it means the shared.
pub(crate) fn may_try(nr: libc::c_long, args: Narrowed<'_>) -> bool {
    let length_fits = (1..=TRANSFER_MAX).contains(&args.get(2));
    match nr {
        libc::SYS_read | libc::SYS_write => length_fits,
        libc::SYS_pread64 => length_fits && args.get(3).cast_signed() >= 0,
        libc::SYS_preadv => args.get(3).cast_signed() >= 0,
        _ => true,
    }
}

/// A write at a position is not tried: in two parts it could mix with another, and O_APPEND would move the second.
pub(crate) fn may_try_write(nr: libc::c_long, args: Narrowed<'_>) -> bool {
    may_try(nr, args) && Transfer::of(nr, args).is_shared()
}
