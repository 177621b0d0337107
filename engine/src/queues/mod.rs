//! Holds every queue of the engine, for `ring`, `pool` and `exec`: the two rings of `specs/ring.md`, and the queues beside them.
//!
//! Submissions have one producer and many consumers, completions many producers and one consumer. Steps in comments (S3,
//! C1, …) are those of the tables of `specs/ring.md`.

pub(crate) mod batch;
pub(crate) mod call_kind;
pub(crate) mod completion_queue;
pub(crate) mod credit;
pub(crate) mod drain_buffer;
#[cfg(not(syslet_loom))]
pub(crate) mod handoff;
#[cfg(not(syslet_loom))]
pub(crate) mod lanes;
#[cfg(not(syslet_loom))]
pub(crate) mod local;
#[cfg(not(syslet_loom))]
pub(crate) mod memory;
#[cfg(not(syslet_loom))]
pub(crate) mod priority;
pub(crate) mod private_lane;
pub(crate) mod ring_buffer;
#[cfg(not(syslet_loom))]
pub(crate) mod ring_state;
#[cfg(not(syslet_loom))]
pub(crate) mod staged;
pub(crate) mod submission_queue;

#[cfg(test)]
mod tests;
