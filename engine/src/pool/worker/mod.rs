//! A worker: its place as others see it (`seat`, `face`, `watch`), what it works with (`desk`), its life, and threads
//! for one call.

#[cfg(not(syslet_loom))]
#[allow(
    clippy::module_inception,
    reason = "the part of a worker that every thread sees is the worker to them"
)]
pub(crate) mod worker;
#[cfg(not(syslet_loom))]
mod stats;
#[cfg(not(syslet_loom))]
pub(crate) mod life;
#[cfg(not(syslet_loom))]
pub(crate) mod spin;
#[cfg(not(syslet_loom))]
pub(crate) mod local;
