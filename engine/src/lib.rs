//! Runs any Linux system call asynchronously: a submission goes in as bytes, one completion comes back through a
//! variable-length ring, with the raw result and one return for each attribute asked for.
//!
//! The modules stand in the order in which a submission passes through them.
#![cfg_attr(
    syslet_loom,
    allow(dead_code, unused_imports, reason = "loom runs what threads share, not all who use it")
)]

#[cfg(not(syslet_loom))]
mod config;
#[cfg(not(syslet_loom))]
mod engine;
#[cfg(not(syslet_loom))]
mod shared;
#[cfg(not(syslet_loom))]
mod pair;
#[cfg(not(syslet_loom))]
mod port;

#[cfg(not(syslet_loom))]
mod submission;
mod lent;
#[cfg(not(syslet_loom))]
mod push;
#[cfg(not(syslet_loom))]
mod admit;
mod admission;
#[cfg(not(syslet_loom))]
mod who;
#[cfg(not(syslet_loom))]
mod refused;
mod slot;
mod ring;
#[cfg(not(syslet_loom))]
mod aside;
#[cfg(not(syslet_loom))]
mod lanes;
#[cfg(not(syslet_loom))]
mod publish;
#[cfg(not(syslet_loom))]
mod shelf;
#[cfg(not(syslet_loom))]
mod wait;
#[cfg(not(syslet_loom))]
mod help;
#[cfg(not(syslet_loom))]
mod handed;
mod pool;
#[cfg(not(syslet_loom))]
mod confinement;
#[cfg(not(syslet_loom))]
mod identity;
#[cfg(not(syslet_loom))]
pub mod program;
#[cfg(not(syslet_loom))]
mod run;
#[cfg(not(syslet_loom))]
mod twin;
#[cfg(not(syslet_loom))]
mod act;
#[cfg(not(syslet_loom))]
mod asked;
#[cfg(not(syslet_loom))]
mod contained;
#[cfg(not(syslet_loom))]
mod facts;
#[cfg(not(syslet_loom))]
mod cancel;
#[cfg(not(syslet_loom))]
mod stage;
#[cfg(not(syslet_loom))]
mod claim;
#[cfg(not(syslet_loom))]
mod stop;
#[cfg(not(syslet_loom))]
mod outcome;
#[cfg(not(syslet_loom))]
mod completion;
mod wake;

#[cfg(not(syslet_loom))]
mod clock;
#[cfg(not(syslet_loom))]
mod known;
#[cfg(not(syslet_loom))]
mod trace;
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
    cancel::{Canceller, Escalation, Found, Which},
    completion::{Completion, Completions},
    config::{Config, LimitError, StartError},
    engine::{Engine, Stats},
    pair::{Ring, RingError},
    pool::{RunningCall, Unfinished},
    refused::Refused,
    stop::signal::SignalError,
    submission::{Message, MessageRoom, Submission, SubmissionBuilder},
    twin::Twins,
    wait::{WaitError, Waker},
    wake::eventfd::CompletionEvent,
};
pub use crate::{lent::LENT_MAX, slot::Ticket};
