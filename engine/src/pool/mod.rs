//! The worker pool: who runs what helping submitters do not, on how many threads, and who looks after them.
//!
//! `board` decides, `seat` and `desk` are a worker's place and tools, `worker` is its life,
//! `disposable` a thread for one call; `starter` starts workers and
//! watches them; `close` ends it all.

#[cfg(not(syslet_loom))]
mod alarms;
pub(crate) mod board;
#[cfg(test)]
#[cfg(syslet_loom)]
mod loom_tests;
#[cfg(not(syslet_loom))]
mod close;
#[cfg(not(syslet_loom))]
mod desk;
#[cfg(not(syslet_loom))]
mod disposable;
#[cfg(not(syslet_loom))]
mod escalation;
#[cfg(not(syslet_loom))]
mod face;
#[cfg(not(syslet_loom))]
mod limits;
#[cfg(not(syslet_loom))]
pub(crate) mod masks;
#[cfg(not(syslet_loom))]
mod roll;
#[cfg(not(syslet_loom))]
mod seat;
#[cfg(not(syslet_loom))]
pub(crate) mod signals;
#[cfg(not(syslet_loom))]
pub(crate) mod spin;
#[cfg(not(syslet_loom))]
mod starter;
#[cfg(not(syslet_loom))]
mod stops;
#[cfg(not(syslet_loom))]
mod summons;
pub(crate) mod tally;
#[cfg(not(syslet_loom))]
pub(crate) mod thread;
pub(crate) mod watch;
#[cfg(not(syslet_loom))]
mod worker;

#[cfg(not(syslet_loom))]
mod shared;

#[cfg(test)]
#[cfg(not(syslet_loom))]
pub(crate) mod look;

#[cfg(not(syslet_loom))]
pub use close::{RunningCall, Unfinished};
#[cfg(not(syslet_loom))]
pub(crate) use shared::Pool;
#[cfg(not(syslet_loom))]
pub(crate) use starter::start;
