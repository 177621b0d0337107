//! Calls that wait for input without a thread: how their files reach the poller, and the table of those that wait. The pool's poller and
//! the threads that park calls use it.

pub(crate) mod files;
pub(crate) mod table;
