//! Runs any Linux system call asynchronously: a submission goes in as bytes, one completion comes back through a
//! variable-length ring, with the raw result and one return for each attribute asked for.
//!
//! An [`Engine`] has the workers, a [`Ring`] is one thread's way to them. A [`Submission`] is built, pushed, and waited for; its
//! [`Completion`] says what came of it. Attributes ask for more than the call: [`SubmissionBuilder::attribute`]. Programs of
//! calls are in [`program`], what the table knows of each call in [`syscalls`].
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
    allow(dead_code, unused_imports, reason = "loom runs what threads share, not all who use it")
)]

#[cfg(not(syslet_loom))]
mod config;
#[cfg(not(syslet_loom))]
mod engine;
#[cfg(not(syslet_loom))]
mod shared;
#[cfg(not(syslet_loom))]
mod ticket;
#[cfg(not(syslet_loom))]
mod shortage;
#[cfg(not(syslet_loom))]
mod pair;
#[cfg(not(syslet_loom))]
mod port;

#[cfg(not(syslet_loom))]
mod door;
#[cfg(not(syslet_loom))]
mod submitter;
mod slot;
mod ring;
#[cfg(not(syslet_loom))]
mod queue;
mod pool;
#[cfg(not(syslet_loom))]
pub mod program;
#[cfg(not(syslet_loom))]
mod run;
#[cfg(all(syslet_guard, not(syslet_loom)))]
pub mod guard;
#[cfg(not(any(syslet_guard, syslet_loom)))]
#[path = "guard/off.rs"]
mod guard;
#[cfg(not(syslet_loom))]
mod twin;
#[cfg(not(syslet_loom))]
mod stop;
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

pub use crate::slot::lent::LENT_MAX;
#[cfg(not(syslet_loom))]
pub use crate::{
    completion::{Completion, Completions},
    config::{Config, LimitError, StartError},
    door::refused::Refused,
    door::submission::{Message, MessageRoom, Submission, SubmissionBuilder},
    engine::{Engine, Stats},
    pair::{Ring, RingError},
    pool::{RunningCall, Unfinished},
    shortage::Shortage,
    stop::cancel::{Canceller, Escalation, Found, Which},
    stop::signal::SignalError,
    submitter::confinement::{Comparison, Confine, Source},
    submitter::wait::{WaitError, Waker},
    ticket::Ticket,
    twin::Twins,
    wake::eventfd::CompletionEvent,
};
