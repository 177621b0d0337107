//! The worker pool: who runs what helping submitters do not, on how many threads, and who looks after them.
//!
//! `board` decides, `shared` carries that out; a `worker` works, the `starter` starts workers and watches them, `close`
//! ends it all.

#[cfg(not(syslet_loom))]
mod state;
#[cfg(not(syslet_loom))]
pub(crate) mod executor;
#[cfg(not(syslet_loom))]
pub(crate) mod ring_work;
#[cfg(not(syslet_loom))]
pub(crate) mod stop;
pub(crate) mod scheduler;
#[cfg(not(syslet_loom))]
mod limits;
#[cfg(not(syslet_loom))]
mod rings;
pub(crate) mod worker;
#[cfg(not(syslet_loom))]
mod monitor;
#[cfg(not(syslet_loom))]
mod leaving;
#[cfg(not(syslet_loom))]
mod unfinished;
#[cfg(not(syslet_loom))]
mod close;

#[cfg(test)]
#[cfg(syslet_loom)]
mod loom_tests;
#[cfg(test)]
#[cfg(not(syslet_loom))]
pub(crate) mod look;

#[cfg(not(syslet_loom))]
pub(crate) use monitor::start;
#[cfg(not(syslet_loom))]
pub(crate) use state::Pool;
#[cfg(not(syslet_loom))]
pub use unfinished::{RunningCall, Unfinished};
