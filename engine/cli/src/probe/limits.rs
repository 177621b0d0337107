//! The probe's section of limits: those of a default pool, and those of the process that bound it.

use serde_json::{Map, Value};
use syslet::Config;

use super::files::read;
use super::section::section;

pub(super) fn limits() -> Map<String, Value> {
    let config = Config::default();
    let text = read("/proc/self/limits").unwrap_or_default();
    section([
        ("workers_max", config.get_workers_max().into()),
        ("runnable_max", config.get_runnable_max().into()),
        ("stall_ns", nanoseconds(config.get_stall())),
        ("idle_ns", nanoseconds(config.get_idle())),
        ("spin_ns", nanoseconds(config.get_spin())),
        ("abandoned_max", config.get_abandoned_max().into()),
        ("processes_max", soft_limit(&text, "Max processes")),
        ("open_files_max", soft_limit(&text, "Max open files")),
        ("locked_bytes_max", soft_limit(&text, "Max locked memory")),
    ])
}

fn nanoseconds(duration: std::time::Duration) -> Value {
    u64::try_from(duration.as_nanos()).ok().into()
}

/// The soft limit of that name: a number, or "unlimited".
fn soft_limit(text: &str, name: &str) -> Value {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let word = line.and_then(|rest| rest.split_whitespace().next());
    word.map(|word| word.parse::<u64>().map_or_else(|_| word.into(), Value::from)).into()
}
