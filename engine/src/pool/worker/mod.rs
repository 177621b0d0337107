//! A worker: its place as others see it (`seat`, `face`, `watch`), what it works with (`desk`), its life, and threads
//! for one call.

#[cfg(not(syslet_loom))]
pub(super) mod seat;
#[cfg(not(syslet_loom))]
mod face;
pub(crate) mod watch;
#[cfg(not(syslet_loom))]
pub(super) mod life;
#[cfg(not(syslet_loom))]
pub(crate) mod spin;
#[cfg(not(syslet_loom))]
pub(super) mod desk;
#[cfg(not(syslet_loom))]
pub(crate) mod disposable;
