//! The scorecard: each goal of the engine with the figure that is reached here; printed by the harness.
//!
//! Goals of the same work are measured in the same rounds, and each is judged by the median over the rounds.

mod goals;
mod judge;
mod measure;

use std::io;

use measure::{Measured, Ran, measure};

use crate::compare::{Turns, median};

pub use goals::{By, Cores, From, Goal, Ground, Pair, Work, all};
pub use judge::{Limit, Verdict, printed};

/// A goal, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The goal.
    pub goal: Goal,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a goal.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It was measured.
    Judged(Judged),
    /// It is measured by the goal's command.
    Elsewhere,
    /// It cannot be measured here, for this reason.
    Impossible(String),
}

/// A figure and its verdict.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// The figure.
    pub figure: f64,
    /// Whether it is the goal's.
    pub verdict: Verdict,
    /// What was judged.
    pub of: Cost,
    /// What it was compared with.
    pub to: Cost,
    /// Rounds that count.
    pub rounds: usize,
}

/// Medians of a call, or of a piece of a chain, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Time.
    pub ns: f64,
    /// CPU time of all threads.
    pub cpu_ns: f64,
}

/// Measures all goals, and gives each row to `print` as soon as it is known.
///
/// # Errors
/// When `print` fails, or a way of doing the work does; that a goal is missed is no error.
pub fn scorecard(rounds: usize, mut print: impl FnMut(&Row) -> io::Result<()>) -> io::Result<()> {
    let goals = all();
    let mut measured: Vec<(Ground, Measured)> = Vec::new();
    for &goal in &goals {
        let outcome = match goal.from {
            From::Command(_) => Outcome::Elsewhere,
            From::Pair(pair) => {
                if !measured.iter().any(|(ground, _)| *ground == pair.ground) {
                    let ran = measure(pair.ground, &ways(&goals, pair.ground), rounds);
                    measured.push((pair.ground, ran.map_err(io::Error::other)?));
                }
                let ran = measured.iter().find(|(ground, _)| *ground == pair.ground).map(|(_, ran)| ran);
                judge(goal.limit, pair, ran.expect("it was measured"))
            }
        };
        print(&Row { goal, outcome })?;
    }
    Ok(())
}

/// All ways that goals of this ground name.
fn ways(goals: &[Goal], ground: Ground) -> Vec<&'static str> {
    let pairs = goals.iter().filter_map(|goal| match goal.from {
        From::Pair(pair) if pair.ground == ground => Some([pair.of, pair.to]),
        _ => None,
    });
    pairs.flatten().collect()
}

fn judge(limit: Limit, pair: Pair, ran: &Measured) -> Outcome {
    let judged = ran.as_ref().map_err(Clone::clone).and_then(|ran| {
        let (of, to) = (turns_of(ran, pair.of)?, turns_of(ran, pair.to)?);
        let rounds = match pair.by {
            By::Time => judge::of_rounds(&of.ns_per_call, &to.ns_per_call, |of, to| of / to),
            By::CpuTime => judge::of_rounds(&of.cpu_ns_per_call, &to.cpu_ns_per_call, |of, to| of / to),
            By::Beyond => judge::of_rounds(&of.ns_per_call, &to.ns_per_call, |of, to| of - to),
        };
        let figure = if rounds.is_empty() { f64::NAN } else { median(rounds.clone()) };
        let verdict = limit.judge(figure).ok_or("the figure is no number")?;
        Ok(Judged { figure, verdict, of: cost(of), to: cost(to), rounds: rounds.len() })
    });
    judged.map_or_else(Outcome::Impossible, Outcome::Judged)
}

fn turns_of<'r>(ran: &'r [Ran], way: &str) -> Result<&'r Turns, String> {
    let found = ran.iter().find(|(name, _)| *name == way);
    let (_, turns) = found.ok_or_else(|| format!("there is no {way}"))?;
    turns.as_ref().map_err(|reason| format!("{way}: {reason}"))
}

fn cost(turns: &Turns) -> Cost {
    Cost { ns: median(turns.ns_per_call.clone()), cpu_ns: median(turns.cpu_ns_per_call.clone()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUND: Ground = Ground { work: Work::Calls("getppid", 1), cores: Cores::Any };

    fn ran() -> Measured {
        let turns = |ns: &[f64], cpu: &[f64]| Turns {
            calls: 256,
            ns_per_call: ns.to_vec(),
            cpu_ns_per_call: cpu.to_vec(),
        };
        Ok(vec![
            ("direct", Ok(turns(&[100.0, 100.0, 300.0], &[100.0, 100.0, 300.0]))),
            ("engine", Ok(turns(&[120.0, 200.0, 330.0], &[210.0, 210.0, 600.0]))),
            ("io_uring", Err("refused".to_owned())),
        ])
    }

    fn judged(limit: Limit, of: &'static str, by: By) -> Outcome {
        judge(limit, Pair { ground: GROUND, of, to: "direct", by }, &ran())
    }

    #[test]
    fn figures_are_taken_within_a_round() {
        let (of, to) = (Cost { ns: 200.0, cpu_ns: 210.0 }, Cost { ns: 100.0, cpu_ns: 100.0 });
        let expected = |figure, verdict| Outcome::Judged(Judged { figure, verdict, of, to, rounds: 3 });
        assert_eq!(judged(Limit::AtMost(1.2), "engine", By::Time), expected(1.2, Verdict::Reached));
        assert_eq!(judged(Limit::AtMost(1.1), "engine", By::Time), expected(1.2, Verdict::Missed(0.1)));
        assert_eq!(judged(Limit::AtMost(2.0), "engine", By::CpuTime), expected(2.1, Verdict::Missed(0.1)));
        assert_eq!(judged(Limit::AtMost(30.0), "engine", By::Beyond), expected(30.0, Verdict::Reached));
    }

    #[test]
    fn what_cannot_be_measured_says_why() {
        let reason = |of| match judged(Limit::AtMost(1.0), of, By::Time) {
            Outcome::Impossible(reason) => reason,
            other => panic!("{other:?}"),
        };
        assert_eq!(reason("io_uring"), "io_uring: refused");
        assert_eq!(reason("tokio"), "there is no tokio");
        let pair = Pair { ground: GROUND, of: "engine", to: "direct", by: By::Time };
        let none = judge(Limit::AtMost(1.0), pair, &Err("one core".to_owned()));
        assert_eq!(none, Outcome::Impossible("one core".to_owned()));
    }
}
