//! Who does it: each contender makes the calls of a batch its own way.

mod direct;
mod direct_inline;
mod engine_help;

use std::fmt::Debug;

use crate::call::RawCall;

pub use direct::Direct;
pub use direct_inline::DirectInline;
pub use engine_help::EngineHelp;

/// A way of making calls.
pub trait Contender: Debug {
    /// Makes every call of `batch` and writes its raw result to the same place in `results`, which is as long.
    /// Returns when the last of them has ended.
    ///
    /// # Errors
    /// A sentence that says what failed besides a call itself. No call is left running.
    fn run(&mut self, batch: &[RawCall<'_>], results: &mut [i64]) -> Result<(), String>;
}

/// A contender by name, and how to prepare it for a depth.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The name it is asked for by.
    pub name: &'static str,
    /// Prepares it to have as many calls in flight as it can, but not more than that. The error is the reason why
    /// this machine or this depth cannot.
    pub prepare: fn(depth: usize) -> Result<Box<dyn Contender>, String>,
}

/// What all others are compared with.
pub const BASELINE: Kind = Kind { name: "direct", prepare: |_| Ok(Box::new(Direct)) };

/// Every contender. The baseline is the first.
pub const ALL: &[Kind] = &[
    BASELINE,
    Kind { name: "direct-inline", prepare: |_| Ok(Box::new(DirectInline)) },
    Kind { name: "engine-help", prepare: |depth| Ok(Box::new(EngineHelp::prepare(depth)?)) },
];
