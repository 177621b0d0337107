//! Calls that are not taken in the order pushed: PRIORITY and LANE.

mod ends;
mod inline_lane;
mod lane;
mod priority;

use std::os::fd::AsRawFd;

use syslet::attrs::{LaneAsk, LaneValue, Priority, PriorityValue};
use syslet::{
    AttributeFlags, AttributeId, CallFlags, Config, Engine, Ring, Status, Submission, SubmissionBuilder,
};

use crate::rig::Seen;
use syslet_tests::pool;

/// How these attributes are asked for.
trait Sorted {
    fn priority(self, priority: i32) -> SubmissionBuilder;
    fn lane(self, id: u64, limit: u32) -> SubmissionBuilder;
}

impl Sorted for SubmissionBuilder {
    fn priority(self, priority: i32) -> SubmissionBuilder {
        self.attribute(AttributeId::PRIORITY, AttributeFlags::NONE, &Priority::payload(priority))
    }

    fn lane(self, id: u64, limit: u32) -> SubmissionBuilder {
        self.attribute(AttributeId::LANE, AttributeFlags::NONE, &LaneAsk { id, limit }.payload())
    }
}

#[track_caller]
fn handled(seen: &Seen, id: AttributeId) -> &[u8] {
    let (status, value) = seen.answer(id).expect("it was asked");
    assert_eq!((status, value.len()), (Status::HANDLED, 16), "{seen:?}");
    value
}

#[track_caller]
fn priority_of(seen: &Seen) -> PriorityValue {
    PriorityValue::parse(handled(seen, AttributeId::PRIORITY)).expect("a value")
}

#[track_caller]
fn lane_of(seen: &Seen) -> LaneValue {
    LaneValue::parse(handled(seen, AttributeId::LANE)).expect("a value")
}

/// A call for a worker that sleeps until the pipe can be read, takes one byte, and tells when it began.
fn read(reader: &impl AsRawFd) -> SubmissionBuilder {
    let call = Submission::call(libc::SYS_read).int(reader.as_raw_fd().into()).output(1).value(1);
    call.flags(CallFlags::ASYNC).timing()
}

/// The user's words of calls that asked for TIMING, in the order in which they began.
fn begun(mut seen: Vec<Seen>) -> Vec<u64> {
    seen.sort_by_key(|seen| pool::timing(seen).started_ns);
    seen.iter().map(|seen| seen.user_data).collect()
}

/// An engine with one worker, which sleeps until the pipe can be read, and the ring that its call (1000) is of.
fn one_busy_worker(reader: &impl AsRawFd) -> (Engine, Ring) {
    pool::with_busy_worker(Config::default(), reader, 1000)
}
