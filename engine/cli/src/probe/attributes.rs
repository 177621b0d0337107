//! What each attribute comes to here, found by asking for it.

use serde_json::{Map, Value};
use syslet::abi::AttributeFlags;
use syslet::attrs::{DeadlineAsked, TraceValue};
use syslet::{AttributeId, Engine, Ring, Submission};

use super::files::{Sample, samples};
use crate::print::attribute::words;
use crate::report::Answered;
use crate::run::values::values;

/// Each attribute that the engine knows, asked of a read of a regular file.
pub(super) fn attributes(engine: &Engine, ring: &mut Ring) -> Map<String, Value> {
    let files = samples();
    let regular = files.iter().find(|sample| sample.kind == "regular file");
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
    let call = call.attribute(id, AttributeFlags::NONE, &payload(id)).build();
    if let Err(refused) = ring.push_safe(&call) {
        return refused.to_string();
    }
    while ring.in_flight() > 0 {
        if ring.submit_and_wait(1).is_ok_and(|ready| ready > 0) {
            break;
        }
    }
    let Some(done) = ring.completions().next() else { return "not answered".to_owned() };
    let Some(answer) = done.attribute(id) else { return "not answered".to_owned() };
    let values = values(id, answer.status, answer.value);
    let words = words(&Answered { name, status: answer.status, values });
    let said = words.split_once(' ').map_or("", |(_, said)| said);
    let status = answer.status.name();
    if said == status { said.to_owned() } else { format!("{status}: {said}") }
}

/// What it must be asked with.
fn payload(id: AttributeId) -> Vec<u8> {
    const MINUTE_NS: u64 = 60_000_000_000;
    match id {
        AttributeId::DEADLINE => DeadlineAsked::After(MINUTE_NS).emit().to_vec(),
        AttributeId::TRACE => TraceValue { id: 7 }.payload().to_vec(),
        _ => Vec::new(),
    }
}
