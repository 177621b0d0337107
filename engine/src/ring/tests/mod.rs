//! The protocols under test, over memory of the test's own.

mod exhaustive;
mod heap;
mod model;
mod records;

#[cfg(syslet_loom)]
mod loom_completions;
#[cfg(syslet_loom)]
mod loom_submissions;
