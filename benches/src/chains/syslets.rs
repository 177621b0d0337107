//! The engine, one program for each piece.
#![allow(unsafe_code, reason = "pushes programs whose descriptors outlive them")]

use std::fmt::Debug;

use syslet::program::{Builder, Program};
use syslet::{CallFlags, Config, Engine, Params, Ring};

use super::Doer;

/// Programs in flight at once, where there are many.
const DEPTH: usize = 128;

/// Who runs the programs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum By {
    /// The thread that waits, alone.
    Inline,
    /// Workers only, as many as there are processors.
    Workers,
    /// Both, as it comes.
    Both,
}

/// Programs, built once.
pub(super) struct Syslets<K> {
    ring: Ring,
    programs: Vec<Program>,
    by: By,
    /// Programs in flight at once.
    depth: usize,
    /// Bytes that a program's result stands for.
    bytes: fn(i64) -> Option<u64>,
    /// What they use.
    kept: K,
}

impl<K: Debug> Syslets<K> {
    /// One program for each piece, written by `write`, which is told its number.
    pub(super) fn prepare(
        by: By,
        pieces: usize,
        kept: K,
        write: impl for<'p> Fn(&mut Builder<'p>, &K, usize),
        bytes: fn(i64) -> Option<u64>,
    ) -> Result<Syslets<K>, String> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let config = match by {
            By::Inline => Config::default().workers_max(0),
            By::Workers => Config::default().workers_max(u32::try_from(cores).unwrap_or(1)),
            By::Both => Config::default(),
        };
        let build = |piece: usize| {
            Program::build(|p| {
                match by {
                    // It may sleep there, too.
                    By::Inline => p.flags(CallFlags::SYNC),
                    By::Workers => p.flags(CallFlags::ASYNC),
                    By::Both => {}
                }
                write(p, &kept, piece);
            })
        };
        let programs = (0..pieces).map(build).collect::<Result<_, _>>().map_err(|error| error.to_string())?;
        let engine = Engine::start(config).map_err(|error| error.to_string())?;
        let ring = engine.ring(&Params::default()).map_err(|error| error.to_string())?;
        Ok(Syslets { ring, programs, by, depth: DEPTH, bytes, kept })
    }

    /// The same, one program after the other.
    pub(super) fn one_by_one(self) -> Syslets<K> {
        Syslets { depth: 1, ..self }
    }

    fn consume(&mut self, moved: &mut u64) -> Result<usize, String> {
        let mut over = 0;
        for done in self.ring.completions() {
            *moved += (self.bytes)(done.result().0).ok_or_else(|| format!("{:?}", done.result().decode()))?;
            over += 1;
        }
        Ok(over)
    }
}

impl<K: Debug> Doer for Syslets<K> {
    fn turn(&mut self) -> Result<u64, String> {
        let (mut moved, mut over, mut pushed) = (0, 0, 0);
        while over < self.programs.len() {
            while pushed < self.programs.len() && pushed - over < self.depth {
                // SAFETY: the programs use what they open and what `kept` keeps open, and their own memory.
                unsafe { self.ring.push_program(&self.programs[pushed]) }
                    .map_err(|error| error.to_string())?;
                pushed += 1;
            }
            // Where there is one program, nothing is done between its push and its wait.
            if self.by != By::Inline && self.depth > 1 {
                self.ring.submit();
            }
            // As many again are pushed while the other half runs.
            let half = (pushed - over).div_ceil(2);
            self.ring.wait(half, None).map_err(|error| error.to_string())?;
            over += self.consume(&mut moved)?;
        }
        Ok(moved)
    }

    fn settings(&self) -> String {
        let who = match self.by {
            By::Inline => "workers_max = 0, SYNC",
            By::Workers => "a worker for each processor, ASYNC",
            By::Both => "default limits",
        };
        format!("{who}, {} programs in flight", self.depth)
    }
}

impl<K: Debug> Debug for Syslets<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Syslets").field("by", &self.by).field("kept", &self.kept).finish_non_exhaustive()
    }
}
