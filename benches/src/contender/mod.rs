//! Who does it: each contender makes the calls of a batch its own way.

mod blocking;
mod direct;
mod direct_inline;
mod direct_nonblocking;
mod engine;
mod gather;
mod handed;
pub(crate) mod io_uring;
pub(crate) mod landing;
mod sink;
mod thread_per_call;
mod tokio;
mod windows;

use std::fmt::Debug;

use crate::call::RawCall;

pub use blocking::Blocking;
pub use direct::Direct;
pub use direct_inline::DirectInline;
pub use direct_nonblocking::DirectNonBlocking;
pub use engine::{Engine, Style};
pub use io_uring::{IoUring, Punt};
pub use thread_per_call::ThreadPerCall;
pub use tokio::Tokio;

/// A way of making calls. A file of this folder implements `Windows` and is a contender by that.
pub trait Contender: Debug {
    /// Makes every call of `batch` and writes its raw result to the same place in `results`, which is as long.
    /// Returns when the last of them has ended.
    ///
    /// # Errors
    /// A sentence that says what failed besides a call itself. No call is left running.
    fn run(&mut self, batch: &[RawCall<'_>], results: &mut [i64]) -> Result<(), String>;

    /// Makes the calls of one window, which are handed over together, and also says how many nanoseconds after its
    /// handing over each of them was seen to be over. All three are as long, and not longer than the depth.
    ///
    /// # Errors
    /// As `run`.
    fn run_timed(
        &mut self,
        window: &[RawCall<'_>],
        results: &mut [i64],
        latencies_ns: &mut [u64],
    ) -> Result<(), String>;

    /// What of its set-up the figures depend on, in a few words; empty if nothing.
    fn settings(&self) -> String;
}

/// A contender by name, and how to prepare it for a depth.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The name it is asked for by.
    pub name: &'static str,
    /// Prepares it to have as many calls in flight as it can, but not more than that, for calls like those given.
    /// The error is the reason why this machine, this depth or such calls are not for it.
    pub prepare: fn(depth: usize, calls: &[RawCall<'_>]) -> Prepared,
}

/// A contender that is ready, or why there is none.
pub type Prepared = Result<Box<dyn Contender>, String>;

/// What all others are compared with.
pub const BASELINE: Kind = Kind { name: "direct", prepare: |_, _| Ok(Box::new(Direct)) };

/// Every contender. The baseline is the first.
pub const ALL: &[Kind] = &[
    BASELINE,
    Kind { name: "direct-inline", prepare: |_, _| Ok(Box::new(DirectInline)) },
    Kind { name: "direct-nonblocking", prepare: |_, _| Ok(Box::new(DirectNonBlocking)) },
    Kind { name: "exec", prepare: |depth, calls| engine(depth, calls, Style::Exec) },
    Kind { name: "exec-nonblocking", prepare: |depth, calls| engine(depth, calls, Style::ExecNonBlocking) },
    Kind { name: "engine", prepare: |depth, calls| engine(depth, calls, Style::Default) },
    Kind { name: "engine-nonblocking", prepare: |depth, calls| engine(depth, calls, Style::NonBlocking) },
    Kind { name: "engine-timing", prepare: |depth, calls| engine(depth, calls, Style::Timing) },
    Kind { name: "engine-inline", prepare: |depth, calls| engine(depth, calls, Style::Inline) },
    Kind { name: "engine-1", prepare: |depth, calls| engine(depth, calls, Style::Workers(1)) },
    Kind { name: "engine-2", prepare: |depth, calls| engine(depth, calls, Style::Workers(2)) },
    Kind { name: "engine-4", prepare: |depth, calls| engine(depth, calls, Style::Workers(4)) },
    Kind { name: "io_uring", prepare: |depth, calls| io_uring(depth, calls, Punt::IfNeeded) },
    Kind { name: "io_uring-async", prepare: |depth, calls| io_uring(depth, calls, Punt::Always) },
    Kind { name: "tokio", prepare: |depth, _| Ok(Box::new(Tokio::prepare(depth)?)) },
    Kind { name: "blocking", prepare: |depth, _| Ok(Box::new(Blocking::prepare(depth))) },
    Kind { name: "thread-per-call", prepare: |depth, _| Ok(Box::new(ThreadPerCall::prepare(depth))) },
];

fn engine(depth: usize, calls: &[RawCall<'_>], style: Style) -> Prepared {
    Ok(Box::new(Engine::prepare(depth, calls, style)?))
}

fn io_uring(depth: usize, calls: &[RawCall<'_>], punt: Punt) -> Prepared {
    Ok(Box::new(IoUring::prepare(depth, calls, punt)?))
}
