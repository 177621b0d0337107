//! Waits for children, with WNOHANG.

use syslet_syscalls::{Invoked, Narrowed};

use crate::nonblocking::ask::address_mut;
use crate::nonblocking::memory::Memory;
use crate::nonblocking::{Attempt, Enter};

const WNOHANG: u64 = libc::WNOHANG as u64;

pub(crate) fn attempt_wait4(nr: u32, args: Narrowed<'_>, enter: &mut impl Enter) -> Attempt {
    let mut nonblocking = *args.raw();
    nonblocking = nonblocking.with_bits(2, WNOHANG);
    match enter(nr, &nonblocking) {
        Invoked::NeverBegan => Attempt::Cancelled,
        Invoked::Result(0) if args.get(2) & WNOHANG == 0 => Attempt::WouldBlock,
        Invoked::Result(result) => Attempt::Final(result),
    }
}

/// waitid says 0 with and without a child. The siginfo tells, but it is cleared when there is none, so it is ours until
/// there is one.
pub(crate) fn attempt_waitid(nr: u32, args: Narrowed<'_>, memory: Memory, enter: &mut impl Enter) -> Attempt {
    let never_waits = args.get(3) & WNOHANG != 0;
    let mut info = [0u64; 16];
    let mut nonblocking = *args.raw();
    if !never_waits {
        nonblocking.set(2, address_mut(&mut info));
        nonblocking = nonblocking.with_bits(3, WNOHANG);
    }
    match enter(nr, &nonblocking) {
        Invoked::NeverBegan => Attempt::Cancelled,
        Invoked::Result(0) if !never_waits => {
            if info == [0; 16] {
                Attempt::WouldBlock
            } else if args.get(2) == 0 || memory.put_siginfo(args.get(2), &info) {
                Attempt::Final(0)
            } else {
                Attempt::Final(-i64::from(libc::EFAULT))
            }
        }
        Invoked::Result(result) => Attempt::Final(result),
    }
}
