//! Threads without std, and the signals they block.

mod own;
pub(crate) mod signals;

pub(super) use self::own::{STACK_BYTES, Thread};
pub(crate) use self::own::{own_tid, spawn};
