//! Random programs, in the engine and in a model.

use std::cell::{Cell, RefCell};
use std::io::Write as _;
use std::os::fd::AsRawFd as _;

use nix::sys::memfd::{MFdFlags, memfd_create};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use syslet::abi::{
    ArgKind, ArgKinds, AskRepr, AtomFlags, AtomRepr, AttributeFlags, Kind, Operand, ProgramRepr, StepOp,
    Target, Test,
};
use syslet::attrs::AtomsValue;
use syslet::program::Program;
use syslet::{AttributeId, CallFlags, DoneFlags, Ring};

use crate::rig::{next, push, ring};

/// Bytes of the out area.
const AREA: usize = 24;
const BUDGET: u32 = 60;
const ATOMS: AskRepr<'static> = AskRepr { id: AttributeId::ATOMS, flags: AttributeFlags::NONE, payload: &[] };

/// An atom with what it owns.
#[derive(Clone, Debug)]
struct Atom {
    kind: Kind,
    nr: u32,
    flags: AtomFlags,
    args: Vec<(ArgKind, u64)>,
    test: Test,
    operand: Operand,
    then: Target,
    otherwise: Target,
}

fn number(nr: libc::c_long) -> u32 {
    u32::try_from(nr).expect("a number")
}

/// A number that a program knows, of one with so many atoms.
fn operand(count: u64) -> impl Strategy<Value = Operand> {
    prop_oneof![
        3 => prop_oneof![Just(0), Just(1), 0_u64..30, any::<u64>()].prop_map(Operand::number),
        2 => (0..count).prop_map(|atom| Operand { kind: ArgKind::RESULT.0, value: atom }),
        3 => (0_u64..16).prop_map(|register| Operand { kind: ArgKind::REGISTER.0, value: register }),
    ]
}

fn place() -> impl Strategy<Value = (ArgKind, u64)> {
    let len = prop_oneof![2 => Just(0_u64), 1 => 1..=AREA as u64 + 1];
    let offset = (0..=AREA as u64, prop_oneof![3 => Just(0_u64), 1 => 1_u64..=16], len);
    let fits = |(offset, _, len): &(u64, u64, u64)| offset + len <= AREA as u64 + 1;
    let offset = offset.prop_filter("what is not there belongs to nothing", fits);
    offset.prop_map(|(offset, register, len)| (ArgKind::OUT, offset | register << 32 | len << 37))
}

fn argument(operand: Operand) -> (ArgKind, u64) {
    (ArgKind(operand.kind), operand.value)
}

/// What an atom does: kind, number, arguments.
fn deed(count: u64, fd: i32) -> impl Strategy<Value = (Kind, u32, Vec<(ArgKind, u64)>)> {
    let fixed = |value: u64| (ArgKind::VALUE, value);
    let step = |op: StepOp, args| (Kind::STEP, op.0, args);
    let register = move || (0_u64..16).prop_map(fixed);
    let width = prop_oneof![Just(1_u64), Just(2), Just(4), Just(8), Just(0x81), Just(0x84)].prop_map(fixed);
    let file = fixed(i64::from(fd).cast_unsigned());
    prop_oneof![
        4 => Just((Kind::CALL, number(libc::SYS_getppid), vec![])),
        2 => Just((Kind::CALL, number(libc::SYS_close), vec![fixed(u64::MAX)])),
        3 => (place(), operand(count), 0_u64..12).prop_map(move |(to, len, from)| {
            (Kind::CALL, number(libc::SYS_pread64), vec![file, to, argument(len), fixed(from)])
        }),
        2 => (register(), operand(count)).prop_map(move |(to, n)| step(StepOp::SET, vec![to, argument(n)])),
        4 => (register(), operand(count)).prop_map(move |(to, n)| step(StepOp::ADD, vec![to, argument(n)])),
        1 => (register(), operand(count)).prop_map(move |(to, n)| step(StepOp::SUBTRACT, vec![to, argument(n)])),
        2 => operand(count).prop_map(move |n| step(StepOp::COMPARE, vec![argument(n)])),
        1 => Just(step(StepOp::JUMP, vec![])),
        1 => (register(), place(), width.clone()).prop_map(move |(to, from, width)| step(StepOp::LOAD, vec![to, from, width])),
        1 => (place(), width, operand(count)).prop_map(move |(to, width, n)| step(StepOp::STORE, vec![to, width, argument(n)])),
    ]
}

fn target(count: u16) -> impl Strategy<Value = Target> {
    prop_oneof![4 => Just(Target::NEXT), 1 => Just(Target::STOP), 2 => (0..count).prop_map(Target)]
}

fn atom(count: u16, fd: i32) -> impl Strategy<Value = Atom> {
    let test = (0..=Test::ERROR.0).prop_map(Test);
    (deed(count.into(), fd), test, operand(count.into()), target(count), target(count)).prop_map(
        |((kind, nr, args), test, operand, then, otherwise)| {
            let operand = match test {
                Test::ERRNO => {
                    Operand::number(Test::errnos(&[libc::EBADF, libc::EFAULT]).expect("two of four"))
                }
                test if test.has_operand() => operand,
                _ => Operand::number(0),
            };
            let otherwise = if test == Test::ALWAYS { Target::NEXT } else { otherwise };
            Atom { kind, nr, flags: AtomFlags::NONE, args, test, operand, then, otherwise }
        },
    )
}

fn built(atoms: &[Atom], flags: CallFlags, registers: &[u64]) -> Option<Program> {
    let args: Vec<Vec<u64>> =
        atoms.iter().map(|atom| atom.args.iter().map(|(_, arg)| *arg).collect()).collect();
    let reprs: Vec<AtomRepr<'_>> = atoms
        .iter()
        .zip(&args)
        .map(|(atom, args)| AtomRepr {
            kind: atom.kind,
            flags: atom.flags,
            nr: atom.nr,
            kinds: (0..)
                .zip(&atom.args)
                .fold(ArgKinds(0), |kinds, (index, (kind, _))| kinds.with(index, *kind)),
            args,
            test: atom.test,
            operand: atom.operand,
            then: atom.then,
            otherwise: atom.otherwise,
            attributes: &[],
        })
        .collect();
    Program::of(&ProgramRepr {
        flags,
        user_data: 7,
        registers,
        budget: BUDGET,
        out_len: u32::try_from(AREA).expect("small"),
        scratch_len: 0,
        attributes: &[ATOMS],
        atoms: &reprs,
    })
    .ok()
}

const CONTENT: &[u8] = b"ten bytes!";

/// What the engine should come to: value, flags and runs of each atom, steps, the last one, and the out area.
#[derive(Debug)]
struct Model {
    registers: [u64; 16],
    kept: Vec<Option<(u64, DoneFlags, u32)>>,
    area: [u8; AREA],
    steps: u32,
    last: usize,
    is_spent: bool,
}

impl Model {
    fn number(&self, (kind, value): (ArgKind, u64)) -> u64 {
        let index = usize::try_from(value).unwrap_or(0);
        match kind {
            ArgKind::RESULT => self.kept[index].expect("the door has seen to it").0,
            ArgKind::REGISTER => self.registers[index],
            _ => value,
        }
    }

    fn place(&self, (_, value): (ArgKind, u64), len: u64) -> Option<std::ops::Range<usize>> {
        let register = usize::try_from(value >> 32 & 31).ok()?;
        let more = if register == 0 { 0 } else { self.registers[register - 1] };
        let begin = usize::try_from((value & 0xffff_ffff).checked_add(more)?).ok()?;
        let end = begin.checked_add(usize::try_from(len).ok()?)?;
        let behind = match usize::try_from(value >> 37).ok()? {
            0 => AREA,
            len => usize::try_from(value & 0xffff_ffff).ok()? + len - 1,
        };
        (end <= behind).then_some(begin..end)
    }

    fn deed(&mut self, atom: &Atom) -> (u64, DoneFlags) {
        const FAULT: (u64, DoneFlags) = ((-(libc::EFAULT as i64)).cast_unsigned(), DoneFlags(3));
        let plain = |value: u64| (value, DoneFlags::NONE);
        let args = &atom.args;
        if atom.kind == Kind::CALL {
            return match libc::c_long::from(atom.nr) {
                libc::SYS_getppid => plain(u64::from(nix::unistd::getppid().as_raw().cast_unsigned())),
                libc::SYS_close => plain((-i64::from(libc::EBADF)).cast_unsigned()),
                _ => {
                    let Some(place) = self.place(args[1], self.number(args[2])) else { return FAULT };
                    let from = CONTENT.len().min(usize::try_from(args[3].1).unwrap_or(0));
                    let read = place.len().min(CONTENT.len() - from);
                    self.area[place.start..place.start + read].copy_from_slice(&CONTENT[from..from + read]);
                    plain(read as u64)
                }
            };
        }
        let register = args.first().map_or(0, |(_, value)| usize::try_from(*value & 15).unwrap_or(0));
        let second = args.get(1).filter(|(kind, _)| *kind != ArgKind::OUT).map_or(0, |arg| self.number(*arg));
        match StepOp(atom.nr) {
            StepOp::SET => self.registers[register] = second,
            StepOp::ADD => self.registers[register] = self.registers[register].wrapping_add(second),
            StepOp::SUBTRACT => self.registers[register] = self.registers[register].wrapping_sub(second),
            StepOp::COMPARE => return plain(self.number(args[0])),
            StepOp::LOAD => {
                let (len, is_signed) = (args[2].1 & 0x7f, args[2].1 & 0x80 != 0);
                let Some(place) = self.place(args[1], len) else { return FAULT };
                let fill = if is_signed && self.area[place.end - 1] & 0x80 != 0 { 0xff } else { 0 };
                let mut raw = [fill; 8];
                raw[..place.len()].copy_from_slice(&self.area[place]);
                self.registers[register] = u64::from_le_bytes(raw);
            }
            StepOp::STORE => {
                let (len, value) = (args[1].1 & 0x7f, self.number(args[2]));
                let Some(place) = self.place(args[0], len) else { return FAULT };
                let len = place.len();
                self.area[place].copy_from_slice(&value.to_le_bytes()[..len]);
                return plain(value);
            }
            _ => return plain(0),
        }
        plain(self.registers[register])
    }

    fn run(atoms: &[Atom], registers: [u64; 16]) -> Model {
        let kept = vec![None; atoms.len()];
        let mut model = Model { registers, kept, area: [0; AREA], steps: 0, last: 0, is_spent: false };
        let mut at = 0;
        while at < atoms.len() {
            if model.steps == BUDGET {
                model.is_spent = true;
                break;
            }
            let atom = &atoms[at];
            let (value, flags) = model.deed(atom);
            let runs = model.kept[at].map_or(0, |(_, _, runs)| runs) + 1;
            (model.kept[at], model.last) = (Some((value, flags, runs)), at);
            model.steps += 1;
            let operand = model.number((ArgKind(atom.operand.kind), atom.operand.value));
            let target = if atom.test.holds(value, operand) { atom.then } else { atom.otherwise };
            at = match target {
                Target::NEXT => at + 1,
                Target::STOP => break,
                Target(to) => to.into(),
            };
        }
        model
    }
}

/// Compares what came with the model, if the program is accepted; says whether it was.
fn compare(ring: &mut Ring, program: &Program, model: &Model) -> Result<bool, TestCaseError> {
    if push(ring, program).is_err() {
        return Ok(false);
    }
    let came = next(ring);
    let (_, value) = came.answer(AttributeId::ATOMS).expect("asked for");
    let head = AtomsValue::parse(value).expect("a value").head;
    prop_assert_eq!((head.steps, usize::from(head.last)), (model.steps, model.last));
    prop_assert!(head.steps <= BUDGET);
    let kept = model.kept.iter().enumerate().filter_map(|(index, kept)| kept.map(|kept| (index, kept)));
    let expected: Vec<_> =
        kept.map(|(at, (value, flags, runs))| (at, flags, runs, value.cast_signed())).collect();
    let found: Vec<_> = came
        .atoms()
        .into_iter()
        .map(|(at, flags, runs, value)| (usize::from(at), flags, runs, value))
        .collect();
    prop_assert_eq!(found, expected);
    prop_assert_eq!(came.data(), &model.area[..]);
    let last = model.kept[model.last].map_or(0, |(value, ..)| value.cast_signed());
    prop_assert_eq!(came.result, if model.is_spent { -i64::from(libc::ELOOP) } else { last });
    Ok(true)
}

/// SYSLET-18: a program that is accepted does what the model says, wherever it runs, and ends within its budget.
#[test]
fn programs_do_what_they_say() {
    let content = memfd_create(c"content", MFdFlags::MFD_CLOEXEC).unwrap();
    let mut content = std::fs::File::from(content);
    content.write_all(CONTENT).unwrap();
    let fd = content.as_raw_fd();
    let atoms = (2_u16..14).prop_flat_map(move |count| vec(atom(count, fd), usize::from(count)));
    let registers = proptest::array::uniform16(prop_oneof![0_u64..30, any::<u64>()]);
    let config = ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() };
    let (rings, accepted) = (RefCell::new([ring(0), ring(2), ring(2)]), Cell::new(0));
    let checked = TestRunner::new(config).run(&(atoms, registers), |(atoms, registers)| {
        let Some(program) = built(&atoms, CallFlags::NONE, &registers) else { return Ok(()) };
        let away = built(&atoms, CallFlags::ASYNC, &registers).expect("only its flags are others");
        let model = Model::run(&atoms, registers);
        let [alone, waiting, working] = &mut *rings.borrow_mut();
        for (ring, program) in [(alone, &program), (waiting, &program), (working, &away)] {
            accepted.set(accepted.get() + u32::from(compare(ring, program, &model)?));
        }
        Ok(())
    });
    checked.unwrap();
    assert!(accepted.get() > 300, "{} of 3000 accepted", accepted.get());
}
