//! The probe's section of parked calls: the way in which a call that sleeps waits, found by making it.

use serde_json::{Map, Value};
use syslet::attrs::WorkerValue;
use syslet::{AttributeFlags, AttributeId, Ring, Submission};

use super::asked::asked;
use super::section::section;

/// The sleep that is tried.
const NAP_NS: i64 = 1_000_000;

pub(super) fn parking(ring: &mut Ring) -> Map<String, Value> {
    section([("nanosleep", nap(ring).into())])
}

fn nap(ring: &mut Ring) -> String {
    let time = [0, NAP_NS].map(i64::to_ne_bytes).concat();
    let call = Submission::call(libc::SYS_nanosleep).input(&time).output(16);
    let call = call.attribute(AttributeId::WORKER, AttributeFlags::NONE, &[]).build();
    asked(ring, &call, |done| {
        let worker = done.attribute(AttributeId::WORKER).and_then(|answer| WorkerValue::parse(answer.value));
        Some(worker.map_or("unknown", |worker| worker.run_by.name()).to_owned())
    })
}
