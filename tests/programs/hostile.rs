//! Programs whose bytes somebody has damaged, in the engine.
#![allow(unsafe_code, reason = "pushes records whose calls do no harm, whatever else they say")]

use std::cell::{Cell, RefCell};

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;
use syslet::abi::{
    ArgKind, ArgKinds, AskRepr, AtomFlags, AtomRepr, AttributeFlags, Inout, Limits, Operand, ProgramRepr,
    StepOp, Target, Test, Width,
};
use syslet::attrs::AtomsValue;
use syslet::program::Program;
use syslet::{AttributeId, CallFlags, Ring};

use crate::rig::{next, ring};

/// What is damaged is accepted with a budget below this.
const BUDGET_MAX: u32 = 200;

fn number(nr: libc::c_long) -> u32 {
    u32::try_from(nr).expect("a number")
}

fn kinds(kinds: &[ArgKind]) -> ArgKinds {
    (0..).zip(kinds).fold(ArgKinds(0), |all, (at, kind)| all.with(at, *kind))
}

fn asked(id: AttributeId) -> AskRepr<'static> {
    AskRepr { id, flags: AttributeFlags::NONE, payload: &[] }
}

/// A program with every kind of atom and argument, loops, groups and a way out.
fn whole() -> Vec<u8> {
    let step = |op, kinds, args| AtomRepr { kinds, args, ..AtomRepr::step(op) };
    let call = |nr, kinds, args| AtomRepr { kinds, args, ..AtomRepr::call(number(nr)) };
    let (value, register, result) = (ArgKind::VALUE, ArgKind::REGISTER, ArgKind::RESULT);
    let (inside, out) = (ArgKind::IN, ArgKind::OUT);
    let mut data = b"/nowhere\0\0\0\0\0\0\0\0".to_vec();
    // An entry for eight bytes at the begin of the out area, then a length of sixteen.
    data.extend([0_u64, 8, 16].into_iter().flat_map(u64::to_ne_bytes));
    let (timing, checksum) = ([asked(AttributeId::TIMING)], [asked(AttributeId::CHECKSUM)]);
    let name = [u64::MAX, 8, Inout { out: 40, data: 32 }.pack()];
    let errnos = Test::errnos(&[libc::ERANGE, libc::EFAULT]).expect("two of four");
    let atoms = [
        AtomRepr { attributes: &timing, ..call(libc::SYS_getppid, kinds(&[]), &[]) },
        AtomRepr {
            test: Test::ERRNO,
            operand: Operand::number(errnos),
            otherwise: Target(2),
            ..call(libc::SYS_getcwd, kinds(&[out, register]), &[1 << 32 | 8, 1])
        },
        step(StepOp::ADD, kinds(&[value, result]), &[0, 0]),
        AtomRepr {
            attributes: &checksum,
            ..call(libc::SYS_pread64, kinds(&[value, out, register, value]), &[u64::MAX, 0, 2, 0])
        },
        call(libc::SYS_access, kinds(&[inside, register]), &[2 << 32, 4]),
        call(libc::SYS_access, kinds(&[out]), &[0]),
        step(StepOp::STORE, kinds(&[out, value, register]), &[5 << 32 | 24, 4, 0]),
        step(StepOp::LOAD, kinds(&[value, inside, value]), &[1, 32, 8 | Width::SIGNED]),
        step(StepOp::TOGETHER, kinds(&[]), &[3, 2]),
        call(libc::SYS_getsockname, kinds(&[value, out, ArgKind::INOUT]), &name),
        call(libc::SYS_preadv, kinds(&[value, inside, value]), &[u64::MAX, 16, 1]),
        call(libc::SYS_getppid, kinds(&[]), &[]),
        AtomRepr {
            test: Test::LESS,
            operand: Operand::register(1),
            then: Target(1),
            otherwise: Target::STOP,
            ..step(StepOp::COMPARE, kinds(&[register]), &[0])
        },
        AtomRepr {
            flags: AtomFlags::FINALLY,
            then: Target(14),
            ..call(libc::SYS_getcwd, kinds(&[out, result]), &[0, 0])
        },
        AtomRepr { flags: AtomFlags::FINALLY, ..step(StepOp::JUMP, kinds(&[]), &[]) },
    ];
    let data = AskRepr { id: AttributeId::DATA, flags: AttributeFlags::NONE, payload: &data };
    let repr = ProgramRepr {
        flags: CallFlags::NONE,
        user_data: 7,
        registers: &[0, 8, 64],
        budget: 100,
        out_len: 64,
        scratch_len: 8,
        attributes: &[data, asked(AttributeId::ATOMS)],
        atoms: &atoms,
    };
    Program::of(&repr).expect("a sound program").bytes().to_vec()
}

/// Whether what the record says may be done: nothing with an address of somebody else's, or a descriptor, and not for long.
fn is_harmless(record: &[u8]) -> bool {
    let limits = Limits { record_bytes_max: usize::MAX, out_bytes_max: 1 << 16 };
    let Ok(program) = syslet::abi::Program::check(record, &limits) else { return true };
    let is_own = |atom: &syslet::abi::Atom<'_>| {
        let nr = libc::c_long::from(atom.own().nr());
        let memory: &[usize] = match nr {
            libc::SYS_getppid => &[],
            libc::SYS_getcwd | libc::SYS_access => &[0],
            libc::SYS_pread64 | libc::SYS_preadv => &[1],
            libc::SYS_getsockname => &[1, 2],
            _ => return false,
        };
        let kind = |at: usize| atom.kinds().get(at);
        // What is not given is a null pointer.
        let is_placed = |at: &usize| {
            *at >= atom.own().argc() || [ArgKind::IN, ArgKind::OUT, ArgKind::INOUT].contains(&kind(*at))
        };
        let has_descriptor = [libc::SYS_pread64, libc::SYS_preadv, libc::SYS_getsockname].contains(&nr);
        let is_none = atom.raw_arg(0) == u64::MAX && kind(0) == ArgKind::VALUE;
        memory.iter().all(is_placed) && (!has_descriptor || is_none)
    };
    // Of the program as a whole nothing is asked that changes threads, or takes its time.
    let asks = program.head().asks().all(|ask| [AttributeId::DATA, AttributeId::ATOMS].contains(&ask.id));
    let is_told = !program.flags().contains(CallFlags::NO_COMPLETE) && program.budget() < BUDGET_MAX;
    asks && is_told && program.atoms().filter(syslet::abi::Atom::is_call).all(|atom| is_own(&atom))
}

/// A byte of a record, and what it becomes.
type Damage = (Index, u8, fn(u8, u8) -> u8);

fn damage() -> impl Strategy<Value = Damage> {
    let how = prop_oneof![
        2 => Just((|was, by| was ^ 1 << (by % 8)) as fn(u8, u8) -> u8),
        2 => Just((|_, by| by % 17) as fn(u8, u8) -> u8),
        1 => Just((|_, by| by) as fn(u8, u8) -> u8),
    ];
    (any::<Index>(), any::<u8>(), how)
}

/// Whether it is accepted. If so, it ends within its budget, and tells of no bytes but its own.
fn ends(ring: &mut Ring, record: &[u8]) -> Result<bool, TestCaseError> {
    // SAFETY: see the top.
    if unsafe { ring.push_bytes(record) }.is_err() {
        prop_assert_eq!(ring.in_flight(), 0);
        return Ok(false);
    }
    let program = syslet::abi::Program::admitted(record);
    let came = next(ring);
    prop_assert_eq!(ring.in_flight(), 0);
    prop_assert_eq!((came.user_data, came.data().len()), (program.user_data(), program.out_len()));
    // A worker that panics leaves this.
    prop_assert_ne!(came.result, -i64::from(libc::EOWNERDEAD));
    if let Some((_, value)) = came.answer(AttributeId::ATOMS) {
        let told = AtomsValue::parse(value).expect("a value");
        prop_assert!(told.head.steps <= program.budget());
        for entry in told.entries() {
            prop_assert!(usize::from(entry.atom) < program.atom_count());
            prop_assert!(entry.runs <= program.budget());
            prop_assert_ne!(entry.value.0, -i64::from(libc::EOWNERDEAD));
        }
    }
    Ok(true)
}

/// SYSLET-18: whatever a record says, it is refused and takes nothing, or runs inside itself and ends within its budget.
#[test]
fn damaged_programs_end() {
    let sound = whole();
    let rings = RefCell::new([ring(0), ring(2)]);
    let accepted = Cell::new(0);
    let config = ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() };
    let checked = TestRunner::new(config).run(&prop::collection::vec(damage(), 0..5), |all| {
        let mut record = sound.clone();
        for (at, by, how) in all {
            let at = at.index(record.len());
            record[at] = how(record[at], by);
        }
        if !is_harmless(&record) {
            return Ok(());
        }
        for ring in &mut *rings.borrow_mut() {
            accepted.set(accepted.get() + u32::from(ends(ring, &record)?));
        }
        Ok(())
    });
    checked.unwrap();
    assert!(accepted.get() > 1000, "{} of 8000 accepted", accepted.get());
}
