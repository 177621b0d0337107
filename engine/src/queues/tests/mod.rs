//! Tests of the protocols of both rings, over memory of the test's own.

mod heap;
mod records;

#[cfg(not(syslet_loom))]
mod checked;
#[cfg(not(syslet_loom))]
mod exhaustive;
#[cfg(not(syslet_loom))]
mod model;

#[cfg(syslet_loom)]
mod loom_completions;
#[cfg(syslet_loom)]
mod loom_submissions;
