//! Each attempt beside the plain call, on files of the same kind.

mod rig;

mod query;
mod eligible;
mod read;
mod write;
mod socket;
mod wait;
mod ipc;
mod closing;
mod restart;
