//! Descriptors that safe code lends to a submission. The submitter's end of the slots shares their ownership until the
//! call is over, so that the call's numbers stand for the same files until then.

use std::fmt;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// At most this many descriptors can be lent to one submission.
pub const LENT_MAX: usize = 3;

/// One lent descriptor.
#[derive(Clone)]
pub(crate) enum Lent {
    /// Kept open by sharing its owner.
    Shared(Arc<dyn AsFd + Send + Sync>),
    /// Open for as long as the process lives.
    Static(BorrowedFd<'static>),
}

impl Lent {
    pub(crate) fn number(&self) -> i32 {
        match self {
            Lent::Shared(owner) => owner.as_fd().as_raw_fd(),
            Lent::Static(fd) => fd.as_raw_fd(),
        }
    }
}

impl fmt::Debug for Lent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lent").field(&self.number()).finish()
    }
}

/// The descriptors lent to one submission.
pub(crate) type LentSet = [Option<Lent>; LENT_MAX];

/// Ends the engine's share of descriptors. The last share drops the owner, which runs the application's code: a panic
/// in that stops here, and the engine's other calls go on.
pub(crate) fn give_back(lent: LentSet) {
    if lent.iter().any(Option::is_some) {
        // The payload of that panic is the application's as well: dropping it could panic again.
        catch_unwind(AssertUnwindSafe(|| drop(lent))).unwrap_or_else(std::mem::forget);
    }
}
