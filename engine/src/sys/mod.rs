//! The ground of the engine: the system's clock, fork guard, threads and interrupting signal, the atomics that loom
//! replaces, and two words of statistics made of these. Every other room uses it; it uses none.

pub(crate) mod activity;
pub(crate) mod barrier;
#[cfg(not(syslet_loom))]
pub(crate) mod clock;
pub(crate) mod counter;
#[cfg(not(syslet_loom))]
pub(crate) mod disposable;
#[cfg(not(syslet_loom))]
pub(crate) mod fork;
pub(crate) mod hold;
#[cfg(not(syslet_loom))]
pub(crate) mod interrupt;
pub(crate) mod sync;
#[cfg(not(syslet_loom))]
pub(crate) mod thread;
