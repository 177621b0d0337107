//! The figures, as text or as JSON.

use std::fmt;

use serde_json::{Value, json};

use super::{Size, Turns};
use crate::compare::median;

/// What the rounds say of all servers.
#[derive(Clone, Debug)]
pub struct Report {
    size: Size,
    lines: Vec<Line>,
}

/// What they say of one.
#[derive(Clone, Debug)]
pub struct Line {
    name: &'static str,
    outcome: Result<Ran, String>,
}

#[derive(Clone, Debug)]
struct Ran {
    settings: String,
    threads: usize,
    /// Medians, in nanoseconds.
    wall_ns: f64,
    cpu_ns: f64,
    /// Medians over the rounds of its time divided by the first server's in the same round.
    wall_ratio: f64,
    cpu_ratio: f64,
}

impl Line {
    /// A server that has run; its figures come with the report.
    pub(super) fn ran(name: &'static str, settings: String, threads: usize) -> Line {
        let ran = Ran { settings, threads, wall_ns: 0.0, cpu_ns: 0.0, wall_ratio: 0.0, cpu_ratio: 0.0 };
        Line { name, outcome: Ok(ran) }
    }

    /// A server that cannot run here.
    pub(super) fn skipped(name: &'static str, reason: String) -> Line {
        Line { name, outcome: Err(reason) }
    }
}

impl Report {
    /// `turns` are those of the servers that ran, in the order of the lines.
    pub(super) fn new(size: Size, mut lines: Vec<Line>, turns: &[Turns]) -> Report {
        let ran = lines.iter_mut().filter_map(|line| line.outcome.as_mut().ok());
        let base = turns.first();
        for (line, turns) in ran.zip(turns) {
            let Some(base) = base else { break };
            (line.wall_ns, line.cpu_ns) = (median(turns.wall_ns.clone()), median(turns.cpu_ns.clone()));
            line.wall_ratio = ratio(&turns.wall_ns, &base.wall_ns);
            line.cpu_ratio = ratio(&turns.cpu_ns, &base.cpu_ns);
        }
        Report { size, lines }
    }

    /// The server that all are compared with.
    fn base(&self) -> &'static str {
        self.lines.iter().find(|line| line.outcome.is_ok()).map_or("nothing", |line| line.name)
    }

    /// One object for each server.
    pub fn json(&self) -> impl Iterator<Item = Value> {
        let Size { clients, messages, bytes } = self.size;
        let base = self.base();
        self.lines.iter().map(move |line| {
            let name = line.name;
            let mut value =
                json!({ "server": name, "clients": clients, "messages": messages, "bytes": bytes });
            let figures = match &line.outcome {
                Ok(ran) => json!({
                    "settings": ran.settings, "threads": ran.threads, "compared_with": base,
                    "wall_ms": ran.wall_ns / 1e6, "cpu_ms": ran.cpu_ns / 1e6,
                    "wall_ratio": ran.wall_ratio, "cpu_ratio": ran.cpu_ratio,
                }),
                Err(reason) => json!({ "skipped": reason }),
            };
            if let (Value::Object(value), Value::Object(figures)) = (&mut value, figures) {
                value.extend(figures);
            }
            value
        })
    }
}

/// The median over the rounds of the ratio within a round.
fn ratio(of: &[f64], to: &[f64]) -> f64 {
    median(of.iter().zip(to).map(|(of, to)| of / to).collect())
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Size { clients, messages, bytes } = self.size;
        writeln!(
            f,
            "{clients} clients, {messages} messages of {bytes} bytes each; compared with {}",
            self.base()
        )?;
        writeln!(
            f,
            "{:<14}{:>10}{:>10}{:>8}{:>8}{:>9}  set-up",
            "server", "wall ms", "CPU ms", "wall", "CPU", "threads"
        )?;
        for Line { name, outcome } in &self.lines {
            match outcome {
                Ok(ran) => {
                    let Ran { settings, threads, wall_ns, cpu_ns, wall_ratio, cpu_ratio } = ran;
                    let (wall_ms, cpu_ms) = (wall_ns / 1e6, cpu_ns / 1e6);
                    write!(f, "{name:<14}{wall_ms:>10.1}{cpu_ms:>10.1}{wall_ratio:>8.2}{cpu_ratio:>8.2}")?;
                    writeln!(f, "{threads:>9}  {settings}")?;
                }
                Err(reason) => writeln!(f, "{name:<14}skipped: {reason}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_medians_of_those_within_a_round() {
        // The machine is three times slower in the last two rounds: medians alone would compare rounds with others.
        let base = Turns { wall_ns: vec![1e6, 1e6, 3e6], cpu_ns: vec![2e6, 2e6, 6e6] };
        let other = Turns { wall_ns: vec![2e6, 2e6, 6e6], cpu_ns: vec![1e6, 1e6, 3e6] };
        let lines = vec![
            Line::ran("first", String::new(), 3),
            Line::skipped("refused", "no such kernel".to_owned()),
            Line::ran("second", "one thread".to_owned(), 1),
        ];
        let size = Size { clients: 2, messages: 3, bytes: 4 };
        let report = Report::new(size, lines, &[base, other]);
        let lines: Vec<Value> = report.json().collect();
        assert_eq!(lines[1]["skipped"], "no such kernel");
        assert_eq!((&lines[2]["wall_ratio"], &lines[2]["cpu_ratio"]), (&2.0.into(), &0.5.into()));
        assert_eq!((&lines[2]["compared_with"], &lines[2]["threads"]), (&"first".into(), &1.into()));
        let text = report.to_string();
        assert!(text.contains("compared with first") && text.contains("skipped: no such kernel"), "{text}");
    }
}
