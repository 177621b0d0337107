//! The probe's section of non-blocking attempts: the thread that makes a read, for each kind of file, found by reading.

use serde_json::{Map, Value};
use syslet::attrs::WorkerValue;
use syslet::{AttributeFlags, AttributeId, Ring, Submission};

use super::asked::asked;
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
    asked(ring, &call, |done| {
        let worker = done.attribute(AttributeId::WORKER).and_then(|answer| WorkerValue::parse(answer.value));
        let by = worker.map_or("unknown", |worker| worker.run_by.name());
        match done.result().decode() {
            Ok(_) => Some(by.to_owned()),
            Err(errno) => Some(format!("{by} ({})", super::files::errno_name(errno.0))),
        }
    })
}
