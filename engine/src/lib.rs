//! Runs any Linux system call asynchronously: a submission goes in as bytes, one completion comes back through a
//! variable-length ring, with the raw result and one return for each attribute asked for.
//!
//! An [`Engine`] has the workers, a [`Ring`] is one thread's way to them. A [`Submission`] is built, pushed, and waited for; its
//! [`Completion`] has its result. Attributes ask for more than the call: [`SubmissionBuilder::attribute`]. Programs of
//! calls are in [`program`], the table of calls in [`syscalls`].
//!
//! ```
//! use syslet::{Config, Engine, Params, Submission};
//!
//! let engine = Engine::start(Config::default())?;
//! let mut ring = engine.ring(&Params::default())?;
//! let call = Submission::call(libc::SYS_readlinkat).int(libc::AT_FDCWD.into()).path(c"/proc/self/exe");
//! ring.push_safe(&call.output(256).value(256).timing().build())?;
//! ring.wait(1, None)?;
//! for done in ring.completions() {
//!     // errno is a number here; io::Error has the words for it.
//!     let len = done.result().decode().map_err(|errno| std::io::Error::from_raw_os_error(errno.0))?;
//!     assert_eq!(done.data().map(<[u8]>::len), Some(usize::try_from(len)?));
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The modules stand in the order in which a submission passes through them.
#![cfg_attr(
    syslet_loom,
    allow(dead_code, unused_imports, reason = "loom runs the shared state, not all of its users")
)]

#[cfg(not(syslet_loom))]
mod config;
#[cfg(not(syslet_loom))]
mod engine;
#[cfg(not(syslet_loom))]
mod engine_state;
#[cfg(not(syslet_loom))]
mod submission;
#[cfg(not(syslet_loom))]
mod completion;
#[cfg(not(syslet_loom))]
mod refused;
#[cfg(not(syslet_loom))]
mod ticket;
#[cfg(not(syslet_loom))]
mod shortage;

#[cfg(not(syslet_loom))]
mod ring;
#[cfg(not(syslet_loom))]
mod admission;
mod queues;
mod slots;
#[cfg(not(syslet_loom))]
mod parking;
mod pool;
#[cfg(not(syslet_loom))]
pub mod program;
#[cfg(not(syslet_loom))]
mod exec;
#[cfg(not(syslet_loom))]
mod nonblocking;
#[cfg(all(syslet_guard, not(syslet_loom)))]
pub mod guard;
#[cfg(not(any(syslet_guard, syslet_loom)))]
#[path = "guard/off.rs"]
mod guard;
#[cfg(not(syslet_loom))]
mod cancel;
#[cfg(not(syslet_loom))]
mod confinement;
mod notify;
mod sys;

pub use syslet_abi as abi;
pub use syslet_attrs as attrs;
pub use syslet_syscalls as syscalls;

pub use syslet_abi::{
    AttributeFlags, AttributeId, CallFlags, DoneFlags, Errno, Features, Params, RawResult, Refusal, Status,
};

pub use crate::slots::lent::LENT_MAX;
#[cfg(not(syslet_loom))]
pub use crate::{
    cancel::signal::SignalError,
    completion::{Completion, Completions},
    config::{Config, LimitError, StartError},
    confinement::{Comparison, Confine, Source},
    engine::Engine,
    nonblocking::NonBlocking,
    notify::eventfd::CompletionEvent,
    pool::escalation::Escalation,
    pool::{RunningCall, Stats, Unfinished},
    refused::Refused,
    ring::cancel::{Canceller, Found, Which},
    ring::exec::Executed,
    ring::here::OwnedCompletion,
    ring::prepared::PreparedCall,
    ring::wait::{WaitError, Waker},
    ring::{Ring, RingError},
    shortage::Shortage,
    submission::{Message, MessageRoom, Submission, SubmissionBuilder},
    ticket::Ticket,
};
