//! Rings of every sort, and what comes of one program.
#![allow(unsafe_code, reason = "programs of these tests use what they have made themselves")]

use std::os::fd::{AsRawFd, OwnedFd};

use nix::unistd::pipe;
use syslet::attrs::AtomsValue;
use syslet::program::{Builder, Program};
use syslet::{
    AttributeId, CallFlags, Completion, Config, DoneFlags, Engine, Params, Refused, Ring, Status, Ticket,
};

/// What came back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Came {
    pub(crate) user_data: u64,
    pub(crate) result: i64,
    pub(crate) flags: DoneFlags,
    pub(crate) data: Vec<u8>,
    pub(crate) returns: Vec<(AttributeId, Status, Vec<u8>)>,
}

impl Came {
    fn of(done: &Completion<'_>) -> Came {
        Came {
            user_data: done.user_data(),
            result: done.result().0,
            flags: done.flags(),
            data: done.data().unwrap_or_default().to_vec(),
            returns: done.returns().map(|answer| (answer.id, answer.status, answer.value.to_vec())).collect(),
        }
    }

    /// Result and flags.
    pub(crate) fn end(&self) -> (i64, DoneFlags) {
        (self.result, self.flags)
    }

    /// Status and value of one attribute.
    pub(crate) fn answer(&self, id: AttributeId) -> Option<(Status, &[u8])> {
        let found = self.returns.iter().find(|(seen, ..)| *seen == id);
        found.map(|(_, status, value)| (*status, value.as_slice()))
    }

    /// What each atom came to: its number, its flags, how often it ran, its value.
    pub(crate) fn atoms(&self) -> Vec<(u16, DoneFlags, u32, i64)> {
        let (_, value) = self.answer(AttributeId::ATOMS).expect("asked for");
        let value = AtomsValue::parse(value).expect("a value");
        value.entries().map(|entry| (entry.atom, entry.flags, entry.runs, entry.value.0)).collect()
    }
}

/// A ring of an engine with so many workers.
pub(crate) fn ring(workers_max: u32) -> Ring {
    let engine = Engine::start(Config::default().workers_max(workers_max)).expect("an engine");
    engine.ring(&Params::default()).expect("a ring")
}

pub(crate) fn push(ring: &mut Ring, program: &Program) -> Result<Ticket, Refused> {
    // SAFETY: see the top.
    unsafe { ring.push_program(program) }
}

/// The next completion.
pub(crate) fn next(ring: &mut Ring) -> Came {
    ring.wait(1, None).expect("waited");
    Came::of(&ring.completions().next().expect("one completion"))
}

/// Runs one program.
pub(crate) fn run(ring: &mut Ring, program: &Program) -> Came {
    push(ring, program).expect("accepted");
    next(ring)
}

/// Writes a program that asks what each atom came to.
pub(crate) fn program(flags: CallFlags, write: impl for<'p> FnOnce(&mut Builder<'p>)) -> Program {
    let program = Program::build(|p| {
        p.flags(flags);
        p.atoms();
        write(p);
    });
    program.expect("a sound program")
}

/// Runs it where nobody but the submitter makes calls, where it begins in the submitter, and in a worker. `check` gets
/// what came, as often.
pub(crate) fn everywhere(write: impl for<'p> Fn(&mut Builder<'p>), mut check: impl FnMut(Came)) {
    for (workers_max, flags) in [(0, CallFlags::NONE), (4, CallFlags::NONE), (4, CallFlags::ASYNC)] {
        check(run(&mut ring(workers_max), &program(flags, &write)));
    }
}

/// Why an engine refuses a program.
pub(crate) fn refused(program: &Program) -> Refused {
    // SAFETY: it is not run.
    unsafe { ring(1).push_program(program) }.expect_err("it is refused")
}

/// The same with programs that were built otherwise; told whether it is to begin in a worker.
pub(crate) fn built_everywhere(build: impl Fn(bool) -> Program, mut check: impl FnMut(Came)) {
    for (workers_max, is_away) in [(0, false), (4, false), (4, true)] {
        check(run(&mut ring(workers_max), &build(is_away)));
    }
}

/// The two ends of a pipe, and their numbers.
pub(crate) fn pipe_ends() -> ((OwnedFd, OwnedFd), i32, i32) {
    let (reads, writes) = pipe().expect("a pipe");
    let numbers = (reads.as_raw_fd(), writes.as_raw_fd());
    ((reads, writes), numbers.0, numbers.1)
}

/// Waits until a worker sleeps in a call that a submitter has handed over.
pub(crate) fn until_blocked(engine: &Engine, count: u32) {
    while engine.stats().blocked < count {
        std::thread::yield_now();
    }
}
