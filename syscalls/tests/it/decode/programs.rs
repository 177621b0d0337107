//! Programs of calls: what is not known before they run has the name of where it comes from.

use syslet_abi::{
    ArgKind, ArgKinds, AskRepr, AtomFlags, AtomRepr, AttributeFlags, AttributeId, CallFlags, DoneFlags,
    Inout, Operand, Program, ProgramRepr, RawResult, Refusal, StepOp, Target, Test,
};
use syslet_syscalls::decode::{Answer, Decoder};
use syslet_syscalls::row_by_name;

const fn v(value: i64) -> (ArgKind, u64) {
    (ArgKind::VALUE, value.cast_unsigned())
}

const fn result(atom: u64) -> (ArgKind, u64) {
    (ArgKind::RESULT, atom)
}

const fn register(register: u64) -> (ArgKind, u64) {
    (ArgKind::REGISTER, register)
}

const fn input(at: u64) -> (ArgKind, u64) {
    (ArgKind::IN, at)
}

const fn out(at: u64) -> (ArgKind, u64) {
    (ArgKind::OUT, at)
}

/// An offset with a register added.
const fn plus((kind, at): (ArgKind, u64), register: u64) -> (ArgKind, u64) {
    (kind, at | (register + 1) << 32)
}

/// An offset to which so many bytes belong.
const fn part((kind, at): (ArgKind, u64), len: u64) -> (ArgKind, u64) {
    (kind, at | (len + 1) << 37)
}

/// An atom and its arguments.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    args: Vec<u64>,
    atom: AtomRepr<'static>,
}

fn line(atom: AtomRepr<'static>, args: &[(ArgKind, u64)]) -> Line {
    let kinds = args.iter().enumerate();
    let kinds = kinds.fold(ArgKinds(0), |kinds, (index, (kind, _))| kinds.with(index, *kind));
    Line { args: args.iter().map(|(_, value)| *value).collect(), atom: AtomRepr { kinds, ..atom } }
}

pub(crate) fn call(name: &str, args: &[(ArgKind, u64)]) -> Line {
    let row = row_by_name(name).unwrap_or_else(|| panic!("{name} has no row"));
    let nr = row.numbers.here().unwrap_or_else(|| panic!("{name} has no number here"));
    line(AtomRepr::call(nr.into()), args)
}

fn step(op: StepOp, args: &[(ArgKind, u64)]) -> Line {
    line(AtomRepr::step(op), args)
}

impl Line {
    fn asks(mut self, test: Test, then: Target, otherwise: Target) -> Line {
        self.atom = AtomRepr { test, then, otherwise, ..self.atom };
        self
    }

    fn with(mut self, operand: (ArgKind, u64)) -> Line {
        self.atom.operand = Operand { kind: operand.0.0, value: operand.1 };
        self
    }

    fn finally(mut self) -> Line {
        self.atom.flags = AtomFlags::FINALLY;
        self
    }
}

/// The record of these atoms, with 64 bytes of out area.
pub(crate) fn program(registers: &[u64], data: &[u8], lines: &[Line]) -> Vec<u8> {
    let atoms: Vec<AtomRepr<'_>> =
        lines.iter().map(|line| AtomRepr { args: &line.args, ..line.atom }).collect();
    let ask = AskRepr { id: AttributeId::DATA, flags: AttributeFlags::NONE, payload: data };
    let repr = ProgramRepr {
        flags: CallFlags::NONE,
        user_data: 0,
        registers,
        budget: 100,
        out_len: 64,
        scratch_len: 0,
        attributes: if data.is_empty() { &[] } else { std::slice::from_ref(&ask) },
        atoms: &atoms,
    };
    let mut record = vec![0; repr.len_bytes()];
    repr.emit(&mut record);
    record
}

fn shown(lines: &[Line]) -> String {
    Decoder::default().record(&program(&[], b"name\0", lines))
}

/// A program with a call, a step, a loop and a way out.
pub(crate) fn copying() -> Vec<u8> {
    program(
        &[5, u64::MAX],
        b"/etc/passwd\0",
        &[
            call("openat", &[v(-100), input(0), v(0)]).asks(Test::ERROR, Target::STOP, Target::NEXT),
            call("read", &[result(0), out(0), v(64)]).asks(Test::NON_POSITIVE, Target::STOP, Target::NEXT),
            call("write", &[register(0), plus(out(8), 1), result(1)]),
            step(StepOp::ADD, &[v(1), result(2)]).asks(Test::ALWAYS, Target(1), Target::NEXT),
            call("close", &[result(0)]).finally(),
        ],
    )
}

/// DECODE-20, DECODE-21: a program is its atoms in order, and names what is not known yet by where it comes from.
#[test]
fn programs() {
    let line = "syslet(r0=5, r1=-1) { 0: openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY), if error stop; \
        1: read(#0, out@0, 64), if <= 0 stop; 2: write(r0, out@8+r1, #1); 3: r1 += #2, to 1; \
        4: finally close(#0) }";
    assert_eq!(Decoder::default().record(&copying()), line);
    let atoms = Decoder::default().atoms(&copying()).unwrap();
    assert_eq!((atoms.len(), &*atoms[4]), (5, "4: finally close(#0)"));
    assert_eq!(Decoder::default().atoms(&copying()[..24]), None);
}

/// DECODE-21: memory is what stands in DATA where that is known, and else the place.
#[test]
fn arguments() {
    let inout = (ArgKind::INOUT, Inout { out: 16, data: 0 }.pack());
    for (atom, expected) in [
        (call("chdir", &[input(0)]), r#"chdir("name")"#),
        (call("chdir", &[plus(input(0), 15)]), "chdir(in@0+r15)"),
        (call("chdir", &[part(input(0), 2)]), "chdir(in@0..2)"),
        (call("getcwd", &[part(out(8), 16), v(16)]), "getcwd(out@8..24, 16)"),
        (call("getcwd", &[plus(part(out(8), 16), 2), result(0)]), "getcwd(out@8+r2..24, #0)"),
        (call("chdir", &[input(9)]), "chdir(in@9)"),
        (call("chdir", &[out(8)]), "chdir(out@8)"),
        (call("chdir", &[register(99)]), "chdir(r99)"),
        (call("write", &[v(1), input(0), result(0)]), r#"write(1, "name\0"..., #0)"#),
        (call("write", &[v(1), input(0), v(4)]), r#"write(1, "name", 4)"#),
        (call("fstat", &[result(300), out(0)]), "fstat(#300, out@0)"),
        (call("accept", &[v(3), v(0), inout]), "accept(3, NULL, [1701667182] => out@16)"),
        (call("close", &[v(3), result(0)]), "close(3, #0)"),
        // What decides the meaning of the third is not known.
        (call("fcntl", &[v(3), v(4), v(2048)]), "fcntl(3, F_SETFL, O_RDONLY|O_NONBLOCK)"),
        (call("fcntl", &[v(3), register(4), v(2048)]), "fcntl(3, r4, 0x800)"),
    ] {
        assert_eq!(shown(&[atom]), format!("syslet {{ 0: {expected} }}"));
    }
    let vector: Vec<u8> = [8_u64, 16].into_iter().flat_map(u64::to_ne_bytes).collect();
    let readv = program(&[], &vector, &[call("readv", &[result(0), input(0), v(1)])]);
    assert_eq!(
        Decoder::default().record(&readv),
        "syslet { 0: readv(#0, [{iov_base=out@8, iov_len=16}], 1) }"
    );
}

/// DECODE-22: steps are what they do.
#[test]
fn steps() {
    for (op, args, expected) in [
        (StepOp::SET, &[v(1), v(-5)][..], "r1 = -5"),
        (StepOp::ADD, &[v(0), register(15)], "r0 += r15"),
        (StepOp::SUBTRACT, &[v(0), result(2)], "r0 -= #2"),
        (StepOp::COMPARE, &[result(7)], "#7"),
        (StepOp::JUMP, &[], "jump"),
        (StepOp::LOAD, &[v(4), input(16), v(0x82)], "r4 = i16 at in@16"),
        (StepOp::LOAD, &[v(4), plus(out(8), 0), v(8)], "r4 = u64 at out@8+r0"),
        (StepOp::STORE, &[out(4), v(1), result(3)], "u8 at out@4 = #3"),
        (StepOp::TOGETHER, &[v(3), v(1)], "together(3, 1)"),
        (StepOp::LOAD, &[v(4), input(16), v(3)], "r4 = width 0x3 at in@16"),
        (StepOp(99), &[v(1)], "step_0x63(...)"),
    ] {
        assert_eq!(shown(&[step(op, args)]), format!("syslet {{ 0: {expected} }}"));
    }
}

/// DECODE-23: what a value is asked, and where that leads.
#[test]
fn tests_and_targets() {
    let (next, stop, to) = (Target::NEXT, Target::STOP, Target(3));
    let jump = |test, then, otherwise| step(StepOp::JUMP, &[]).asks(test, then, otherwise);
    let errnos = v(Test::errnos(&[2, 17, 4000]).unwrap().cast_signed());
    for (atom, expected) in [
        (jump(Test::ALWAYS, stop, next), "jump stop"),
        (jump(Test::ALWAYS, to, next), "jump to 3"),
        (jump(Test::ZERO, next, next), "jump if == 0 next"),
        (jump(Test::NON_ZERO, to, next), "jump if != 0 to 3"),
        (jump(Test::NEGATIVE, next, stop), "jump unless < 0 stop"),
        (jump(Test::NON_POSITIVE, stop, to), "jump if <= 0 stop else to 3"),
        (jump(Test::EQUAL, stop, next).with(v(-1)), "jump if == -1 stop"),
        (jump(Test::LESS, stop, next).with(register(2)), "jump if < r2 stop"),
        (jump(Test::GREATER, stop, next).with(result(0)), "jump if > #0 stop"),
        (jump(Test::MASK, stop, next).with(v(0x4000)), "jump if & 0x4000 stop"),
        (jump(Test::MASK, stop, next).with(register(0)), "jump if & r0 stop"),
        (jump(Test::ERRNO, stop, next).with(errnos), "jump if ENOENT|EEXIST|errno 4000 stop"),
        (jump(Test::ERRNO, stop, next), "jump if never stop"),
        (jump(Test(77), stop, next), "jump if test_77 stop"),
    ] {
        assert_eq!(shown(&[atom]), format!("syslet {{ 0: {expected} }}"));
    }
}

/// DECODE-24: the result of a program is a number of which nothing else is known, or an error.
#[test]
fn results() {
    let program = program(&[], b"", &[call("getpid", &[])]);
    let answered = |result: i64, flags: DoneFlags| {
        let answer = Answer { result: RawResult(result), flags, data: None };
        Decoder::default().answered(&program, &answer)
    };
    assert_eq!(answered(7, DoneFlags::NONE), "syslet { 0: getpid() } = 7");
    assert_eq!(
        answered(-40, DoneFlags::ENGINE_RESULT),
        "syslet { 0: getpid() } = -1 ELOOP (Too many levels of symbolic links) (by the engine)"
    );
    assert_eq!(
        answered(1, DoneFlags::FINALLY_FAILED),
        "syslet { 0: getpid() } = 1 (a call of the way out failed)"
    );
}

/// DECODE-25: a refusal names the atom, and its argument or field.
#[test]
fn places() {
    let record = copying();
    let offsets: Vec<usize> = Program::admitted(&record).atoms().map(|atom| atom.offset()).collect();
    let place = |at: usize| Decoder::default().place_of(&record, &Refusal::TARGET.at(at));
    assert_eq!(place(offsets[0] + 40).as_deref(), Some("atom 0, argument 2, filename"));
    assert_eq!(place(offsets[3] + 32).as_deref(), Some("atom 3, argument 1, register"));
    assert_eq!(place(offsets[3] + 28).as_deref(), Some("atom 3, then"));
    assert_eq!(place(offsets[4] + 6).as_deref(), Some("atom 4, record"));
    assert_eq!(place(offsets[2]).as_deref(), Some("atom 2, record"));
    assert_eq!(place(24), None);
    assert_eq!(place(record.len()), None);
    let mut refused = record.clone();
    refused[offsets[1] + 20] = 7;
    assert_eq!(
        Decoder::default().refused(&refused, &Refusal::TOO_MANY_ARGUMENTS.at(offsets[1] + 20)),
        "syslet(r0=5, r1=-1) { 0: openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY), if error stop; 1: ...; \
         2: write(r0, out@8+r1, #1); 3: r1 += #2, to 1; 4: finally close(#0) } \
         refused: a call has at most 6 arguments (atom 1, argc)"
    );
    assert_eq!(Decoder::default().record(&record[..24]), "syslet {...}");
}
