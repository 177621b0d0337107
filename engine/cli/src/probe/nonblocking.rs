//! The probe's section of non-blocking attempts: the thread that makes a read, for each kind of file, found by reading.

use serde_json::{Map, Value};
use syslet::attrs::WorkerValue;
use syslet::{AttributeFlags, AttributeId, Ring, Submission};

use super::files::{Sample, samples};

pub(super) fn nonblocking(ring: &mut Ring) -> Map<String, Value> {
    let mut found = Map::new();
    for sample in samples() {
        let read = tried(ring, &sample, libc::SYS_read, 3);
        let pread = tried(ring, &sample, libc::SYS_pread64, 4);
        found.insert(sample.kind.replace(' ', "_"), format!("read {read}, pread64 {pread}").into());
    }
    found
}

/// The outcome of one read of 8 bytes: the thread that made it, and its error.
fn tried(ring: &mut Ring, sample: &Sample, nr: libc::c_long, argc: usize) -> String {
    let call = Submission::call(nr).lend(&sample.file).output(8).value(8);
    let call = if argc > 3 { call.value(0) } else { call };
    let call = call.attribute(AttributeId::WORKER, AttributeFlags::NONE, &[]).build();
    if let Err(refused) = ring.push_safe(&call) {
        return refused.to_string();
    }
    while ring.in_flight() > 0 {
        if ring.submit_and_wait(1).is_ok_and(|ready| ready > 0) {
            break;
        }
    }
    let Some(done) = ring.completions().next() else { return "not answered".to_owned() };
    let worker = done.attribute(AttributeId::WORKER).and_then(|answer| WorkerValue::parse(answer.value));
    let by = worker.map_or("unknown", |worker| worker.run_by.name());
    match done.result().decode() {
        Ok(_) => by.to_owned(),
        Err(errno) => format!("{by} ({})", super::files::errno_name(errno.0)),
    }
}
