//! What is printed: results on standard output, the machine on standard error.

mod figures;
mod machine;
mod scorecard;

use std::io::{self, Write};
use std::marker::PhantomData;

use serde_json::json;

pub(crate) use figures::Figures;
pub(crate) use machine::machine;
pub(crate) use scorecard::Scorecard;

/// What was run.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) workload: String,
    pub(crate) depth: usize,
    /// What the figures depend on besides the machine.
    pub(crate) note: String,
    /// The processors on which something else computes.
    pub(crate) busy_cores: Vec<usize>,
}

/// What came of one contender.
#[derive(Clone, Debug)]
pub(crate) struct Line<F> {
    pub(crate) contender: &'static str,
    /// What of its set-up the figures depend on.
    pub(crate) settings: String,
    pub(crate) outcome: Outcome<F>,
}

/// Figures, or the reason why there are none.
#[derive(Clone, Debug)]
pub(crate) enum Outcome<F> {
    Ran(F),
    Skipped(String),
}

/// Prints results in one of two forms.
#[derive(Debug)]
pub(crate) struct Report<W, F> {
    out: W,
    is_json: bool,
    /// What stands below a table: what it is of, and what that depends on.
    notes: Vec<String>,
    figures: PhantomData<F>,
}

impl<W: Write, F: Figures> Report<W, F> {
    /// Prints the table's head, if it is a table.
    pub(crate) fn begin(mut out: W, is_json: bool) -> io::Result<Report<W, F>> {
        if !is_json {
            writeln!(out, "{:<25} {:>5}  {:<16} {}", "workload", "depth", "contender", F::head())?;
        }
        Ok(Report { out, is_json, notes: Vec::new(), figures: PhantomData })
    }

    /// Prints one contender's line.
    pub(crate) fn line(&mut self, subject: &Subject, line: &Line<F>) -> io::Result<()> {
        if self.is_json {
            return writeln!(self.out, "{}", json_line(subject, line));
        }
        self.note(&subject.workload, &subject.note);
        if !subject.busy_cores.is_empty() {
            self.note(
                "busy",
                &format!("a compute thread on each of {}", machine::cores(&subject.busy_cores)),
            );
        }
        self.note(line.contender, &line.settings);
        let (workload, depth) = (&subject.workload, subject.depth);
        write!(self.out, "{workload:<25} {depth:>5}  {:<16} ", line.contender)?;
        match &line.outcome {
            Outcome::Ran(figures) => writeln!(self.out, "{}", figures.columns()),
            Outcome::Skipped(reason) => writeln!(self.out, "skipped: {reason}"),
        }
    }

    /// Prints what stands below a table.
    pub(crate) fn end(mut self) -> io::Result<()> {
        if !self.notes.is_empty() {
            writeln!(self.out)?;
        }
        self.notes.iter().try_for_each(|note| writeln!(self.out, "{note}"))
    }

    /// Remembers a note, once.
    fn note(&mut self, about: &str, text: &str) {
        let note = format!("{about}: {text}");
        if !text.is_empty() && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

fn json_line(subject: &Subject, line: &Line<impl Figures>) -> serde_json::Value {
    let mut object = json!({
        "workload": subject.workload,
        "depth": subject.depth,
        "contender": line.contender,
    });
    let more = match &line.outcome {
        Outcome::Ran(figures) => figures.fields(),
        Outcome::Skipped(reason) => json!({ "skipped": reason }),
    };
    for (key, value) in more.as_object().into_iter().flatten() {
        object[key] = value.clone();
    }
    for (key, text) in [("note", &subject.note), ("settings", &line.settings)] {
        if !text.is_empty() {
            object[key] = json!(text);
        }
    }
    if !subject.busy_cores.is_empty() {
        object["busy_cores"] = json!(subject.busy_cores);
    }
    object
}

#[cfg(test)]
mod tests {
    use syslet_benches::compare::Summary;
    use syslet_benches::mixed_slow::{self, Percentiles};

    use super::*;

    const SUMMARY: Summary =
        Summary { calls_per_round: 512, ns_per_call: 123.456, cpu_ns_per_call: 77.77, ratio: 1.234_56 };

    fn printed<F: Figures>(is_json: bool, outcome: Outcome<F>) -> String {
        let mut out = Vec::new();
        let subject =
            Subject { workload: "statx".into(), depth: 32, note: "one path".into(), busy_cores: Vec::new() };
        let line = Line { contender: "direct", settings: "as it is".into(), outcome };
        let mut report = Report::begin(&mut out, is_json).unwrap();
        report.line(&subject, &line).unwrap();
        report.line(&subject, &line).unwrap();
        report.end().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_result_is_one_line_of_json() {
        let text = printed(true, Outcome::Ran(SUMMARY));
        let line: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        let expected = json!({
            "workload": "statx", "depth": 32, "contender": "direct", "calls_per_round": 512,
            "ns_per_call": 123.5, "cpu_ns_per_call": 77.8, "ratio_to_direct": 1.2346, "note": "one path",
            "settings": "as it is",
        });
        assert_eq!((line, text.lines().count()), (expected, 2));
    }

    #[test]
    fn busy_cores_are_told_in_both_forms() {
        let said = |is_json| {
            let mut out = Vec::new();
            let mut report = Report::begin(&mut out, is_json).unwrap();
            let subject =
                Subject { workload: "statx".into(), depth: 1, note: String::new(), busy_cores: vec![1, 3] };
            let line = Line { contender: "direct", settings: String::new(), outcome: Outcome::Ran(SUMMARY) };
            report.line(&subject, &line).unwrap();
            report.end().unwrap();
            String::from_utf8(out).unwrap()
        };
        assert!(said(true).contains(r#""busy_cores":[1,3]"#), "{}", said(true));
        assert!(said(false).ends_with("busy: a compute thread on each of 2 cores 1,3\n"), "{}", said(false));
    }

    #[test]
    fn who_is_skipped_gives_the_reason_in_both_forms() {
        let outcome: Outcome<Summary> = Outcome::Skipped("no such kernel".into());
        let text = printed(true, outcome.clone());
        let line: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(line["skipped"], "no such kernel");
        assert!(line.get("ns_per_call").is_none());
        assert!(printed(false, outcome).lines().nth(1).unwrap().ends_with("skipped: no such kernel"));
    }

    #[test]
    fn a_table_has_a_head_and_aligned_columns_and_each_note_once() {
        let percentiles = Percentiles { p50_ns: 100, p99_ns: 5_000_000 };
        let mixed = mixed_slow::Summary { calls: 99, mixed: percentiles, alone: percentiles };
        for table in [printed(false, Outcome::Ran(SUMMARY)), printed(false, Outcome::Ran(mixed))] {
            let lines: Vec<&str> = table.lines().collect();
            assert_eq!(lines[0].len(), lines[1].len(), "{table}");
            assert_eq!(lines[3..], ["", "statx: one path", "direct: as it is"]);
        }
    }
}
