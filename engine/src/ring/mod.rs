//! The two rings of `specs/ring.md`: submissions go in with one producer and many consumers, completions come out
//! with many producers and one consumer. Steps in comments (S3, C1, …) are those of its tables.

pub(crate) mod batch;
pub(crate) mod completions;
pub(crate) mod credit;
pub(crate) mod inbox;
#[cfg(not(syslet_loom))]
pub(crate) mod own;
#[cfg(not(syslet_loom))]
pub(crate) mod region;
pub(crate) mod submissions;
pub(crate) mod track;

#[cfg(test)]
mod tests;
