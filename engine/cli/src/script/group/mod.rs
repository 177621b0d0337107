//! Groups: statements that become one submission, with conditions, loops and clean-up.

mod argument;
mod call;
mod control;
pub(crate) mod lower;
mod lowering;
mod memory;
mod names;
mod step;
mod pack;
pub(crate) mod parse;
pub(crate) mod show;
pub(crate) mod syntax;
