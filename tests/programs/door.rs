//! What a program is refused for, and at which byte.

use syslet::abi::{ArgKind, ArgKinds, AtomRepr, Kind, Operand, ProgramRepr, StepOp, Target, Test};
use syslet::program::Program;
use syslet::program::build::calls::{close, getppid, openat, read};
use syslet::program::{Builder, Call, Fd, Number, Value};
use syslet::{CallFlags, Config, DoneFlags, Engine, Params, Refusal};

use crate::rig::{everywhere, push, ring, run};

/// Bytes before the first atom of a program without registers and attributes, and of an atom without arguments.
const BARE: usize = 32;
const NR: usize = 16;

fn number(nr: libc::c_long) -> u32 {
    u32::try_from(nr).expect("a number")
}

fn with<'a>(flags: CallFlags, atoms: &'a [AtomRepr<'a>]) -> ProgramRepr<'a> {
    ProgramRepr {
        flags,
        user_data: 0,
        registers: &[],
        budget: 9,
        out_len: 0,
        scratch_len: 0,
        attributes: &[],
        atoms,
    }
}

/// Why a ring with so many workers refuses it, and at which byte behind the first atom's.
fn refused(workers_max: u32, repr: &ProgramRepr<'_>) -> (Refusal, usize) {
    let program = match Program::of(repr) {
        Ok(program) => program,
        Err(refused) => return (refused.refusal(), (refused.at() as usize).wrapping_sub(BARE)),
    };
    let mut ring = ring(workers_max);
    let refused = push(&mut ring, &program).expect_err("it is refused");
    assert_eq!(ring.in_flight(), 0);
    (refused.refusal(), (refused.at() as usize).wrapping_sub(BARE))
}

fn getppid_atom() -> AtomRepr<'static> {
    AtomRepr::call(number(libc::SYS_getppid))
}

/// SYSLET-15: what a program is refused for says which atom is at fault, to who built it and to who pushed it.
#[test]
fn refusals_name_the_atom() {
    let unbuilt = Program::build(|p| {
        let (fd, was_opened) = (open(p), p.register(0));
        p.when(was_opened, syslet::program::Test::equal(1), |p| {
            p.call(close(fd)).value();
        });
        p.call(close(fd)).value();
    });
    let unbuilt = unbuilt.expect_err("it may be closed");
    assert_eq!((unbuilt.refusal(), unbuilt.atom()), (Refusal::RESULT_UNKNOWN, Some(3)));
    let words = "the atom reads a result that may not be there (atom 3, byte ";
    assert!(unbuilt.to_string().starts_with(words), "{unbuilt}");
    let exit = [getppid_atom(), AtomRepr { args: &[0], ..AtomRepr::call(number(libc::SYS_exit)) }];
    let program = Program::of(&with(CallFlags::NONE, &exit)).expect("no engine has looked");
    let refused = push(&mut ring(1), &program).expect_err("it would end the thread");
    assert_eq!((refused.refusal(), refused.atom()), (Refusal::ENGINE_LIFE, Some(1)));
    assert!(refused.to_string().ends_with(" (atom 1)"), "{refused}");
    assert_eq!(refused.why_program(&program).matches("atom 1").count(), 1);
    let budget = Program::of(&ProgramRepr { budget: u32::MAX, ..with(CallFlags::NONE, &exit) });
    let refused = push(&mut ring(1), &budget.expect("no engine has looked")).expect_err("too much");
    assert_eq!((refused.refusal(), refused.atom()), (Refusal::BUDGET, None));
}

/// SYSLET-15, SYSLET-17: a call is refused in a program as it is alone, at the byte of its atom.
#[test]
fn calls_are_refused_as_ever() {
    let none = CallFlags::NONE;
    let second = |workers_max: u32, flags: CallFlags, atom: AtomRepr<'_>| {
        refused(workers_max, &with(flags, &[getppid_atom(), atom]))
    };
    let at = |offset: usize| BARE + offset;
    assert_eq!(second(1, none, AtomRepr::call(0x4000_0000)), (Refusal::FOREIGN_NUMBER, at(NR)));
    assert_eq!(second(1, none, AtomRepr::call(number(libc::SYS_exit))), (Refusal::ENGINE_LIFE, at(NR)));
    let setns = AtomRepr { args: &[0, 0], ..AtomRepr::call(number(libc::SYS_setns)) };
    assert_eq!(second(1, none, setns), (Refusal::THREAD_STATE, at(NR)));
    let bound = AtomRepr { args: &[1, 9], ..AtomRepr::call(number(libc::SYS_prctl)) };
    assert_eq!(second(1, none, bound), (Refusal::THREAD_BOUND, at(NR)));
    let pause = AtomRepr::call(number(libc::SYS_pause));
    assert_eq!(second(0, none, pause), (Refusal::NEEDS_WORKER, at(NR)));
    let many = AtomRepr { args: &[0; 4], ..AtomRepr::call(number(libc::SYS_close)) };
    assert_eq!(second(1, none, many), (Refusal::WRONG_ARGUMENT_COUNT, at(40)));
    let backwards = ArgKinds(0).with(0, ArgKind::OUT);
    let backwards = AtomRepr { kinds: backwards, args: &[0], ..AtomRepr::call(number(libc::SYS_close)) };
    assert_eq!(second(1, none, backwards), (Refusal::DIRECTION, at(32)));
    assert_eq!(second(0, CallFlags::PRIVATE, getppid_atom()).0, Refusal::NEEDS_WORKER);
    assert_eq!(second(0, CallFlags::ASYNC, getppid_atom()).0, Refusal::NEEDS_WORKER);
}

/// SYSLET-15: a budget has a limit above it.
#[test]
fn budgets_have_a_limit() {
    let engine = Engine::start(Config::default().workers_max(0).program_steps_max(8)).unwrap();
    let mut ring = engine.ring(&Params::default()).unwrap();
    let atoms = [getppid_atom()];
    let refused = push(&mut ring, &Program::of(&with(CallFlags::NONE, &atoms)).unwrap()).unwrap_err();
    assert_eq!((refused.refusal(), refused.at()), (Refusal::BUDGET, 24));
    let repr = ProgramRepr { budget: 8, ..with(CallFlags::NONE, &atoms) };
    assert!(run(&mut ring, &Program::of(&repr).unwrap()).result > 0);
}

/// SYSLET-15: what could never come back is refused: an out area, or what the atoms came to.
#[test]
fn completions_fit_their_ring() {
    let params = Params { completion_record_max: 4096, completion_bytes: 16384, ..Params::default() };
    let engine = Engine::start(Config::default().workers_max(0)).unwrap();
    let mut ring = engine.ring(&params).unwrap();
    let big = Program::build(|p| {
        let buffer = p.area(4096);
        p.call(read(-1, buffer, 4096)).value();
    });
    assert_eq!(push(&mut ring, &big.unwrap()).unwrap_err().refusal(), Refusal::TOO_LARGE);
    let many = |count: usize| {
        Program::build(|p| {
            p.atoms();
            for _ in 0..count {
                p.call(getppid()).value();
            }
        })
        .unwrap()
    };
    // A head of 16 bytes and 24 for each atom, behind 24 and 8 of the completion and its return.
    assert_eq!(push(&mut ring, &many(169)).unwrap_err().refusal(), Refusal::TOO_LARGE);
    assert!(run(&mut ring, &many(50)).result > 0);
}

fn open<'p>(p: &mut Builder<'p>) -> Value<'p, Fd> {
    let path = p.path(c"/");
    p.call(openat(libc::AT_FDCWD, path, 0, 0)).value()
}

/// Why a program cannot be built.
fn unbuilt(write: impl for<'p> FnOnce(&mut Builder<'p>)) -> Option<Refusal> {
    Program::build(write).err().map(|refused| refused.refusal())
}

/// SYSLET-16: a value that some path to its reader has not made, or has closed, is not read.
#[test]
fn values_are_there_on_every_path() {
    // Behind a branch that may not have been taken.
    assert_eq!(
        unbuilt(|p| {
            let n = p.register(0);
            let mut fd = None;
            p.when(n, syslet::program::Test::zero(), |p| fd = Some(open(p)));
            p.call(close(fd.expect("written above"))).value();
        }),
        Some(Refusal::RESULT_UNKNOWN)
    );
    // On both branches by different atoms: one of them is not there.
    assert_eq!(
        unbuilt(|p| {
            let n = p.register(0);
            let (mut one, mut other) = (None, None);
            p.when_else(n, syslet::program::Test::zero(), |p| one = Some(open(p)), |p| other = Some(open(p)));
            assert!(other.is_some());
            p.call(close(one.expect("written above"))).value();
        }),
        Some(Refusal::RESULT_UNKNOWN)
    );
    // After it was closed, in a straight line and around a loop.
    assert_eq!(
        unbuilt(|p| {
            let fd = open(p);
            p.call(close(fd)).value();
            p.call(close(fd)).value();
        }),
        Some(Refusal::RESULT_UNKNOWN)
    );
    assert_eq!(
        unbuilt(|p| {
            let fd = open(p);
            p.repeat(|p| {
                p.call(close(fd)).or_break();
            });
        }),
        Some(Refusal::RESULT_UNKNOWN)
    );
    // Opened anew in each round, it is there.
    assert_eq!(
        unbuilt(|p| {
            p.repeat(|p| {
                let fd = open(p);
                p.call(close(fd)).or_break();
            });
        }),
        None
    );
    // On the way out anything may be missing.
    assert_eq!(
        unbuilt(|p| {
            let n = p.register(0);
            let mut fd = None;
            p.when(n, syslet::program::Test::zero(), |p| fd = Some(open(p)));
            p.finally(close(fd.expect("written above")));
        }),
        None
    );
}

/// SYSLET-16, SYSLET-27: by number, with the byte: a value of a later atom, of the atom itself, of another of its group.
#[test]
fn values_of_later_atoms_are_not_read() {
    let reads = |of: u64| AtomRepr {
        kinds: ArgKinds(0).with(0, ArgKind::RESULT),
        args: match of {
            0 => &[0],
            1 => &[1],
            _ => &[2],
        },
        ..AtomRepr::call(number(libc::SYS_close))
    };
    let program = |of| refused(1, &with(CallFlags::NONE, &[getppid_atom(), reads(of), getppid_atom()]));
    for of in [1, 2] {
        assert_eq!(program(of), (Refusal::RESULT_UNKNOWN, BARE + 32), "{of}");
    }
    let compares =
        AtomRepr { test: Test::EQUAL, operand: Operand::result(1), then: Target::STOP, ..getppid_atom() };
    let found = refused(1, &with(CallFlags::NONE, &[compares, getppid_atom()]));
    assert_eq!(found, (Refusal::RESULT_UNKNOWN, 8));
    let head = AtomRepr { args: &[2, 0], ..AtomRepr::step(StepOp::TOGETHER) };
    let found = refused(1, &with(CallFlags::NONE, &[head, getppid_atom(), reads(1)]));
    assert_eq!(found, (Refusal::RESULT_UNKNOWN, 48 + BARE + 32));
    let found = refused(
        1,
        &with(
            CallFlags::NONE,
            &[getppid_atom(), head, getppid_atom(), AtomRepr { kind: Kind::STEP, ..getppid_atom() }],
        ),
    );
    assert_eq!(found.0, Refusal::STEP_UNKNOWN);
}

/// SYSLET-16: a group that leads to an atom by its number has run its members: what one has closed is gone there, and what one
/// has made is there.
#[test]
fn groups_that_lead_have_run_their_members() {
    let result = ArgKinds(0).with(0, ArgKind::RESULT);
    let dup = AtomRepr {
        kinds: ArgKinds(0).with(0, ArgKind::VALUE),
        args: &[0],
        ..AtomRepr::call(number(libc::SYS_dup))
    };
    let head = AtomRepr { args: &[1, 0], then: Target(4), ..AtomRepr::step(StepOp::TOGETHER) };
    let closes = AtomRepr { kinds: result, args: &[0], ..AtomRepr::call(number(libc::SYS_close)) };
    let stop = AtomRepr { then: Target::STOP, ..AtomRepr::step(StepOp::JUMP) };
    let reads = |args| AtomRepr { kinds: result, args, ..AtomRepr::step(StepOp::COMPARE) };
    let build = |last| Program::of(&with(CallFlags::NONE, &[dup, head, closes, stop, last]));
    assert_eq!(build(reads(&[0])).unwrap_err().refusal(), Refusal::RESULT_UNKNOWN);
    assert_eq!(run(&mut ring(2), &build(reads(&[2])).unwrap()).result, 0);
}

/// SYSLET-17: what a call touches is looked at again where that depends on a number which is known late.
#[test]
fn late_numbers_do_not_get_around_the_door() {
    everywhere(
        |p| {
            // These are bound to the thread, or change it: the numbers come from registers.
            let option = p.register(u64::from(libc::PR_SET_PDEATHSIG.unsigned_abs()));
            let flags = p.register(libc::CLOSE_RANGE_UNSHARE.into());
            let close_range = Call::<Number>::new(libc::SYS_close_range).arg(-1).arg(-1).arg(flags);
            p.call(close_range).stop_if(syslet::program::Test::error().not());
            p.call(Call::<Number>::new(libc::SYS_prctl).arg(option).arg(0)).value();
        },
        |came| {
            let eperm = (-i64::from(libc::EPERM), DoneFlags::ENGINE_RESULT);
            assert_eq!(came.end(), eperm);
            assert!(came.atoms().iter().all(|(.., value)| *value == eperm.0));
        },
    );
}
