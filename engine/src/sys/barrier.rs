//! A pair of fences of which one side pays nothing: the thread that often passes has the light one, the thread that seldom
//! comes has the heavy one, for which the kernel runs a fence on every CPU of the process. The private lane uses it.
#![allow(unsafe_code, reason = "asks the kernel for membarrier")]

use std::sync::atomic::{Ordering, compiler_fence};

use crate::sys::sync::fence;

/// How the two fences are made here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Barrier {
    /// The heavy one is membarrier, so the light one is an order to the compiler.
    OneSided,
    /// Both are fences of the CPU: the system has no membarrier, or may not be asked for it.
    Mutual,
}

/// MEMBARRIER_CMD_PRIVATE_EXPEDITED.
pub(crate) const PRIVATE_EXPEDITED: u64 = 1 << 3;
/// MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED.
pub(crate) const REGISTER_PRIVATE_EXPEDITED: u64 = 1 << 4;

impl Barrier {
    /// The pair for this process. `may_ask` says whether membarrier may be called: a filter may kill the process for it.
    pub(crate) fn new(may_ask: bool) -> Barrier {
        if may_ask && membarrier(REGISTER_PRIVATE_EXPEDITED) { Barrier::OneSided } else { Barrier::Mutual }
    }

    /// The side that often passes. Pairs with [`Barrier::heavy`]: of two threads that each store, pass their side and load what the
    /// other one stores, one sees the other's store.
    #[inline(always)]
    pub(crate) fn light(self) {
        match self {
            Barrier::OneSided => compiler_fence(Ordering::SeqCst),
            Barrier::Mutual => fence(Ordering::SeqCst),
        }
    }

    /// The side that seldom comes. Says whether the pair holds: membarrier may be refused after it was granted.
    #[must_use]
    pub(crate) fn heavy(self) -> bool {
        fence(Ordering::SeqCst);
        match self {
            Barrier::OneSided => membarrier(PRIVATE_EXPEDITED),
            Barrier::Mutual => true,
        }
    }
}

/// Whether the kernel did as asked.
fn membarrier(command: u64) -> bool {
    // SAFETY: membarrier has no memory arguments.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
}

#[cfg(test)]
#[cfg(not(syslet_loom))]
mod tests {
    use super::*;

    /// RING-26: where membarrier may not be asked for, both sides are fences.
    #[test]
    fn without_permission_both_sides_pay() {
        assert_eq!(Barrier::new(false), Barrier::Mutual);
        assert!(Barrier::Mutual.heavy() && Barrier::new(true).heavy());
    }
}
