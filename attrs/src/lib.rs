//! The attributes: what each can be asked, what it plans, what it answers; one file each, and the registry.
//!
//! Attributes compute, the engine acts: an attribute is shown the call before it is accepted, the moment before it
//! runs, and what was observed after; it touches nothing itself.
#![forbid(unsafe_code)]

mod attribute;
mod data;
mod deadline;
mod payload;
mod registry;
mod run_by;
mod timing;
mod worker;

pub use attribute::{Attribute, CallFacts, Needs, Observed, Plan, Token};
pub use data::Data;
pub use deadline::{Deadline, DeadlineAsked, DeadlineOutcome, DeadlineValue};
pub use payload::known_part;
pub use registry::{DuplicateId, Registry};
pub use run_by::{RunBy, WorkerValue};
pub use timing::{Timing, TimingValue};
pub use worker::Worker;
