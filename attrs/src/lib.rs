//! The attributes of syslet, one file each: the payload, the decision before the call is accepted, and the value after
//! it. The engine shows them facts and performs their decisions; they touch no thread, ring or call themselves.
//!
//! A file of an attribute has all that is its own: the bytes of payload and value, and its [`Attribute`]. Six files are
//! shared: the bytes, the needs, the facts that the engine observes, the actions that it performs, the trait, and the
//! [`Registry`].
#![forbid(unsafe_code)]

mod bytes;
mod needs;
mod observed;
mod action;
mod attribute;
mod registry;

mod affinity;
mod atoms;
mod blocked;
mod cache;
mod checksum;
mod counters;
mod credentials;
mod cwd;
mod data;
mod deadline;
mod io;
mod ioprio;
mod lane;
mod nice;
mod priority;
mod retry;
mod sched;
mod timer_slack;
mod timing;
mod trace;
mod umask;
mod usage;
mod worker;

pub use action::{Action, CpuMask, Credentials, IoClass, IoPriority, Policy, Scheduling};
pub use affinity::Affinity;
pub use atoms::{AtomEntry, Atoms, AtomsHead, AtomsValue};
pub use attribute::{Attribute, Plan, Token};
pub use blocked::{Blocked, BlockedValue};
pub use bytes::known_part;
pub use cache::{Cache, CacheValue, Verdict};
pub use checksum::{Checksum, ChecksumAsk, ChecksumValue};
pub use counters::{Counters, CountersValue};
pub use credentials::CredentialsAttribute;
pub use cwd::Cwd;
pub use data::Data;
pub use deadline::{Deadline, DeadlineAsked, DeadlineOutcome, DeadlineValue};
pub use io::{Io, IoValue};
pub use ioprio::Ioprio;
pub use lane::{Lane, LaneAsk, LaneValue};
pub use needs::Needs;
pub use nice::Nice;
pub use observed::{CallFacts, Counted, Evidence, Nature, Observed, RunBy, Spent, Transferred, WorkerValue};
pub use priority::{Priority, PriorityValue};
pub use registry::{DuplicateId, Registry};
pub use retry::{Retry, RetryAsk, RetryEnd, RetryOn, RetryValue};
pub use sched::Sched;
pub use timer_slack::TimerSlack;
pub use timing::{Timing, TimingValue};
pub use trace::{Trace, TraceValue};
pub use umask::Umask;
pub use usage::{Usage, UsageValue};
pub use worker::Worker;
