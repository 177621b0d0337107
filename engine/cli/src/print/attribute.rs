//! An attribute's return in words, for the lines of a run and for the probe.

use syslet::Status;

use crate::measure::Measure;
use crate::report::Answered;

/// The words behind a call's result: the attribute's name and its outcome.
pub(crate) fn words(answered: &Answered) -> String {
    let value = |name: &str| answered.values.iter().find(|(known, _)| *known == name).map(|(_, value)| value);
    let ns = |name: &str| match value(name) {
        Some(Measure::Number(ns)) => Some(*ns),
        _ => None,
    };
    let words = match (answered.name, answered.status) {
        (_, Status::HANDLED | Status::MISMATCH) if answered.values.is_empty() => None,
        ("timing", Status::HANDLED) => ns("queued_ns").zip(ns("started_ns")).zip(ns("finished_ns")).map(
            |((queued, started), finished)| {
                let (waited, ran) = (started.saturating_sub(queued), finished.saturating_sub(started));
                format!("waited {} ran {}", time(waited), time(ran))
            },
        ),
        ("worker", Status::HANDLED) => {
            let values = (value("run_by"), value("tid"), value("cpu"), value("attempts"));
            if let (Some(by), Some(tid), Some(cpu), Some(attempts)) = values {
                Some(format!("{by} in {tid} on cpu {cpu}, {attempts} attempt(s)"))
            } else {
                None
            }
        }
        ("cache", Status::HANDLED) => value("verdict")
            .zip(value("evidence"))
            .map(|(verdict, evidence)| format!("{verdict} ({evidence})")),
        ("deadline", Status::HANDLED) => value("late_ns").zip(value("outcome")).map(|(late, outcome)| {
            let late = if let Measure::Signed(late) = late { *late } else { 0 };
            let side = if late < 0 { "before" } else { "after" };
            format!("{outcome} {} {side}", time(late.unsigned_abs()))
        }),
        ("checksum", status @ (Status::HANDLED | Status::MISMATCH)) => {
            value("bytes").zip(ns("crc32c")).map(|(bytes, crc32c)| {
                let differs = if status == Status::MISMATCH { "mismatch: " } else { "" };
                format!("{differs}{crc32c:#010x} of {bytes} bytes")
            })
        }
        ("priority", Status::HANDLED) => ns("waited_ns")
            .zip(value("level"))
            .map(|(waited, level)| format!("waited {}, level {level}", time(waited))),
        ("nice", Status::HANDLED) => value("nice").map(ToString::to_string),
        ("sched", Status::HANDLED) => value("policy").map(ToString::to_string),
        ("ioprio", Status::HANDLED) => {
            value("class").zip(value("level")).map(|(class, level)| format!("{class} level {level}"))
        }
        ("retry", Status::HANDLED) => value("attempts")
            .zip(value("ended"))
            .map(|(attempts, ended)| format!("{attempts} attempt(s), {ended}")),
        (_, Status::HANDLED) => Some(plain(answered)),
        _ => None,
    };
    let words = words.unwrap_or_else(|| answered.status.name().to_owned());
    format!("@{} {words}", answered.name)
}

/// The values by name, times in a fitting unit; `~` says that a time is sampled.
fn plain(answered: &Answered) -> String {
    let is_sampled = answered.values.contains(&("sampled", Measure::Flag(true)));
    let one = |(name, value): &(&str, Measure)| match (name.strip_suffix("_ns"), value) {
        (Some(name @ ("user" | "system")), Measure::Number(ns)) if is_sampled => {
            format!("{name}~{}", time(*ns))
        }
        (Some(name), Measure::Number(ns)) => format!("{name}={}", time(*ns)),
        _ => format!("{name}={value}"),
    };
    answered.values.iter().filter(|(name, _)| *name != "sampled").map(one).collect::<Vec<_>>().join(" ")
}

/// Nanoseconds in the unit that gives few digits.
fn time(ns: u64) -> String {
    match ns {
        0..1_000 => format!("{ns}ns"),
        1_000..1_000_000 => format!("{}.{}us", ns / 1_000, ns / 100 % 10),
        1_000_000..1_000_000_000 => format!("{}.{}ms", ns / 1_000_000, ns / 100_000 % 10),
        _ => format!("{}.{}s", ns / 1_000_000_000, ns / 100_000_000 % 10),
    }
}
