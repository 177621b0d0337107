//! openat2, with RESOLVE_CACHED.

use syslet_syscalls::{Invoked, Narrowed};

use crate::nonblocking::ask::address;
use crate::nonblocking::memory::Memory;
use crate::nonblocking::{Attempt, Enter, is_errno};

/// A `struct open_how`, in words: flags, mode, resolve.
const HOW_WORDS: usize = 3;
const HOW_BYTES: u64 = HOW_WORDS as u64 * 8;
/// What is never tried in the cache.
const CHANGES: u64 = (libc::O_CREAT | libc::O_TRUNC | (libc::O_TMPFILE & !libc::O_DIRECTORY)) as u64;
const RESOLVE_CACHED: u64 = 0x20;

/// Only the structure as it is known here: a longer one may say more.
pub(crate) fn may_try(args: Narrowed<'_>) -> bool {
    args.get(3) == HOW_BYTES
}

pub(crate) fn attempt(
    arg: usize,
    nr: u32,
    args: Narrowed<'_>,
    memory: Memory,
    enter: &mut impl Enter,
) -> Attempt {
    let Some([flags, mode, resolve]) = memory.words::<HOW_WORDS>(args.get(arg)) else {
        return Attempt::Plain;
    };
    if flags & CHANGES != 0 || resolve & RESOLVE_CACHED != 0 {
        return Attempt::Plain;
    }
    let how = [flags, mode, resolve | RESOLVE_CACHED];
    let mut nonblocking = *args.raw();
    nonblocking.set(arg, address(&how));
    match enter(nr, &nonblocking) {
        Invoked::NeverBegan => Attempt::Cancelled,
        Invoked::Result(result) if is_errno(result, libc::EAGAIN) => Attempt::WouldBlock,
        // An old kernel does not know the bit, or the plain call says the same.
        Invoked::Result(result) if is_errno(result, libc::EINVAL) => Attempt::Plain,
        Invoked::Result(result) => Attempt::Final(result),
    }
}
