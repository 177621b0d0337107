//! The probe's sections of system and engine: the kernel, io_uring's permission, the engine's version and abilities.

use serde_json::{Map, Value};
use syslet::abi::ABI_VERSION;
use syslet::{Engine, Features, Ring};

use super::files::{errno_name, kernel, raw_io_uring_setup};
use super::section::section;

pub(super) fn system() -> Map<String, Value> {
    let io_uring = match raw_io_uring_setup() {
        Ok(()) => "allowed".to_owned(),
        Err(errno) => errno_name(errno),
    };
    section([
        ("kernel", kernel().into()),
        ("machine", std::env::consts::ARCH.into()),
        ("cpus", std::thread::available_parallelism().map(|cpus| cpus.get() as u64).ok().into()),
        ("io_uring", io_uring.into()),
    ])
}

pub(super) fn engine(engine: &Engine, ring: &Ring) -> Map<String, Value> {
    let known = [
        ("inline", Features::INLINE),
        ("workers", Features::WORKERS),
        ("cancel", Features::CANCEL),
        ("syslets", Features::SYSLETS),
        ("shared", Features::SHARED),
    ];
    let granted = |feature: Features| Engine::FEATURES.0 & feature.0 != 0;
    let features = known.into_iter().filter(|(_, feature)| granted(*feature)).map(|(name, _)| name);
    let attributes = engine.attributes().map(|attribute| attribute.name());
    section([
        ("version", env!("CARGO_PKG_VERSION").into()),
        ("abi_version", ABI_VERSION.into()),
        ("features", features.collect::<Vec<_>>().into()),
        ("attributes", attributes.collect::<Vec<_>>().into()),
        ("slots", ring.params().slots.into()),
        ("submission_bytes", ring.params().submission_bytes.into()),
        ("submission_record_max", ring.params().submission_record_max.into()),
        ("completion_bytes", ring.params().completion_bytes.into()),
        ("completion_record_max", ring.params().completion_record_max.into()),
    ])
}
