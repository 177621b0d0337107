//! Threads without std, and the signals they block.

mod own;
pub(crate) mod masks;
pub(crate) mod signals;

pub(crate) use self::own::own_tid;
pub(super) use self::own::{STACK_BYTES, Thread, spawn};
