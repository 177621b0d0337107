//! Rings of every sort, and the completion of one program.

use std::os::fd::{AsRawFd, OwnedFd};

use nix::unistd::pipe;
use syslet::program::{Builder, Program};
use syslet::{CallFlags, Config, Engine, Params, Refused, Ring, Ticket};
use syslet_tests::rig::{self, Seen};

/// A ring of an engine with so many workers.
pub(crate) fn ring(workers_max: u32) -> Ring {
    let engine = Engine::start(Config::default().workers_max(workers_max)).expect("an engine");
    engine.ring(&Params::default()).expect("a ring")
}

pub(crate) fn push(ring: &mut Ring, program: &Program) -> Result<Ticket, Refused> {
    rig::push_program(ring, program)
}

/// The next completion.
pub(crate) fn next(ring: &mut Ring) -> Seen {
    ring.wait(1, None).expect("waited");
    Seen::of(&ring.completions().next().expect("one completion"))
}

/// Runs one program.
pub(crate) fn run(ring: &mut Ring, program: &Program) -> Seen {
    push(ring, program).expect("accepted");
    next(ring)
}

/// Writes a program that asks for ATOMS.
pub(crate) fn program(flags: CallFlags, write: impl for<'p> FnOnce(&mut Builder<'p>)) -> Program {
    let program = Program::build(|p| {
        p.flags(flags);
        p.atoms();
        write(p);
    });
    program.expect("a sound program")
}

/// Runs it without workers, where it begins in the submitter, and in a worker. `check` gets the completion of each run.
pub(crate) fn everywhere(write: impl for<'p> Fn(&mut Builder<'p>), mut check: impl FnMut(Seen)) {
    for (workers_max, flags) in [(0, CallFlags::NONE), (4, CallFlags::NONE), (4, CallFlags::ASYNC)] {
        check(run(&mut ring(workers_max), &program(flags, &write)));
    }
}

/// The refusal of a program.
pub(crate) fn refused(program: &Program) -> Refused {
    push(&mut ring(1), program).expect_err("it is refused")
}

/// The same with programs that were built otherwise; told whether it is to begin in a worker.
pub(crate) fn built_everywhere(build: impl Fn(bool) -> Program, mut check: impl FnMut(Seen)) {
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
