//! The attributes: what each can be asked, what it plans, what it answers; one file each, and the registry.
//!
//! Attributes compute, the engine acts: an attribute is shown the call before it is accepted, the moment before it
//! runs, and what was observed after; it touches nothing itself.
#![forbid(unsafe_code)]

mod attribute;
mod blocked;
mod cache;
mod checksum;
mod counted;
mod counters;
mod data;
mod deadline;
mod evidence;
mod io;
mod needs;
mod payload;
mod registry;
mod run_by;
mod spent;
mod timing;
mod trace;
mod transferred;
mod usage;
mod value;
mod worker;

pub use attribute::{Attribute, CallFacts, Nature, Needs, Observed, Plan, Token};
pub use blocked::{Blocked, BlockedValue};
pub use cache::{Cache, CacheValue};
pub use checksum::{Checksum, ChecksumAsk, ChecksumValue};
pub use counted::Counted;
pub use counters::{Counters, CountersValue};
pub use data::Data;
pub use deadline::{Deadline, DeadlineAsked, DeadlineOutcome, DeadlineValue};
pub use evidence::{Evidence, Verdict};
pub use io::{Io, IoValue};
pub use payload::known_part;
pub use registry::{DuplicateId, Registry};
pub use run_by::{RunBy, WorkerValue};
pub use spent::Spent;
pub use timing::{Timing, TimingValue};
pub use trace::{Trace, TraceValue};
pub use transferred::Transferred;
pub use usage::{Usage, UsageValue};
pub use worker::Worker;
