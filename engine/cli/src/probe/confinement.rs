//! The probe's section of confinement: the limits of this process, which its workers share, and the sources by which a thread
//! that differs from the workers is found.

use serde_json::{Map, Value};
use syslet::{Engine, Source};

use super::files::read;
use super::section::section;

pub(super) fn confinement(engine: &Engine) -> Map<String, Value> {
    let text = read("/proc/thread-self/status").unwrap_or_default();
    let line = |name: &str| {
        let found = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        found.map(|value| value.trim().to_owned())
    };
    let number = |name: &str| Value::from(line(name).and_then(|value| value.parse::<u64>().ok()));
    let comparison = engine.comparison();
    section([
        ("uid", Value::from(line("Uid").and_then(|ids| ids.split_whitespace().nth(1)?.parse::<u64>().ok()))),
        ("seccomp_mode", number("Seccomp")),
        ("seccomp_filters", number("Seccomp_filters")),
        ("no_new_privs", number("NoNewPrivs")),
        ("capabilities", line("CapEff").map(|hex| format!("0x{hex}")).into()),
        ("threads_seen_by", comparison.map(|comparison| name(comparison.threads)).into()),
        ("tables_seen_by", comparison.map(|comparison| name(comparison.tables)).into()),
        ("landlock_counted", comparison.map(|comparison| comparison.landlock).into()),
    ])
}

fn name(source: Source) -> &'static str {
    match source {
        Source::Status => "status",
        Source::Calls => "calls",
        Source::Kcmp => "kcmp",
        Source::Locks => "locks",
        _ => "another way",
    }
}
