//! The probe's section of limits: those of a default pool, and those of the process that bound it.

use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};
use serde_json::{Map, Value};
use syslet::Config;

use super::section::section;

pub(super) fn limits() -> Map<String, Value> {
    let config = Config::default();
    section([
        ("workers_max", config.get_workers_max().into()),
        ("runnable_max", config.get_runnable_max().into()),
        ("stall_ns", nanoseconds(config.get_stall())),
        ("idle_ns", nanoseconds(config.get_idle())),
        ("spin_ns", nanoseconds(config.get_spin())),
        ("abandoned_max", config.get_abandoned_max().into()),
        ("processes_max", soft_limit(Resource::RLIMIT_NPROC)),
        ("open_files_max", soft_limit(Resource::RLIMIT_NOFILE)),
        ("locked_bytes_max", soft_limit(Resource::RLIMIT_MEMLOCK)),
    ])
}

fn nanoseconds(duration: std::time::Duration) -> Value {
    u64::try_from(duration.as_nanos()).ok().into()
}

/// A soft limit: a number, or "unlimited".
fn soft_limit(resource: Resource) -> Value {
    match getrlimit(resource) {
        Ok((RLIM_INFINITY, _)) => "unlimited".into(),
        Ok((limit, _)) => limit.into(),
        Err(_) => Value::Null,
    }
}
