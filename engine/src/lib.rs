//! Runs any Linux system call asynchronously: a submission goes in as bytes, one completion comes back through a
//! variable-length ring, with the raw result and one return for each attribute asked for.
//!
//! The modules stand in the order in which a submission passes through them.
#![cfg_attr(
    syslet_loom,
    allow(dead_code, unused_imports, reason = "loom runs what threads share, not all who use it")
)]

#[cfg(not(syslet_loom))]
mod engine;
#[cfg(not(syslet_loom))]
mod shared;
#[cfg(not(syslet_loom))]
mod pair;

#[cfg(not(syslet_loom))]
mod submission;
mod lent;
#[cfg(not(syslet_loom))]
mod push;
#[cfg(not(syslet_loom))]
mod admit;
mod admission;
#[cfg(not(syslet_loom))]
mod refused;
mod slot;
mod ring;
#[cfg(not(syslet_loom))]
mod wait;
#[cfg(not(syslet_loom))]
mod run;
#[cfg(not(syslet_loom))]
mod pool;
#[cfg(not(syslet_loom))]
#[cfg_attr(not(test), expect(dead_code, reason = "the pool is to compare"))]
mod identity;
mod twin;
#[cfg(not(syslet_loom))]
mod asked;
#[cfg(not(syslet_loom))]
mod outcome;
#[cfg(not(syslet_loom))]
mod completion;
mod wake;

#[cfg(not(syslet_loom))]
mod clock;
#[cfg(not(syslet_loom))]
mod fork;
mod sync;

pub use syslet_abi as abi;
pub use syslet_attrs as attrs;
pub use syslet_syscalls as syscalls;

pub use syslet_abi::{
    AttributeFlags, AttributeId, CallFlags, DoneFlags, Errno, Features, Params, RawResult, Refusal, Status,
};

#[cfg(not(syslet_loom))]
pub use crate::{
    completion::{Completion, Completions},
    engine::{Config, Engine, StartError},
    pair::{Ring, RingError},
    refused::Refused,
    submission::{Submission, SubmissionBuilder},
    wait::WaitError,
    wake::eventfd::CompletionEvent,
};
pub use crate::{lent::LENT_MAX, slot::Ticket};
