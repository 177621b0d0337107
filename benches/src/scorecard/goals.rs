//! The goals: which figures the engine is held to. The scorecard takes them row by row.

use super::judge::Limit;

/// A figure to reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Goal {
    /// What it is a goal of; several rows may have it.
    pub name: &'static str,
    /// What the figure has to be.
    pub limit: Limit,
    /// How the figure is got.
    pub from: From,
}

/// How a figure is got.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum From {
    /// Two ways of doing the same work, in the same rounds.
    Pair(Pair),
    /// A command of its own, which prints the figure.
    Command(&'static str),
}

/// Two ways of doing the same work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The work.
    pub ground: Ground,
    /// The way that is judged.
    pub of: &'static str,
    /// The way that it is compared with.
    pub to: &'static str,
    /// How.
    pub by: By,
}

/// How two ways are compared, round by round; the figure is the median.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum By {
    /// Times, one divided by the other.
    Time,
    /// CPU times, one divided by the other.
    CpuTime,
    /// Nanoseconds, one less the other.
    Beyond,
}

/// Work, and what goes on beside it. Everything of one ground is measured in the same rounds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ground {
    /// The calls or the chain.
    pub work: Work,
    /// The other processors.
    pub cores: Cores,
}

/// Work by its name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Work {
    /// A workload of `compare`, with so many calls in flight.
    Calls(&'static str, usize),
    /// A workload of `chains`.
    Chain(&'static str),
}

/// What the processors do that the submitter does not run on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cores {
    /// It does not matter; there may be none.
    Any,
    /// Nothing, as far as the harness is concerned. There is one.
    Free,
    /// Each computes.
    Busy,
}

/// Workloads whose calls are short and do not block.
const SHORT: [&str; 4] = ["getppid", "pread-cached", "pread-safe", "statx"];
const DEPTHS: [usize; 3] = [1, 32, 128];
/// Prints the instructions of a call, by callgrind.
const INSTRUCTIONS: &str = "cargo run --release -p syslet-benches -- instructions --workload getppid --contender engine-inline --depth 128";

/// Every goal, in the order they are printed.
#[must_use]
pub fn all() -> Vec<Goal> {
    let direct = |name, workload, depth, of, limit| {
        let ground = Ground { work: Work::Calls(workload, depth), cores: Cores::Any };
        pair(name, limit, ground, (of, "direct"))
    };
    let mut goals = vec![
        direct("getppid-ring", "getppid", 1, "engine-inline", 1.20),
        direct("getppid-ring", "getppid", 128, "engine-inline", 1.10),
        direct("pread-ring", "pread-cached", 1, "engine-inline", 1.10),
        direct("pread-ring", "pread-cached", 32, "engine-inline", 1.05),
        direct("pread-ring", "pread-cached", 128, "engine-inline", 1.05),
        direct("pread-safe", "pread-safe", 128, "engine-inline", 1.20),
        direct("exec", "getppid", 1, "exec", 1.10),
        direct("exec", "pread-cached", 1, "exec", 1.05),
        exec_beyond_attempt(),
        direct("statx", "statx", 128, "engine", 1.10),
    ];
    goals.push(Goal { limit: Limit::AtLeast(2.0), ..statx_beside_io_uring() });
    goals.extend(long());
    goals.extend([1, 128].map(timing));
    goals.push(Goal { name: "instructions", limit: Limit::AtMost(250.0), from: From::Command(INSTRUCTIONS) });
    let cat = Ground { work: Work::Chain("cat"), cores: Cores::Any };
    goals.push(pair("cat", 1.15, cat, ("syslet", "syslet-storage")));
    goals.extend(default_beside_inline("default", By::Time));
    goals.extend(default_beside_inline("default-cpu", By::CpuTime));
    goals
}

/// At most `limit` of the time.
fn pair(name: &'static str, limit: f64, ground: Ground, (of, to): (&'static str, &'static str)) -> Goal {
    Goal { name, limit: Limit::AtMost(limit), from: From::Pair(Pair { ground, of, to, by: By::Time }) }
}

/// A call that may sleep for all that the engine is told.
fn exec_beyond_attempt() -> Goal {
    let ground = Ground { work: Work::Calls("pread-cached", 1), cores: Cores::Any };
    let pair = Pair { ground, of: "exec-nonblocking", to: "direct-nonblocking", by: By::Beyond };
    Goal { name: "exec", limit: Limit::AtMost(15.0), from: From::Pair(pair) }
}

fn statx_beside_io_uring() -> Goal {
    let ground = Ground { work: Work::Calls("statx", 128), cores: Cores::Any };
    pair("statx", 2.0, ground, ("io_uring", "engine"))
}

/// Work that is long enough to share, when there is a processor to share it with and when there is none.
fn long() -> [Goal; 4] {
    let reads = |cores| Ground { work: Work::Calls("pread-64k", 32), cores };
    let files = |cores| Ground { work: Work::Chain("open-read-close"), cores };
    [
        pair("pread-64k", 0.70, reads(Cores::Free), ("engine", "direct")),
        pair("pread-64k", 1.03, reads(Cores::Busy), ("engine", "direct")),
        pair("open-read-close", 0.85, files(Cores::Free), ("syslet", "plain")),
        pair("open-read-close", 1.03, files(Cores::Busy), ("syslet", "plain")),
    ]
}

fn timing(depth: usize) -> Goal {
    let ground = Ground { work: Work::Calls("getppid", depth), cores: Cores::Any };
    let pair = Pair { ground, of: "engine-timing", to: "engine", by: By::Beyond };
    Goal { name: "timing", limit: Limit::AtMost(65.0), from: From::Pair(pair) }
}

/// The default against inline alone, short calls, any depth.
fn default_beside_inline(name: &'static str, by: By) -> impl Iterator<Item = Goal> {
    let grounds = SHORT.into_iter().flat_map(|workload| DEPTHS.map(|depth| Work::Calls(workload, depth)));
    grounds.map(move |work| {
        let ground = Ground { work, cores: Cores::Any };
        let pair = Pair { ground, of: "engine", to: "engine-inline", by };
        Goal { name, limit: Limit::AtMost(1.05), from: From::Pair(pair) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{chains, contender, workload};

    #[test]
    fn every_goal_is_of_work_that_there_is() {
        for goal in all() {
            let From::Pair(pair) = goal.from else { continue };
            match pair.ground.work {
                Work::Calls(name, _) => {
                    assert!(workload::ALL.iter().any(|kind| kind.name == name), "{goal:?}")
                }
                Work::Chain(name) => assert!(chains::ALL.iter().any(|kind| kind.name == name), "{goal:?}"),
            }
        }
    }

    #[test]
    fn every_goal_is_of_contenders_that_there_are() {
        let known: Vec<&str> = contender::ALL.iter().map(|kind| kind.name).collect();
        for goal in all() {
            let From::Pair(Pair { ground: Ground { work: Work::Calls(..), .. }, of, to, .. }) = goal.from
            else {
                continue;
            };
            assert!(known.contains(&of) && known.contains(&to), "{goal:?}");
        }
    }
}
