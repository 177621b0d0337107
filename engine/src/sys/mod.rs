//! The system beneath the engine: clock, fork, threads, and the facade that loom replaces.

pub(crate) mod activity;
#[cfg(not(syslet_loom))]
pub(crate) mod clock;
pub(crate) mod counter;
#[cfg(not(syslet_loom))]
pub(crate) mod disposable;
#[cfg(not(syslet_loom))]
pub(crate) mod fork;
pub(crate) mod sync;
#[cfg(not(syslet_loom))]
pub(crate) mod thread;
