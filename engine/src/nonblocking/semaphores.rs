//! semop and semtimedop, with IPC_NOWAIT in a copy of each operation.

use syslet_syscalls::{Invoked, Narrowed};

use crate::nonblocking::ask::{address, low};
use crate::nonblocking::memory::Memory;
use crate::nonblocking::{Attempt, Enter, is_errno};

/// More operations are a worker's: the copy stands on the stack.
const OPERATIONS_MAX: usize = 16;
/// A sembuf, in bytes: number, operation and flags, of two bytes each.
const OPERATION_BYTES: usize = 6;
const FLAGS_OFFSET: usize = 4;

fn count(args: Narrowed<'_>) -> usize {
    usize::try_from(low(args.get(2))).unwrap_or(usize::MAX)
}

pub(crate) fn may_try(args: Narrowed<'_>) -> bool {
    (1..=OPERATIONS_MAX).contains(&count(args))
}

/// The time, if there is one, stays the caller's: the kernel checks it, and with `bit` set does not wait for it.
pub(crate) fn attempt(
    arg: usize,
    bit: u64,
    nr: u32,
    args: Narrowed<'_>,
    memory: Memory,
    enter: &mut impl Enter,
) -> Attempt {
    // Words, so that they lie where the kernel's structures would.
    let mut words = [0u64; OPERATIONS_MAX * OPERATION_BYTES / 8];
    let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
    let operations = &mut bytes[..count(args) * OPERATION_BYTES];
    if !memory.copy(args.get(arg), operations) {
        return Attempt::NotHere;
    }
    let mut never_waits = true;
    for operation in operations.chunks_exact_mut(OPERATION_BYTES) {
        let (low, high) = (operation[FLAGS_OFFSET], operation[FLAGS_OFFSET + 1]);
        let flags = u16::from_ne_bytes([low, high]);
        let set = u64::from(flags) | bit;
        never_waits &= set == u64::from(flags);
        operation[FLAGS_OFFSET..].copy_from_slice(&u16::try_from(set).unwrap_or(flags).to_ne_bytes());
    }
    let mut nonblocking = *args.raw();
    nonblocking.set(arg, address(&words));
    match enter(nr, &nonblocking) {
        Invoked::NeverBegan => Attempt::Cancelled,
        // Where only some operations are not to wait, the plain call knows which it was.
        Invoked::Result(result) if is_errno(result, libc::EAGAIN) && !never_waits => Attempt::WouldBlock,
        Invoked::Result(result) => Attempt::Final(result),
    }
}
