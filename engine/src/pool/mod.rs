//! The pool: workers run the calls that submitters do not run inline, the scheduler decides how many of them run, and
//! the monitor starts them, watches calls that are stuck, and serves timers. Called by the engine and its rings.

#[cfg(not(syslet_loom))]
pub(crate) mod cost;
#[cfg(not(syslet_loom))]
pub(crate) mod escalation;
#[cfg(not(syslet_loom))]
pub(crate) mod executor;
#[cfg(not(syslet_loom))]
mod kicker;
#[cfg(not(syslet_loom))]
mod leaving;
#[cfg(not(syslet_loom))]
mod monitor;
#[cfg(not(syslet_loom))]
mod monitor_requests;
#[cfg(not(syslet_loom))]
mod parked;
#[cfg(not(syslet_loom))]
mod poller;
#[cfg(not(syslet_loom))]
mod state;
#[cfg(not(syslet_loom))]
mod reap;
#[cfg(not(syslet_loom))]
pub(crate) mod registry;
#[cfg(not(syslet_loom))]
mod reserve;
#[cfg(not(syslet_loom))]
pub(crate) mod ring_work;
#[cfg(not(syslet_loom))]
mod rings;
pub(crate) mod scheduler;
#[cfg(not(syslet_loom))]
pub(crate) mod sharing;
#[cfg(not(syslet_loom))]
mod shutdown;
#[cfg(not(syslet_loom))]
mod sleep_queue;
#[cfg(not(syslet_loom))]
mod sleeps;
#[cfg(not(syslet_loom))]
pub(crate) mod spin;
#[cfg(not(syslet_loom))]
pub(crate) mod stop;
#[cfg(not(syslet_loom))]
mod timers;
#[cfg(not(syslet_loom))]
mod wake_cost;
#[cfg(not(syslet_loom))]
mod work;
#[cfg(not(syslet_loom))]
mod worker;

#[cfg(test)]
#[cfg(syslet_loom)]
mod loom_tests;
#[cfg(test)]
#[cfg(not(syslet_loom))]
pub(crate) mod look;

#[cfg(not(syslet_loom))]
pub use leaving::{RunningCall, Unfinished};
#[cfg(not(syslet_loom))]
pub(crate) use monitor::start;
#[cfg(not(syslet_loom))]
pub(crate) use state::Pool;
#[cfg(not(syslet_loom))]
pub use state::Stats;
