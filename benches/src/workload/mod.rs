//! What is done: each workload prepares what its calls need, and gives a batch of them.

mod batch;
mod getppid;
mod pipe_pingpong;
mod pread_cached;
mod pread_cold;
mod pread_safe;
pub(crate) mod scratch;
mod statx;

use std::fmt::Debug;
use std::io;

pub use batch::Batch;
pub use getppid::Getppid;
pub use pipe_pingpong::PipePingpong;
pub use pread_cached::PreadCached;
pub use pread_cold::PreadCold;
pub use pread_safe::PreadSafe;
pub use statx::Statx;

/// A kind of call to make over and over.
pub trait Workload: Debug {
    /// What the figures depend on besides the machine, in a few words; empty if nothing.
    fn note(&self) -> String;

    /// `count` calls, an even multiple of the depth. Any of them that stand less than the depth apart may be in
    /// flight together; a call that waits for another stands behind it.
    fn batch(&mut self, count: usize) -> Batch<'_>;
}

/// A workload by name, and how to prepare it for a depth.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The name it is asked for by.
    pub name: &'static str,
    /// Prepares it for as many calls in flight.
    pub prepare: fn(depth: usize) -> io::Result<Box<dyn Workload>>,
}

/// Every workload, in the order they run.
pub const ALL: &[Kind] = &[
    Kind { name: "getppid", prepare: |_| Ok(Box::new(Getppid)) },
    Kind { name: "pread-cached", prepare: |depth| Ok(Box::new(PreadCached::prepare(depth, 4 << 10)?)) },
    Kind { name: "pread-safe", prepare: |depth| Ok(Box::new(PreadSafe::prepare(depth)?)) },
    Kind { name: "pread-64k", prepare: |depth| Ok(Box::new(PreadCached::prepare(depth, 64 << 10)?)) },
    Kind { name: "pread-cold", prepare: |depth| Ok(Box::new(PreadCold::prepare(depth)?)) },
    Kind { name: "statx", prepare: |depth| Ok(Box::new(Statx::prepare(depth)?)) },
    Kind { name: "pipe-pingpong", prepare: |depth| Ok(Box::new(PipePingpong::prepare(depth)?)) },
];
