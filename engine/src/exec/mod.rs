//! A claimed call is made: attributes look, the kernel is entered, attributes look again, the completion is built.
//!
//! In the order in which a call passes: who has it (`claim`), what its attributes see and do (`facts`, `asked`, `act`,
//! `contained`), how it is made and watched (`runner`, `arguments`, `enter`, `sets`, `signalfd`, `retry`, `observe`), and
//! what came of it (`outcome`, `finish`).

pub(crate) mod claim;
pub(crate) mod attribute_context;
pub(crate) mod facts;
pub(crate) mod attributes;
pub(crate) mod contained;
mod thread_setup;
mod runner;
mod arguments;
pub(crate) mod progress;
pub(crate) mod attempt;
mod signal_sets;
pub(crate) mod signals;
pub(crate) mod signalfd;
mod retry;
pub(crate) mod usage;
pub(crate) mod counters;
pub(crate) mod checksum;
pub(crate) mod outcome;
mod finish;
pub(crate) mod trace;
pub(crate) mod unclaimed;

pub(crate) use self::{
    arguments::resolve,
    finish::hide,
    progress::{Progress, Step},
    runner::{BATCH_DONE_BYTES, Runner, is_program},
};
