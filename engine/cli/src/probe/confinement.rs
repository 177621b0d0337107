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
        ("uid", nix::unistd::geteuid().as_raw().into()),
        ("seccomp_mode", number("Seccomp")),
        ("seccomp_filters", number("Seccomp_filters")),
        ("no_new_privs", number("NoNewPrivs")),
        ("capabilities", line("CapEff").map(|hex| format!("0x{hex}")).into()),
        ("kick", kick(engine, line("SigBlk"), line("Seccomp")).into()),
        ("kick_does_not_reach", Value::from(OUT_OF_REACH.to_vec())),
        ("threads_seen_by", comparison.map(|comparison| name(comparison.threads)).into()),
        ("tables_seen_by", comparison.map(|comparison| name(comparison.tables)).into()),
        ("landlock_counted", comparison.map(|comparison| comparison.landlock).into()),
    ])
}

/// Waits that a kick does not end, whatever the call's row says (KICK-9).
const OUT_OF_REACH: [&str; 7] = [
    "fuse servers that do not answer INTERRUPT",
    "nfs",
    "autofs",
    "fanotify permission",
    "userfaultfd",
    "large writes to memory files",
    "fallocate",
];

/// Whether a thread like this one is taken out of a call that holds it, or what is in the way (KICK-4).
fn kick(engine: &Engine, blocked: Option<String>, filters: Option<String>) -> String {
    let Some(signal) = engine.kick_signal() else { return "no signal is free".to_owned() };
    let blocked = blocked.and_then(|set| u64::from_str_radix(&set, 16).ok());
    match (blocked, filters.as_deref()) {
        (None, _) => "no: the thread's mask cannot be read".to_owned(),
        (Some(set), _) if set & 1 << (signal - 1) != 0 => format!("no: signal {signal} is blocked"),
        (_, Some(mode)) if mode != "0" => "no: a filter sees the calls".to_owned(),
        _ => format!("by signal {signal}"),
    }
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
