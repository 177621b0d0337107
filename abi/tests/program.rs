//! What a program holds, and what its structure is refused for; `program_hostile` has the bytes nobody would write.

use syslet_abi::{
    ArgKind, ArgKinds, AskRepr, AtomFlags, AtomRepr, AttributeFlags, AttributeId, CallFlags, Inout, Kind,
    Limits, Offset, Operand, Program, ProgramRepr, Refusal, StepOp, Target, Test, Width,
};

use crate::sample::{LIMITS, OWN, poked, with_own_len};

const DATA: AskRepr<'static> =
    AskRepr { id: AttributeId::DATA, flags: AttributeFlags::NONE, payload: b"sixteen bytes in" };
const TRACE: AskRepr<'static> =
    AskRepr { id: AttributeId::TRACE, flags: AttributeFlags::REQUIRED, payload: b"8 bytes!" };
const PADDED: AskRepr<'static> = AskRepr { id: OWN, flags: AttributeFlags::NONE, payload: b"own" };
const GETPPID: AtomRepr<'static> = AtomRepr::call(110);
/// Offset of the first atom of [`emitted`].
const FIRST: usize = 32 + 8 + 24;

fn step(op: StepOp, kinds: ArgKinds, args: &[u64]) -> AtomRepr<'_> {
    AtomRepr { kinds, args, ..AtomRepr::step(op) }
}

fn repr<'a>(atoms: &'a [AtomRepr<'a>]) -> ProgramRepr<'a> {
    ProgramRepr {
        flags: CallFlags::NONE,
        user_data: 7,
        registers: &[5],
        budget: 9,
        out_len: 64,
        scratch_len: 8,
        attributes: &[DATA],
        atoms,
    }
}

pub(crate) fn bytes(program: &ProgramRepr<'_>) -> Vec<u8> {
    let mut record = vec![0xa5; program.len_bytes()];
    assert_eq!(program.emit(&mut record), record.len());
    record
}

fn emitted(atoms: &[AtomRepr<'_>]) -> Vec<u8> {
    bytes(&repr(atoms))
}

fn refusal(record: &[u8]) -> (Refusal, usize) {
    let fault = Program::check(record, &LIMITS).expect_err("the record is accepted");
    (fault.refusal, fault.at as usize)
}

/// A program with an atom of every sort.
pub(crate) fn rich() -> Vec<u8> {
    let kinds = ArgKinds(0).with(0, ArgKind::RESULT).with(1, ArgKind::OUT).with(2, ArgKind::REGISTER);
    let places = ArgKinds(0).with(1, ArgKind::IN);
    let store = ArgKinds(0).with(0, ArgKind::OUT).with(2, ArgKind::RESULT);
    let errnos = Operand::number(Test::errnos(&[2, 17]).expect("two of four"));
    emitted(&[
        AtomRepr { test: Test::ERROR, then: Target::STOP, attributes: &[TRACE, PADDED], ..GETPPID },
        AtomRepr {
            kinds,
            args: &[0, 64 | 1 << 32, 15],
            test: Test::LESS,
            operand: Operand::register(3),
            then: Target(0),
            otherwise: Target(4),
            flags: AtomFlags::STORAGE,
            ..GETPPID
        },
        step(StepOp::LOAD, places, &[4, 16, 2 | Width::SIGNED]),
        AtomRepr {
            test: Test::ERRNO,
            operand: errnos,
            then: Target(2),
            ..step(StepOp::STORE, store, &[0, 8, 2])
        },
        step(StepOp::TOGETHER, ArgKinds(0), &[2, 1]),
        GETPPID,
        GETPPID,
        AtomRepr { flags: AtomFlags::FINALLY, then: Target(8), ..GETPPID },
        AtomRepr { flags: AtomFlags::FINALLY, ..AtomRepr::step(StepOp::JUMP) },
    ])
}

/// ABI-92: a program holds what was written.
#[test]
fn a_program_holds_what_was_written() {
    let record = rich();
    let program = Program::check(&record, &LIMITS).unwrap();
    assert_eq!((program.user_data(), program.flags(), program.budget()), (7, CallFlags::NONE, 9));
    assert_eq!((program.out_len(), program.scratch_len(), program.area_len()), (64, 8, 72));
    assert_eq!((program.register_count(), program.registers()[..2].to_vec()), (1, vec![5, 0]));
    assert_eq!(program.head().data(), b"sixteen bytes in");
    assert_eq!(&record[program.data_range()], b"sixteen bytes in");
    let atoms: Vec<_> = program.atoms().collect();
    assert_eq!((atoms.len(), program.atom_count(), atoms[0].offset()), (9, 9, FIRST));
    assert_eq!(
        (atoms[0].test(), atoms[0].then(), atoms[0].otherwise()),
        (Test::ERROR, Target::STOP, Target::NEXT)
    );
    assert_eq!(
        atoms[0].own().asks().next().map(|ask| (ask.id, ask.payload)),
        Some((AttributeId::TRACE, &b"8 bytes!"[..]))
    );
    assert_eq!(
        (atoms[1].operand(), atoms[1].then(), atoms[1].otherwise()),
        (Operand::register(3), Target(0), Target(4))
    );
    assert_eq!((atoms[1].value(0), atoms[1].value(2)), (Operand::result(0), Operand::register(15)));
    assert!(atoms[1].is_call() && atoms[1].flags().contains(AtomFlags::STORAGE));
    assert_eq!((atoms[2].step(), atoms[2].raw_arg(2)), (StepOp::LOAD, 2 | Width::SIGNED));
    assert_eq!(atoms[1].call(b"data", 3).data(), b"data");
    assert_eq!(atoms[1].call(b"data", 3).out_len(), 3);
    assert!(atoms[8].flags().contains(AtomFlags::FINALLY));
    assert_eq!(program.atom_at(atoms[4].offset()).step(), StepOp::TOGETHER);
}

/// ABI-80: the frame of a program is held to what frames are held to.
#[test]
fn frames_are_checked() {
    let record = emitted(&[GETPPID]);
    assert_eq!(refusal(&record[..4]), (Refusal::RECORD_SHORT, 0));
    assert_eq!(refusal(&poked(&record, 4, &Kind::CALL.0.to_ne_bytes())), (Refusal::UNKNOWN_KIND, 4));
    assert_eq!(refusal(&poked(&record, 0, &3_u32.to_ne_bytes())), (Refusal::LENGTH_UNALIGNED, 0));
    assert_eq!(refusal(&poked(&record, 0, &8_u32.to_ne_bytes())), (Refusal::LENGTH_MISMATCH, 0));
    assert_eq!(refusal(&with_own_len(record[..24].to_vec())), (Refusal::RECORD_SHORT, 0));
    let limits = Limits { record_bytes_max: record.len() - 8, ..LIMITS };
    assert_eq!(Program::check(&record, &limits).unwrap_err(), Refusal::TOO_LARGE.at(0));
}

/// ABI-81: flags that a program cannot have are refused, and those that exclude each other.
#[test]
fn flags_are_checked() {
    let record = emitted(&[GETPPID]);
    for bit in 0..16 {
        let flag = CallFlags(1 << bit);
        let is_known =
            [CallFlags::ASYNC, CallFlags::SYNC, CallFlags::PRIVATE, CallFlags::NO_COMPLETE].contains(&flag);
        let checked = Program::check(&poked(&record, 6, &flag.0.to_ne_bytes()), &LIMITS)
            .map(|program| program.flags().0);
        assert_eq!(
            checked.map_err(|fault| fault.refusal),
            if is_known { Ok(flag.0) } else { Err(Refusal::RESERVED_BIT) }
        );
    }
    for flags in [3_u16, 10] {
        assert_eq!(refusal(&poked(&record, 6, &flags.to_ne_bytes())), (Refusal::FLAGS_CONTRADICT, 6));
    }
}

/// ABI-82, ABI-83, ABI-84: the header's fields have limits, and its attributes their rules.
#[test]
fn the_header_is_checked() {
    let record = emitted(&[GETPPID]);
    let poke = |at: usize, bytes: &[u8]| refusal(&poked(&record, at, bytes));
    assert_eq!(poke(19, &[0]), (Refusal::RESERVED_BIT, 16));
    assert_eq!(poke(16, &(1_u32 << 31 | 0x10_0001).to_ne_bytes()), (Refusal::TOO_LARGE, 16));
    let vast = bytes(&ProgramRepr { scratch_len: 1 << 31 | 8, ..repr(&[GETPPID]) });
    assert_eq!(refusal(&vast), (Refusal::TOO_LARGE, 16));
    assert_eq!(poke(20, &[17]), (Refusal::REGISTER_UNKNOWN, 20));
    assert_eq!(poke(20, &[16]), (Refusal::RECORD_SHORT, 20));
    assert_eq!(poke(21, &[17]), (Refusal::TOO_MANY_ATTRIBUTES, 21));
    assert_eq!(poke(22, &[0, 0]), (Refusal::ATOM_COUNT, 22));
    assert_eq!(poke(22, &257_u16.to_ne_bytes()), (Refusal::ATOM_COUNT, 22));
    assert_eq!(poke(24, &[0; 4]), (Refusal::BUDGET, 24));
    assert_eq!(poke(28, &65_537_u32.to_ne_bytes()), (Refusal::TOO_LARGE, 28));
    assert_eq!(poke(40, &[0, 0]), (Refusal::ATTRIBUTE_ID_ZERO, 40));
    let finally = AtomRepr { flags: AtomFlags::FINALLY, ..GETPPID };
    assert_eq!(refusal(&emitted(&[finally])), (Refusal::ATOM_COUNT, FIRST + 6));
    assert_eq!(refusal(&emitted(&[GETPPID, finally, GETPPID])), (Refusal::ATOM_COUNT, FIRST + 70));
    assert!(Program::check(&emitted(&[GETPPID, finally, finally]), &LIMITS).is_ok());
}

/// ABI-85, ABI-86: atoms fill the record; each has the fields, arguments and attributes that it says it has.
#[test]
fn atoms_are_framed() {
    let record = emitted(&[GETPPID, GETPPID]);
    let poke = |at: usize, bytes: &[u8]| refusal(&poked(&record, FIRST + at, bytes));
    assert_eq!(poke(0, &36_u32.to_ne_bytes()), (Refusal::LENGTH_UNALIGNED, FIRST));
    assert_eq!(poke(0, &24_u32.to_ne_bytes()), (Refusal::ATOM_OVERRUN, FIRST));
    assert_eq!(poke(0, &96_u32.to_ne_bytes()), (Refusal::ATOM_OVERRUN, FIRST));
    assert_eq!(poke(4, &Kind::DONE.0.to_ne_bytes()), (Refusal::ATOM_KIND, FIRST + 4));
    assert_eq!(poke(6, &2_u16.to_ne_bytes()), (Refusal::RESERVED_BIT, FIRST + 6));
    assert_eq!(poke(20, &[7]), (Refusal::TOO_MANY_ARGUMENTS, FIRST + 20));
    assert_eq!(poke(20, &[6]), (Refusal::RECORD_SHORT, FIRST + 20));
    assert_eq!(poke(21, &[17]), (Refusal::TOO_MANY_ATTRIBUTES, FIRST + 21));
    assert_eq!(poke(24, &[1]), (Refusal::RESERVED_BIT, FIRST + 24));
    assert_eq!(refusal(&poked(&record, 22, &[1])), (Refusal::ATOM_OVERRUN, FIRST + 32));
    assert_eq!(refusal(&poked(&record, 22, &[3])), (Refusal::ATOM_OVERRUN, FIRST + 64));
    assert_eq!(
        refusal(&emitted(&[AtomRepr { attributes: &[DATA], ..GETPPID }])),
        (Refusal::ATTRIBUTE_DUPLICATE, FIRST + 32)
    );
}

/// ABI-87: tests are those that there are, with an operand where they have one.
#[test]
fn tests_are_checked() {
    let asks = |test, operand| AtomRepr { test, operand, ..GETPPID };
    for code in 0..=u8::MAX {
        let sound = Program::check(&emitted(&[asks(Test(code), Operand::number(0))]), &LIMITS).is_ok();
        assert_eq!(sound, code <= Test::ERROR.0, "{code}");
        let with_operand = Program::check(&emitted(&[asks(Test(code), Operand::number(1))]), &LIMITS).is_ok();
        assert_eq!(with_operand, sound && Test(code).has_operand(), "{code}");
    }
    assert_eq!(
        refusal(&emitted(&[asks(Test::ERRNO, Operand::register(0))])),
        (Refusal::TEST_UNKNOWN, FIRST + 23)
    );
    let otherwise = AtomRepr { otherwise: Target::STOP, ..GETPPID };
    assert_eq!(refusal(&emitted(&[otherwise])), (Refusal::RESERVED_BIT, FIRST + 30));
}

/// ABI-88: numbers name atoms and registers that there are, places lie in their areas.
#[test]
fn what_is_named_is_there() {
    let with = |kind: ArgKind, arg: u64| {
        let kinds = ArgKinds(0).with(0, kind);
        let record = emitted(&[AtomRepr { kinds, args: &[arg], ..GETPPID }]);
        Program::check(&record, &LIMITS)
            .map(drop)
            .map_err(|fault| (fault.refusal, fault.at as usize - FIRST - 32))
    };
    assert_eq!(with(ArgKind::RESULT, 0), Ok(()));
    assert_eq!(with(ArgKind::RESULT, 1), Err((Refusal::RESULT_UNKNOWN, 0)));
    assert_eq!(with(ArgKind::REGISTER, 15), Ok(()));
    assert_eq!(with(ArgKind::REGISTER, 16), Err((Refusal::REGISTER_UNKNOWN, 0)));
    assert_eq!(with(ArgKind::IN, 16), Ok(()));
    assert_eq!(with(ArgKind::IN, 17), Err((Refusal::IN_OUTSIDE_DATA, 0)));
    assert_eq!(with(ArgKind::OUT, 72 | 16 << 32), Ok(()));
    assert_eq!(with(ArgKind::OUT, 73), Err((Refusal::OUT_OUTSIDE_AREA, 0)));
    assert_eq!(with(ArgKind::OUT, 17 << 32), Err((Refusal::REGISTER_UNKNOWN, 0)));
    let part = |at, len| Offset { at, register: Some(15), len: Some(len) }.pack();
    assert_eq!(with(ArgKind::OUT, part(64, 8)), Ok(()));
    assert_eq!(with(ArgKind::OUT, part(64, 9)), Err((Refusal::OUT_OUTSIDE_AREA, 0)));
    assert_eq!(with(ArgKind::OUT, part(u32::MAX, Offset::LEN_MAX)), Err((Refusal::OUT_OUTSIDE_AREA, 0)));
    assert_eq!(with(ArgKind::IN, part(16, 0)), Ok(()));
    assert_eq!(with(ArgKind::IN, part(15, 2)), Err((Refusal::IN_OUTSIDE_DATA, 0)));
    assert_eq!(with(ArgKind::INOUT, Inout { out: 72, data: 16 }.pack()), Ok(()));
    assert_eq!(with(ArgKind::INOUT, Inout { out: 73, data: 16 }.pack()), Err((Refusal::OUT_OUTSIDE_AREA, 0)));
    assert_eq!(with(ArgKind::INOUT, Inout { out: 72, data: 17 }.pack()), Err((Refusal::IN_OUTSIDE_DATA, 0)));
    assert_eq!(with(ArgKind::HANDLE, 0), Err((Refusal::ARGUMENT_KIND_NOT_YET, 0)));
    assert_eq!(with(ArgKind(9), 0), Err((Refusal::ARGUMENT_KIND_UNKNOWN, 0)));
    let compares = |operand| AtomRepr { test: Test::EQUAL, operand, ..GETPPID };
    assert_eq!(refusal(&emitted(&[compares(Operand::result(1))])), (Refusal::RESULT_UNKNOWN, FIRST + 8));
    assert_eq!(refusal(&emitted(&[compares(Operand::register(16))])), (Refusal::REGISTER_UNKNOWN, FIRST + 8));
    assert_eq!(
        refusal(&emitted(&[compares(Operand { kind: 1, value: 0 })])),
        (Refusal::ARGUMENT_KIND_UNKNOWN, FIRST + 23)
    );
}

/// ABI-94: a place says its offset, its register and its length, each of them or none.
#[test]
fn places_hold_what_was_written() {
    let cases = [
        (Offset { at: 7, register: None, len: None }, 7),
        (Offset { at: u32::MAX, register: Some(0), len: None }, 1 << 32 | 0xffff_ffff),
        (Offset { at: 0, register: Some(15), len: None }, 16 << 32),
        (Offset { at: 0, register: None, len: Some(0) }, 1 << 37),
        (Offset { at: 8, register: Some(2), len: Some(64) }, 65 << 37 | 3 << 32 | 8),
        (Offset { at: 0, register: None, len: Some(Offset::LEN_MAX) }, 0x7ff_ffff << 37),
    ];
    for (place, word) in cases {
        assert_eq!((place.pack(), Offset::unpack(word)), (word, place));
    }
}

/// ABI-89: steps are those that there are, with their arguments and nothing else.
#[test]
fn steps_are_checked() {
    let place = ArgKinds(0).with(0, ArgKind::OUT);
    let from = ArgKinds(0).with(1, ArgKind::IN);
    for op in 0..=20 {
        for argc in 0..=6 {
            let kinds = match StepOp(op) {
                StepOp::STORE if argc > 0 => place,
                StepOp::LOAD if argc > 1 => from,
                _ => ArgKinds(0),
            };
            let record = emitted(&[step(StepOp(op), kinds, &[1; 6][..argc]), GETPPID]);
            let sound = Program::check(&record, &LIMITS).is_ok();
            assert_eq!(sound, StepOp(op).argc() == Some(argc), "step {op} with {argc}");
        }
    }
    let add = step(StepOp::ADD, ArgKinds(0), &[16, 1]);
    assert_eq!(refusal(&emitted(&[add])), (Refusal::REGISTER_UNKNOWN, FIRST + 32));
    let store = step(StepOp::STORE, ArgKinds(0).with(0, ArgKind::IN), &[0, 1, 1]);
    assert_eq!(refusal(&emitted(&[store])), (Refusal::DIRECTION, FIRST + 32));
    for width in 0..=256 {
        let load = emitted(&[step(StepOp::LOAD, from, &[0, 0, width])]);
        let sound = [1, 2, 4, 8, 0x81, 0x82, 0x84, 0x88].contains(&width);
        assert_eq!(Program::check(&load, &LIMITS).is_ok(), sound, "{width}");
    }
    let asked = AtomRepr { attributes: &[TRACE], ..AtomRepr::step(StepOp::JUMP) };
    assert_eq!(refusal(&emitted(&[asked])), (Refusal::STEP_UNKNOWN, FIRST + 16));
    let away = AtomRepr { flags: AtomFlags::ASYNC, ..AtomRepr::step(StepOp::JUMP) };
    assert_eq!(refusal(&emitted(&[away])), (Refusal::STEP_UNKNOWN, FIRST + 16));
}

/// ABI-90: the members of a group are there, are calls, and lead nowhere.
#[test]
fn groups_are_checked() {
    let head = step(StepOp::TOGETHER, ArgKinds(0), &[2, 0]);
    assert!(Program::check(&emitted(&[head, GETPPID, GETPPID]), &LIMITS).is_ok());
    let of =
        |calls, enough| emitted(&[step(StepOp::TOGETHER, ArgKinds(0), &[calls, enough]), GETPPID, GETPPID]);
    for (calls, enough, at) in [(0, 0, 0), (3, 0, 0), (u64::MAX, 0, 0), (1, 2, 8), (2, u64::MAX, 8)] {
        assert_eq!(refusal(&of(calls, enough)), (Refusal::GROUP, FIRST + 32 + at), "{calls}, {enough}");
    }
    let (first, second) = (FIRST + 48, FIRST + 80);
    let two = |one, other| refusal(&emitted(&[head, one, other]));
    assert_eq!(two(GETPPID, AtomRepr::step(StepOp::JUMP)), (Refusal::GROUP, second + 4));
    let asks = AtomRepr { test: Test::ZERO, ..GETPPID };
    assert_eq!(two(asks, GETPPID), (Refusal::GROUP, first + 22));
    let leads = AtomRepr { then: Target::STOP, ..GETPPID };
    assert_eq!(two(GETPPID, leads), (Refusal::GROUP, second + 28));
    let finally = |atom| AtomRepr { flags: AtomFlags::FINALLY, ..atom };
    assert_eq!(two(GETPPID, finally(GETPPID)), (Refusal::GROUP, second + 6));
    assert_eq!(
        refusal(&emitted(&[GETPPID, finally(head), finally(GETPPID), finally(GETPPID)])),
        (Refusal::GROUP, FIRST + 32 + 6)
    );
}

/// ABI-91: atoms lead to atoms of their own part, on the way out only forward, and never into a group.
#[test]
fn targets_are_checked() {
    let to = |target: u16| AtomRepr { then: Target(target), ..GETPPID };
    let finally = |atom| AtomRepr { flags: AtomFlags::FINALLY, ..atom };
    let program = |own: u16, out: u16| emitted(&[to(own), GETPPID, finally(to(out)), finally(GETPPID)]);
    for target in 0..6 {
        let main = Program::check(&program(target, 0xffff), &LIMITS).map(drop).map_err(|fault| fault.refusal);
        assert_eq!(main, if target < 2 { Ok(()) } else { Err(Refusal::TARGET) }, "{target}");
        let out = Program::check(&program(0xffff, target), &LIMITS).map(drop).map_err(|fault| fault.refusal);
        assert_eq!(out, if target == 3 { Ok(()) } else { Err(Refusal::TARGET) }, "{target}");
    }
    let head = step(StepOp::TOGETHER, ArgKinds(0), &[1, 0]);
    assert!(Program::check(&emitted(&[to(1), head, GETPPID]), &LIMITS).is_ok());
    assert_eq!(refusal(&emitted(&[to(2), head, GETPPID])), (Refusal::TARGET, FIRST + 28));
}
