//! Rings of every sort, and what comes of one program.
#![allow(unsafe_code, reason = "programs of these tests use what they have made themselves")]

use syslet::program::Program;
use syslet::{Completion, Config, DoneFlags, Engine, Params, Refused, Ring};

/// What came back.
#[derive(Debug)]
pub(crate) struct Came {
    pub(crate) result: i64,
    pub(crate) flags: DoneFlags,
    pub(crate) data: Vec<u8>,
}

impl Came {
    fn of(done: &Completion<'_>) -> Came {
        Came { result: done.result().0, flags: done.flags(), data: done.data().unwrap_or_default().to_vec() }
    }
}

/// A ring of an engine with so many workers.
pub(crate) fn ring(workers_max: u32) -> Ring {
    let engine = Engine::start(Config::default().workers_max(workers_max)).expect("an engine");
    engine.ring(&Params::default()).expect("a ring")
}

/// Runs one program.
pub(crate) fn run(ring: &mut Ring, program: &Program) -> Came {
    // SAFETY: see the top.
    unsafe { ring.push_program(program) }.expect("accepted");
    ring.wait(1, None).expect("waited");
    Came::of(&ring.completions().next().expect("one completion"))
}

/// Runs it where nobody but the submitter makes calls, where it begins in the submitter, and in a worker.
pub(crate) fn everywhere(build: impl Fn(bool) -> Program, mut check: impl FnMut(Came)) {
    for (workers_max, is_away) in [(0, false), (4, false), (4, true)] {
        check(run(&mut ring(workers_max), &build(is_away)));
    }
}

/// Why an engine refuses a program.
pub(crate) fn refused(program: &Program) -> Refused {
    // SAFETY: it is not run.
    unsafe { ring(1).push_program(program) }.expect_err("it is refused")
}
