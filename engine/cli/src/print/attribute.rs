//! An attribute's return in words, for the lines of a run and for the probe.

use syslet::Status;
use syslet::attrs::{DeadlineOutcome, Evidence, IoClass, Policy, RetryEnd, RunBy, Verdict};

use crate::report::Answered;

/// The words behind a call's result: the attribute's name and its outcome.
pub(crate) fn words(answered: &Answered) -> String {
    let value =
        |name: &str| answered.values.iter().find(|(known, _)| *known == name).map(|&(_, value)| value);
    let small = |value: u64| u32::try_from(value).unwrap_or_default();
    let words = match (answered.name, answered.status) {
        (_, Status::HANDLED | Status::MISMATCH) if answered.values.is_empty() => None,
        ("timing", Status::HANDLED) => value("queued_ns")
            .zip(value("started_ns"))
            .zip(value("finished_ns"))
            .map(|((queued, started), finished)| {
                let (waited, ran) = (started.saturating_sub(queued), finished.saturating_sub(started));
                format!("waited {} ran {}", time(waited), time(ran))
            }),
        ("worker", Status::HANDLED) => {
            let numbers = (value("tid"), value("cpu"), value("run_by"), value("attempts"));
            if let (Some(tid), Some(cpu), Some(run_by), Some(attempts)) = numbers {
                let by = RunBy(small(run_by)).name();
                Some(format!("{by} in {tid} on cpu {cpu}, {attempts} attempt(s)"))
            } else {
                None
            }
        }
        ("cache", Status::HANDLED) => value("verdict").zip(value("evidence")).map(|(verdict, evidence)| {
            format!("{} ({})", Verdict(small(verdict)).name(), Evidence(small(evidence)))
        }),
        ("deadline", Status::HANDLED) => value("late_ns").zip(value("outcome")).map(|(late, outcome)| {
            let (late, by) = (late.cast_signed(), time(late.cast_signed().unsigned_abs()));
            let side = if late < 0 { "before" } else { "after" };
            format!("{} {by} {side}", DeadlineOutcome(small(outcome)).name())
        }),
        ("checksum", status @ (Status::HANDLED | Status::MISMATCH)) => {
            value("bytes").zip(value("crc32c")).map(|(bytes, crc32c)| {
                let differs = if status == Status::MISMATCH { "mismatch: " } else { "" };
                format!("{differs}{crc32c:#010x} of {bytes} bytes")
            })
        }
        ("priority", Status::HANDLED) => value("waited_ns")
            .zip(value("level"))
            .map(|(waited, level)| format!("waited {}, level {}", time(waited), level.cast_signed())),
        ("nice", Status::HANDLED) => value("nice").map(|nice| nice.cast_signed().to_string()),
        ("sched", Status::HANDLED) => {
            value("policy").map(|policy| name_of(&Policy::NAMED, Policy(small(policy))))
        }
        ("ioprio", Status::HANDLED) => value("class").zip(value("level")).map(|(class, level)| {
            format!("{} level {level}", name_of(&IoClass::NAMED, IoClass(small(class))))
        }),
        ("retry", Status::HANDLED) => value("attempts")
            .zip(value("ended"))
            .map(|(attempts, ended)| format!("{attempts} attempt(s), {}", RetryEnd(small(ended)).name())),
        (_, Status::HANDLED) => Some(plain(answered)),
        _ => None,
    };
    let words = words.unwrap_or_else(|| answered.status.name().to_owned());
    format!("@{} {words}", answered.name)
}

/// The name of one of several.
fn name_of<T: PartialEq>(named: &[(&'static str, T)], number: T) -> String {
    named.iter().find(|(_, one)| *one == number).map_or("unknown", |(name, _)| name).to_owned()
}

/// The values by name, times in a fitting unit; `~` says that a time is sampled.
fn plain(answered: &Answered) -> String {
    let is_sampled = answered.values.contains(&("sampled", 1));
    let one = |&(name, value): &(&str, u64)| match name.strip_suffix("_ns") {
        Some(name @ ("user" | "system")) if is_sampled => format!("{name}~{}", time(value)),
        Some(name) => format!("{name}={}", time(value)),
        None => format!("{name}={value}"),
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
