//! The probe's section of attributes: the outcome of each on this machine, found by asking for it.

use std::fs::File;
use std::sync::Arc;

use serde_json::{Map, Value};
use syslet::abi::AttributeFlags;
use syslet::attrs::{
    CpuMask, Credentials, DeadlineAsked, IoClass, IoPriority, LaneAsk, Nice, Policy, Priority, RetryAsk,
    RetryOn, Scheduling, TimerSlack, TraceValue, Umask,
};
use syslet::{AttributeId, Engine, Ring, Submission};

use super::asked::asked;
use super::files::{Sample, samples};
use crate::print::attribute::words;
use crate::report::Answered;
use crate::run::values::values;

/// Each attribute that the engine knows, asked of a read of a regular file, or where none is to be had, of one in memory.
pub(super) fn attributes(engine: &Engine, ring: &mut Ring) -> Map<String, Value> {
    let files = samples();
    let kind = |kind: &str| files.iter().find(|sample| sample.kind == kind);
    let regular = kind("regular file").or_else(|| kind("memfd"));
    let known: Vec<_> = engine.attributes().map(|attribute| (attribute.id(), attribute.name())).collect();
    let asked = known.into_iter().filter(|(id, _)| *id != AttributeId::DATA);
    let found = asked.map(|(id, name)| {
        let said = regular.map(|sample| asked_of(ring, sample, id, name));
        (name.to_owned(), said.map_or(Value::Null, Value::from))
    });
    found.collect()
}

fn asked_of(ring: &mut Ring, sample: &Sample, id: AttributeId, name: &'static str) -> String {
    let call = Submission::call(libc::SYS_pread64).lend(&sample.file).output(4096).value(4096).value(0);
    let root = (id == AttributeId::CWD).then(|| File::open("/").ok()).flatten().map(Arc::new);
    let call = match &root {
        Some(root) => call.cwd(AttributeFlags::NONE, root),
        None => call.attribute(id, AttributeFlags::NONE, &payload(id)),
    };
    asked(ring, &call.build(), |done| {
        let answer = done.attribute(id)?;
        let values = values(id, answer.status, answer.value);
        let words = words(&Answered { name, status: answer.status, values });
        let said = words.split_once(' ').map_or("", |(_, said)| said);
        let status = answer.status.name();
        Some(if said == status { said.to_owned() } else { format!("{status}: {said}") })
    })
}

/// A payload that its attribute accepts.
fn payload(id: AttributeId) -> Vec<u8> {
    const MINUTE_NS: u64 = 60_000_000_000;
    /// The nice value with the least weight.
    const LAST: i32 = 19;
    match id {
        AttributeId::DEADLINE => DeadlineAsked::After(MINUTE_NS).emit().to_vec(),
        AttributeId::TRACE => TraceValue { id: 7 }.payload().to_vec(),
        AttributeId::PRIORITY => Priority::payload(1).to_vec(),
        AttributeId::LANE => LaneAsk { id: 7, limit: 1 }.payload().to_vec(),
        AttributeId::NICE => Nice::payload(LAST).to_vec(),
        AttributeId::SCHED => Scheduling { policy: Policy::BATCH, priority: 0 }.payload().to_vec(),
        AttributeId::IOPRIO => IoPriority { class: IoClass::IDLE, level: 0 }.payload().to_vec(),
        AttributeId::AFFINITY => CpuMask([u64::MAX; 16]).payload(),
        // Whether groups may be taken: other ids would make the process not dumpable.
        AttributeId::CREDENTIALS => {
            Credentials { groups: Some(Vec::new()), ..Credentials::default() }.payload()
        }
        AttributeId::UMASK => Umask::payload(0o777).to_vec(),
        AttributeId::TIMER_SLACK => TimerSlack::payload(1).to_vec(),
        AttributeId::RETRY => RetryAsk { on: RetryOn::SHORT, ..RetryAsk::default() }.payload().to_vec(),
        _ => Vec::new(),
    }
}
