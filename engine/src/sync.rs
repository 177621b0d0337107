//! The atomics everything in the engine is built on: std's, or loom's when the interleavings are explored.

#[cfg(not(syslet_loom))]
pub(crate) use std::sync::{
    Arc,
    atomic::{AtomicU32, AtomicU64, Ordering, fence},
};

#[cfg(syslet_loom)]
pub(crate) use loom::sync::{
    Arc,
    atomic::{AtomicU32, AtomicU64, Ordering, fence},
};
