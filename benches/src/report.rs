//! What is printed: results on standard output, the machine on standard error.

use std::io::{self, Write};

use serde_json::json;
use syslet_benches::compare::Summary;

/// What was run.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) workload: &'static str,
    pub(crate) depth: usize,
    /// What the figures depend on besides the machine.
    pub(crate) note: String,
    pub(crate) rounds: usize,
}

/// What came of one contender.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Ran { calls_per_round: usize, summary: Summary },
    Skipped(String),
}

/// Prints results in one of two forms.
#[derive(Debug)]
pub(crate) struct Report<W> {
    out: W,
    is_json: bool,
}

impl<W: Write> Report<W> {
    /// Prints the table's head, if it is a table.
    pub(crate) fn begin(mut out: W, is_json: bool) -> io::Result<Report<W>> {
        if !is_json {
            writeln!(
                out,
                "{:<14} {:>5}  {:<16} {:>11} {:>9}",
                "workload", "depth", "contender", "ns/call", "ratio"
            )?;
        }
        Ok(Report { out, is_json })
    }

    /// Prints one contender's line.
    pub(crate) fn line(&mut self, subject: &Subject, contender: &str, outcome: &Outcome) -> io::Result<()> {
        if self.is_json {
            return writeln!(self.out, "{}", json_line(subject, contender, outcome));
        }
        let (workload, depth) = (subject.workload, subject.depth);
        write!(self.out, "{workload:<14} {depth:>5}  {contender:<16} ")?;
        match outcome {
            Outcome::Ran { summary, .. } => {
                writeln!(self.out, "{:>11.1} {:>9.3}", summary.ns_per_call, summary.ratio)
            }
            Outcome::Skipped(reason) => writeln!(self.out, "skipped: {reason}"),
        }
    }
}

fn json_line(subject: &Subject, contender: &str, outcome: &Outcome) -> serde_json::Value {
    let mut line = json!({
        "workload": subject.workload,
        "depth": subject.depth,
        "contender": contender,
    });
    let more = match outcome {
        Outcome::Ran { calls_per_round, summary } => json!({
            "rounds": subject.rounds,
            "calls_per_round": calls_per_round,
            "ns_per_call": rounded(summary.ns_per_call, 10.0),
            "ratio_to_direct": rounded(summary.ratio, 10_000.0),
        }),
        Outcome::Skipped(reason) => json!({ "skipped": reason }),
    };
    let note = if subject.note.is_empty() { json!({}) } else { json!({ "note": subject.note }) };
    for (key, value) in [more, note].iter().filter_map(serde_json::Value::as_object).flatten() {
        line[key] = value.clone();
    }
    line
}

/// `value` without digits that mean nothing.
fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}

/// Processor, kernel, and what else the figures depend on, in one line.
pub(crate) fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let processors = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model_name(&processors).unwrap_or("processor of unknown model");
    format!("{cores} cores, Linux {}, {model}", kernel.trim())
}

/// The first processor's name. Not every architecture tells.
fn model_name(cpuinfo: &str) -> Option<&str> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(is_json: bool, outcome: &Outcome) -> String {
        let mut out = Vec::new();
        let subject = Subject { workload: "statx", depth: 32, note: "one path".into(), rounds: 21 };
        Report::begin(&mut out, is_json).unwrap().line(&subject, "direct", outcome).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_result_is_one_line_of_json() {
        let summary = Summary { ns_per_call: 123.456, ratio: 1.234_56 };
        let text = printed(true, &Outcome::Ran { calls_per_round: 512, summary });
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        let expected = json!({
            "workload": "statx", "depth": 32, "contender": "direct", "rounds": 21, "calls_per_round": 512,
            "ns_per_call": 123.5, "ratio_to_direct": 1.2346, "note": "one path",
        });
        assert_eq!((line, text.lines().count()), (expected, 1));
    }

    #[test]
    fn who_is_skipped_gives_the_reason_in_both_forms() {
        let outcome = Outcome::Skipped("no such kernel".into());
        let line: serde_json::Value = serde_json::from_str(&printed(true, &outcome)).unwrap();
        assert_eq!(line["skipped"], "no such kernel");
        assert!(line.get("ns_per_call").is_none());
        assert!(printed(false, &outcome).ends_with("skipped: no such kernel\n"));
    }

    #[test]
    fn a_table_has_a_head_and_aligned_columns() {
        let summary = Summary { ns_per_call: 123.456, ratio: 1.0 };
        let table = printed(false, &Outcome::Ran { calls_per_round: 512, summary });
        let lengths: Vec<usize> = table.lines().map(str::len).collect();
        assert_eq!(lengths.len(), 2);
        assert_eq!(lengths[0], lengths[1], "{table}");
    }

    #[test]
    fn the_model_is_found_or_not() {
        assert_eq!(model_name("processor\t: 0\nmodel name\t: Some CPU\n"), Some("Some CPU"));
        assert_eq!(model_name("processor : 0\n"), None);
    }
}
