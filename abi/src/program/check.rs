//! The structure of one atom of a program, by itself. The check of the whole program calls it for each.

use super::atom::field as atom_field;
use super::{Atom, AtomFlags, Operand, StepOp, Target, Test, Width};
use crate::argument::{ARGS_MAX, ArgKind, Inout, Offset, REGISTERS_MAX};
use crate::attribute::{self, ATTRIBUTE_HEADER_BYTES, ATTRIBUTES_MAX, AttributeId};
use crate::refusal::{Fault, Refusal};
use crate::submission::{CALL_ARGS_OFFSET, CALL_BYTES_MIN, NR_OFFSET};
use crate::word::{FLAGS_OFFSET, KIND_OFFSET, Kind, LEN_OFFSET, RecordWord};

/// The lengths of the areas that all atoms share.
pub(super) struct Areas {
    pub(super) data: u64,
    pub(super) out: u64,
}

/// The atom at `at`, if its fields, arguments and attributes lie inside the record.
pub(super) fn framed(record: &[u8], at: usize) -> Result<Atom<'_>, Fault> {
    if record.len() - at < CALL_BYTES_MIN {
        return Err(Refusal::ATOM_OVERRUN.at(at));
    }
    let word = RecordWord::at(&record[at..]);
    if !word.len.is_multiple_of(8) {
        return Err(Refusal::LENGTH_UNALIGNED.at(at + LEN_OFFSET));
    }
    if (word.len as usize) < CALL_BYTES_MIN || word.len as usize > record.len() - at {
        return Err(Refusal::ATOM_OVERRUN.at(at + LEN_OFFSET));
    }
    if !matches!(word.kind, Kind::CALL | Kind::STEP) {
        return Err(Refusal::ATOM_KIND.at(at + KIND_OFFSET));
    }
    Ok(Atom::at(record, at))
}

/// Checks one atom by itself. Offsets of faults count from its first byte.
pub(super) fn one(atom: &Atom<'_>, count: usize, areas: &Areas) -> Result<(), Fault> {
    if !atom.flags().unknown().is_empty() {
        return Err(Refusal::RESERVED_BIT.at(FLAGS_OFFSET));
    }
    let own = atom.own();
    if own.argc() > ARGS_MAX {
        return Err(Refusal::TOO_MANY_ARGUMENTS.at(atom_field::ARGC));
    }
    if own.attribute_count() > ATTRIBUTES_MAX {
        return Err(Refusal::TOO_MANY_ATTRIBUTES.at(atom_field::ATTR_COUNT));
    }
    let attributes_at = CALL_ARGS_OFFSET + 8 * own.argc();
    if attributes_at > atom.bytes().len() {
        return Err(Refusal::RECORD_SHORT.at(atom_field::ARGC));
    }
    if own.kinds().exceed(own.argc()) {
        return Err(Refusal::RESERVED_BIT.at(atom_field::KINDS));
    }
    attribute::check(atom.bytes(), attributes_at, own.attribute_count())?;
    if let Some(data) = own.asks().find(|ask| ask.id == AttributeId::DATA) {
        // All atoms share the DATA of the program.
        return Err(Refusal::ATTRIBUTE_DUPLICATE.at(data.payload_offset - ATTRIBUTE_HEADER_BYTES));
    }
    asked(atom, count)?;
    if atom.is_call() { arguments(atom, count, areas) } else { step(atom, count, areas) }
}

/// Checks the test that decides which atom is next.
fn asked(atom: &Atom<'_>, count: usize) -> Result<(), Fault> {
    if atom.test().0 > Test::LAST {
        return Err(Refusal::TEST_UNKNOWN.at(atom_field::TEST));
    }
    let operand = atom.operand();
    if !atom.test().has_operand() && operand != Operand::number(0) {
        return Err(Refusal::RESERVED_BIT.at(atom_field::OPERAND));
    }
    if atom.test() == Test::ERRNO && operand.kind != ArgKind::VALUE.0 {
        return Err(Refusal::TEST_UNKNOWN.at(atom_field::OPERAND_KIND));
    }
    number(operand, count).map_err(|refusal| match refusal {
        Refusal::ARGUMENT_KIND_UNKNOWN => refusal.at(atom_field::OPERAND_KIND),
        _ => refusal.at(atom_field::OPERAND),
    })
}

/// Checks an operand that must be a number, a result or a register.
fn number(operand: Operand, count: usize) -> Result<(), Refusal> {
    match ArgKind(operand.kind) {
        ArgKind::VALUE => Ok(()),
        ArgKind::RESULT if operand.value < count as u64 => Ok(()),
        ArgKind::RESULT => Err(Refusal::RESULT_UNKNOWN),
        ArgKind::REGISTER if operand.value < REGISTERS_MAX as u64 => Ok(()),
        ArgKind::REGISTER => Err(Refusal::REGISTER_UNKNOWN),
        _ => Err(Refusal::ARGUMENT_KIND_UNKNOWN),
    }
}

/// Checks an operand that must be a place in memory. The part of it that is known must lie inside.
fn place(operand: Operand, areas: &Areas) -> Result<(), Refusal> {
    let Offset { at, register, len } = Offset::unpack(operand.value);
    if register.is_some_and(|register| usize::from(register) >= REGISTERS_MAX) {
        return Err(Refusal::REGISTER_UNKNOWN);
    }
    let end = u64::from(at) + u64::from(len.unwrap_or(0));
    match ArgKind(operand.kind) {
        ArgKind::IN if end <= areas.data => Ok(()),
        ArgKind::IN => Err(Refusal::IN_OUTSIDE_DATA),
        ArgKind::OUT if end <= areas.out => Ok(()),
        ArgKind::OUT => Err(Refusal::OUT_OUTSIDE_AREA),
        _ => Err(Refusal::ARGUMENT_KIND_UNKNOWN),
    }
}

/// Checks the arguments of a call.
fn arguments(atom: &Atom<'_>, count: usize, areas: &Areas) -> Result<(), Fault> {
    for index in atom.kinds().not_values() {
        let operand = atom.value(index);
        let checked = match ArgKind(operand.kind) {
            ArgKind::RESULT | ArgKind::REGISTER => number(operand, count),
            ArgKind::IN | ArgKind::OUT => place(operand, areas),
            ArgKind::INOUT => {
                let Inout { out, data } = Inout::unpack(operand.value);
                place(Operand { kind: ArgKind::OUT.0, value: out.into() }, areas)
                    .and_then(|()| place(Operand { kind: ArgKind::IN.0, value: data.into() }, areas))
            }
            kind if kind.is_reserved() => Err(Refusal::ARGUMENT_KIND_NOT_YET),
            _ => Err(Refusal::ARGUMENT_KIND_UNKNOWN),
        };
        checked.map_err(|refusal| refusal.at(CALL_ARGS_OFFSET + 8 * index))?;
    }
    Ok(())
}

/// Checks the arguments of a step.
fn step(atom: &Atom<'_>, count: usize, areas: &Areas) -> Result<(), Fault> {
    let (op, own) = (atom.step(), atom.own());
    let is_plain = atom.flags().without(AtomFlags::FINALLY).is_empty() && own.attribute_count() == 0;
    if op.argc() != Some(own.argc()) || !is_plain {
        return Err(Refusal::STEP_UNKNOWN.at(NR_OFFSET));
    }
    for index in 0..own.argc() {
        let operand = atom.value(index);
        let checked = match (op, index) {
            (StepOp::SET | StepOp::ADD | StepOp::SUBTRACT | StepOp::LOAD, 0) => register(operand),
            (StepOp::LOAD, 1) => place(operand, areas),
            (StepOp::STORE, 0) if operand.kind == ArgKind::IN.0 => Err(Refusal::DIRECTION),
            (StepOp::STORE, 0) => place(operand, areas),
            (StepOp::LOAD, 2) | (StepOp::STORE, 1) => width(operand),
            (StepOp::TOGETHER, _) => fixed(operand),
            _ => number(operand, count),
        };
        checked.map_err(|refusal| refusal.at(CALL_ARGS_OFFSET + 8 * index))?;
    }
    Ok(())
}

fn register(operand: Operand) -> Result<(), Refusal> {
    fixed(operand)?;
    if operand.value < REGISTERS_MAX as u64 { Ok(()) } else { Err(Refusal::REGISTER_UNKNOWN) }
}

fn width(operand: Operand) -> Result<(), Refusal> {
    fixed(operand)?;
    Width(operand.value).bytes().map(drop).ok_or(Refusal::STEP_UNKNOWN)
}

fn fixed(operand: Operand) -> Result<(), Refusal> {
    if operand.kind == ArgKind::VALUE.0 { Ok(()) } else { Err(Refusal::ARGUMENT_KIND_UNKNOWN) }
}

/// The number of atoms in the parallel group that this atom begins, of the `left` behind it.
pub(super) fn group(atom: &Atom<'_>, left: usize) -> Result<usize, Fault> {
    if atom.flags().contains(AtomFlags::FINALLY) {
        return Err(Refusal::GROUP.at(FLAGS_OFFSET));
    }
    let members = usize::try_from(atom.raw_arg(0)).ok().filter(|members| (1..=left).contains(members));
    let members = members.ok_or(Refusal::GROUP.at(CALL_ARGS_OFFSET))?;
    if atom.raw_arg(1) <= members as u64 { Ok(members) } else { Err(Refusal::GROUP.at(CALL_ARGS_OFFSET + 8)) }
}

/// Checks one member of a parallel group.
pub(super) fn member(atom: &Atom<'_>, is_finally: bool) -> Result<(), Fault> {
    if is_finally {
        return Err(Refusal::GROUP.at(FLAGS_OFFSET));
    }
    if !atom.is_call() {
        return Err(Refusal::GROUP.at(KIND_OFFSET));
    }
    if atom.test() != Test::ALWAYS {
        return Err(Refusal::GROUP.at(atom_field::TEST));
    }
    if atom.then() == Target::NEXT { Ok(()) } else { Err(Refusal::GROUP.at(atom_field::THEN)) }
}
