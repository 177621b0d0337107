//! The attributes: what each can be asked, what it plans, what it answers; one file each, and the registry.
//!
//! Attributes compute, the engine acts: an attribute is shown the call before it is accepted, the moment before it
//! runs, and what was observed after; it touches nothing itself.
#![forbid(unsafe_code)]

mod acting;
mod action;
mod affinity;
mod atoms;
mod attribute;
mod blocked;
mod cache;
mod checksum;
mod counted;
mod counters;
mod cpu_mask;
mod credentials;
mod cwd;
mod data;
mod deadline;
mod evidence;
mod field;
mod io;
mod fs_ids;
mod io_priority;
mod ioprio;
mod needs;
mod nice;
mod payload;
mod registry;
mod retry;
mod run_by;
mod sched;
mod scheduling;
mod spent;
mod timer_slack;
mod timing;
mod trace;
mod transferred;
mod umask;
mod usage;
mod value;
mod worker;

pub use action::Action;
pub use affinity::Affinity;
pub use atoms::{AtomEntry, Atoms, AtomsHead, AtomsValue};
pub use attribute::{Attribute, CallFacts, Nature, Needs, Observed, Plan, Token};
pub use blocked::{Blocked, BlockedValue};
pub use cache::{Cache, CacheValue};
pub use checksum::{Checksum, ChecksumAsk, ChecksumValue};
pub use counted::Counted;
pub use counters::{Counters, CountersValue};
pub use cpu_mask::CpuMask;
pub use credentials::CredentialsAttribute;
pub use cwd::Cwd;
pub use data::Data;
pub use deadline::{Deadline, DeadlineAsked, DeadlineOutcome, DeadlineValue};
pub use evidence::{Evidence, Verdict};
pub use fs_ids::Credentials;
pub use io::{Io, IoValue};
pub use io_priority::{IoClass, IoPriority};
pub use ioprio::Ioprio;
pub use nice::Nice;
pub use payload::known_part;
pub use registry::{DuplicateId, Registry};
pub use retry::{Retry, RetryAsk, RetryEnd, RetryOn, RetryValue};
pub use run_by::{RunBy, WorkerValue};
pub use sched::Sched;
pub use scheduling::{Policy, Scheduling};
pub use spent::Spent;
pub use timer_slack::TimerSlack;
pub use timing::{Timing, TimingValue};
pub use trace::{Trace, TraceValue};
pub use transferred::Transferred;
pub use umask::Umask;
pub use usage::{Usage, UsageValue};
pub use worker::Worker;
