//! The scorecard's rows in two forms, and how many goals are reached. Written by the harness as they come.

use std::io::{self, Write};

use serde_json::{Value, json};
use syslet_benches::scorecard::{
    By, Cores, From, Goal, Judged, Limit, Outcome, Pair, Row, Verdict, Work, printed,
};

/// Prints rows.
#[derive(Debug)]
pub(crate) struct Scorecard<W> {
    out: W,
    is_json: bool,
    /// Reached, missed, and not measured.
    counts: [usize; 3],
}

impl<W: Write> Scorecard<W> {
    /// Prints the table's head, if it is a table.
    pub(crate) fn begin(mut out: W, is_json: bool) -> io::Result<Scorecard<W>> {
        if !is_json {
            let (head, costs) = ("goal", "ns/call  (cpu) beside  (cpu)");
            writeln!(out, "{head:<62} {:>8} {:>8}  {:<17} {costs}", "figure", "goal", "verdict")?;
        }
        Ok(Scorecard { out, is_json, counts: [0; 3] })
    }

    /// Prints one row.
    pub(crate) fn row(&mut self, row: &Row) -> io::Result<()> {
        self.counts[match &row.outcome {
            Outcome::Judged(Judged { verdict: Verdict::Reached, .. }) => 0,
            Outcome::Judged(_) => 1,
            Outcome::Elsewhere | Outcome::Impossible(_) => 2,
        }] += 1;
        let text = if self.is_json { json_line(row).to_string() } else { text_line(row) };
        writeln!(self.out, "{text}")?;
        self.out.flush()
    }

    /// Prints what stands below the table.
    pub(crate) fn end(mut self) -> io::Result<()> {
        let [reached, missed, none] = self.counts;
        if self.is_json {
            return Ok(());
        }
        writeln!(self.out, "\n{reached} reached, {missed} missed, {none} not measured")
    }
}

fn text_line(Row { goal, outcome }: &Row) -> String {
    let (sign, limit, _) = limit(goal);
    let limit = format!("{sign} {limit}");
    let said = match outcome {
        Outcome::Judged(judged) => {
            let Judged { figure, of, to, .. } = judged;
            let verdict = match judged.verdict {
                Verdict::Reached => "reached".to_owned(),
                Verdict::Missed(by) => format!("missed by {by:.3}"),
            };
            let costs = [of.ns, of.cpu_ns, to.ns, to.cpu_ns].map(|ns| format!("{ns:.1}"));
            let [of, of_cpu, to, to_cpu] = costs;
            let figure = printed(*figure);
            return format!(
                "{:<62} {figure:>8.3} {limit:>8}  {verdict:<17} {of} ({of_cpu}) {to} ({to_cpu})",
                subject(goal)
            );
        }
        Outcome::Elsewhere => match goal.from {
            From::Command(command) => format!("not measured here: {command}"),
            From::Pair(_) => "not measured here".to_owned(),
        },
        Outcome::Impossible(reason) => format!("not measured: {reason}"),
    };
    format!("{:<62} {:>8} {limit:>8}  {said}", subject(goal), "")
}

/// What the figure is of, for reading.
fn subject(goal: &Goal) -> String {
    let From::Pair(Pair { ground, of, to, by }) = goal.from else { return goal.name.to_owned() };
    let work = match ground.work {
        Work::Calls(name, depth) => format!("{name} {depth}"),
        Work::Chain(name) => name.to_owned(),
    };
    let cores = match ground.cores {
        Cores::Any => "",
        Cores::Free => ", other cores free",
        Cores::Busy => ", other cores busy",
    };
    let how = match by {
        By::Time => format!("{of} / {to}"),
        By::CpuTime => format!("{of} / {to}, CPU time"),
        By::Beyond => format!("{of} - {to}, ns"),
    };
    format!("{work}{cores}: {how}")
}

/// The limit, as a sign, a number and a word.
fn limit(goal: &Goal) -> (char, f64, &'static str) {
    match goal.limit {
        Limit::AtMost(limit) => ('≤', limit, "at_most"),
        Limit::AtLeast(limit) => ('≥', limit, "at_least"),
    }
}

fn json_line(Row { goal, outcome }: &Row) -> Value {
    let (_, figure, sign) = limit(goal);
    let mut object = json!({ "goal": goal.name, sign: figure });
    let more = [of_goal(goal), of_outcome(outcome)];
    for (key, value) in more.iter().filter_map(Value::as_object).flatten() {
        object[key] = value.clone();
    }
    object
}

fn of_goal(goal: &Goal) -> Value {
    let Pair { ground, of, to, by } = match goal.from {
        From::Command(command) => return json!({ "command": command }),
        From::Pair(pair) => pair,
    };
    let by = match by {
        By::Time => "time_ratio",
        By::CpuTime => "cpu_time_ratio",
        By::Beyond => "ns_beyond",
    };
    let cores = match ground.cores {
        Cores::Any => "any",
        Cores::Free => "free",
        Cores::Busy => "busy",
    };
    let mut object = json!({ "of": of, "to": to, "figure_is": by, "other_cores": cores });
    match ground.work {
        Work::Calls(name, depth) => (object["workload"], object["depth"]) = (json!(name), json!(depth)),
        Work::Chain(name) => object["chain"] = json!(name),
    }
    object
}

fn of_outcome(outcome: &Outcome) -> Value {
    let Judged { figure, verdict, of, to, rounds } = match outcome {
        Outcome::Judged(judged) => *judged,
        Outcome::Elsewhere => return json!({ "verdict": "not_measured" }),
        Outcome::Impossible(reason) => return json!({ "verdict": "not_measured", "reason": reason }),
    };
    let mut object = json!({
        "figure": printed(figure),
        "rounds": rounds,
        "of_ns": printed(of.ns),
        "of_cpu_ns": printed(of.cpu_ns),
        "to_ns": printed(to.ns),
        "to_cpu_ns": printed(to.cpu_ns),
    });
    match verdict {
        Verdict::Reached => object["verdict"] = json!("reached"),
        Verdict::Missed(by) => (object["verdict"], object["missed_by"]) = (json!("missed"), json!(by)),
    }
    object
}

#[cfg(test)]
mod tests {
    use syslet_benches::scorecard::{Cost, Ground};

    use super::*;

    fn rows() -> Vec<Row> {
        let ground = Ground { work: Work::Calls("statx", 128), cores: Cores::Busy };
        let pair = From::Pair(Pair { ground, of: "engine", to: "direct", by: By::Time });
        let goal = Goal { name: "statx", limit: Limit::AtMost(1.1), from: pair };
        let (of, to) = (Cost { ns: 110.0, cpu_ns: 111.0 }, Cost { ns: 100.0, cpu_ns: 101.0 });
        let judged = |figure, verdict| Outcome::Judged(Judged { figure, verdict, of, to, rounds: 9 });
        let command =
            Goal { name: "instructions", limit: Limit::AtLeast(2.0), from: From::Command("count it") };
        vec![
            Row { goal, outcome: judged(1.1, Verdict::Reached) },
            Row { goal, outcome: judged(1.25, Verdict::Missed(0.15)) },
            Row { goal, outcome: Outcome::Impossible("one core".into()) },
            Row { goal: command, outcome: Outcome::Elsewhere },
        ]
    }

    fn text(is_json: bool) -> String {
        let mut out = Vec::new();
        let mut card = Scorecard::begin(&mut out, is_json).unwrap();
        rows().iter().for_each(|row| card.row(row).unwrap());
        card.end().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_goal_is_one_line_of_json() {
        let lines: Vec<Value> = text(true).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let goal = json!({
            "goal": "statx", "at_most": 1.1, "of": "engine", "to": "direct", "figure_is": "time_ratio",
            "other_cores": "busy", "workload": "statx", "depth": 128, "figure": 1.1, "rounds": 9, "of_ns": 110.0,
            "of_cpu_ns": 111.0, "to_ns": 100.0, "to_cpu_ns": 101.0, "verdict": "reached",
        });
        assert_eq!(lines[0], goal);
        assert_eq!((&lines[1]["verdict"], &lines[1]["missed_by"]), (&json!("missed"), &json!(0.15)));
        assert_eq!((&lines[2]["verdict"], &lines[2]["reason"]), (&json!("not_measured"), &json!("one core")));
        let command = json!({
            "goal": "instructions", "at_least": 2.0, "command": "count it", "verdict": "not_measured",
        });
        assert_eq!(lines[3], command);
        assert_eq!(lines.len(), 4);
    }

    #[test]
    fn a_row_says_reached_or_by_how_much_it_is_missed() {
        let text = text(false);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].contains("1.100    ≤ 1.1  reached "), "{text}");
        assert!(lines[2].contains("1.250    ≤ 1.1  missed by 0.150 "), "{text}");
        assert!(lines[3].contains("≤ 1.1  not measured: one core"), "{text}");
        assert!(lines[4].contains("≥ 2  not measured here: count it"), "{text}");
        assert!(lines[1].starts_with("statx 128, other cores busy: engine / direct "), "{text}");
        assert!(lines[1].ends_with(" 110.0 (111.0) 100.0 (101.0)"), "{text}");
        assert_eq!(lines[5..], ["", "1 reached, 1 missed, 2 not measured"]);
    }
}
