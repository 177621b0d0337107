//! The starter: the one thread that starts workers and looks after them, and after calls that are to stop.

pub(crate) mod summons;
mod rounds;
pub(crate) mod timers;
mod stops;
mod escalation;

pub(crate) use crate::pool::monitor::rounds::start;
