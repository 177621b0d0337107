//! The starter: the one thread that starts workers and looks after them, and after calls that are to stop.

pub(super) mod summons;
mod rounds;
pub(super) mod alarms;
mod stops;
mod escalation;

pub(crate) use self::rounds::start;
