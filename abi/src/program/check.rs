//! What the structure of a program is checked for, in this order: the header, each atom, then where they lead.

use super::atom::field as atom_field;
use super::{
    ATOMS_MAX, Atom, AtomFlags, Atoms, NO_CALL, Operand, Program, REGISTERS_MAX, SCRATCH_BYTES_MAX, StepOp,
    Target, Test, Width, field,
};
use crate::argument::{ArgKind, Inout, Offset};
use crate::attribute::{self, ATTRIBUTE_HEADER_BYTES, ATTRIBUTES_MAX, AttributeId};
use crate::bytes::{u16_at, u32_at};
use crate::refusal::{Fault, Refusal};
use crate::submission::{CALL_ARGS_OFFSET, CALL_BYTES_MIN, Limits, check as call};
use crate::word::{FLAGS_OFFSET, KIND_OFFSET, Kind, LEN_OFFSET, RecordWord};
use crate::{ARGS_MAX, CallFlags};

/// Checks the whole record.
pub(super) fn record(record: &[u8], limits: &Limits) -> Result<(), Fault> {
    call::frame(record, Kind::SYSLET, limits)?;
    let attributes_at = header(record, limits)?;
    let attr_count = usize::from(record[field::ATTR_COUNT]);
    let atoms_at = attribute::check_some(record, attributes_at, attr_count)?;
    let program = Program { record };
    let areas = Areas { data: program.head().data().len() as u64, out: program.area_len() as u64 };
    let parts = walk(record, atoms_at, &areas)?;
    let atoms = Atoms { record, at: atoms_at, left: parts.count };
    for (index, atom) in atoms.enumerate() {
        leads(&atom, index, &parts)?;
    }
    Ok(())
}

/// Checks the fields in front; gives where the attributes begin.
fn header(record: &[u8], limits: &Limits) -> Result<usize, Fault> {
    let flags = u16_at(record, FLAGS_OFFSET);
    if flags & !PROGRAM_FLAGS != 0 {
        return Err(Refusal::RESERVED_BIT.at(FLAGS_OFFSET));
    }
    call::flags_agree(CallFlags(flags))?;
    let scratch = u32_at(record, field::SCRATCH);
    if scratch & NO_CALL == 0 {
        return Err(Refusal::RESERVED_BIT.at(field::SCRATCH));
    }
    if (scratch & !NO_CALL) as usize > SCRATCH_BYTES_MAX {
        return Err(Refusal::TOO_LARGE.at(field::SCRATCH));
    }
    let registers = usize::from(record[field::REGISTER_COUNT]);
    if registers > REGISTERS_MAX {
        return Err(Refusal::REGISTER_UNKNOWN.at(field::REGISTER_COUNT));
    }
    if usize::from(record[field::ATTR_COUNT]) > ATTRIBUTES_MAX {
        return Err(Refusal::TOO_MANY_ATTRIBUTES.at(field::ATTR_COUNT));
    }
    if !(1..=ATOMS_MAX).contains(&usize::from(u16_at(record, field::ATOM_COUNT))) {
        return Err(Refusal::ATOM_COUNT.at(field::ATOM_COUNT));
    }
    if u32_at(record, field::BUDGET) == 0 {
        return Err(Refusal::BUDGET.at(field::BUDGET));
    }
    if u32_at(record, field::OUT_LEN) as usize > limits.out_bytes_max {
        return Err(Refusal::TOO_LARGE.at(field::OUT_LEN));
    }
    let attributes_at = field::REGISTERS + 8 * registers;
    if attributes_at > record.len() {
        return Err(Refusal::RECORD_SHORT.at(field::REGISTER_COUNT));
    }
    Ok(attributes_at)
}

/// ASYNC, SYNC, PRIVATE and NO_COMPLETE.
const PROGRAM_FLAGS: u16 =
    CallFlags::ASYNC.0 | CallFlags::SYNC.0 | CallFlags::PRIVATE.0 | CallFlags::NO_COMPLETE.0;

/// How long the areas are that all atoms share.
struct Areas {
    data: u64,
    out: u64,
}

/// Which atoms belong together.
struct Parts {
    count: usize,
    /// The first atom of the way out; `count` if there is none.
    finally: usize,
    /// The atoms that run side by side with others: a bit each.
    members: [u64; ATOMS_MAX / 64],
}

impl Parts {
    fn is_member(&self, atom: usize) -> bool {
        self.members[atom / 64] & 1 << (atom % 64) != 0
    }
}

/// Checks every atom by itself, and that they fill the record.
fn walk(record: &[u8], atoms_at: usize, areas: &Areas) -> Result<Parts, Fault> {
    let count = usize::from(u16_at(record, field::ATOM_COUNT));
    let mut parts = Parts { count, finally: count, members: [0; ATOMS_MAX / 64] };
    let (mut at, mut members_left) = (atoms_at, 0);
    for index in 0..count {
        let atom = framed(record, at)?;
        one(&atom, count, areas).map_err(|fault| fault.behind(at))?;
        let is_finally = atom.flags().contains(AtomFlags::FINALLY);
        if is_finally && parts.finally == count {
            parts.finally = index;
        }
        if is_finally != (index >= parts.finally) || parts.finally == 0 {
            return Err(Refusal::ATOM_COUNT.at(at + FLAGS_OFFSET));
        }
        if members_left > 0 {
            member(&atom, is_finally).map_err(|fault| fault.behind(at))?;
            parts.members[index / 64] |= 1 << (index % 64);
            members_left -= 1;
        } else if !atom.is_call() && atom.step() == StepOp::TOGETHER {
            members_left = group(&atom, count - index - 1).map_err(|fault| fault.behind(at))?;
        }
        at += atom.len();
    }
    if at == record.len() { Ok(parts) } else { Err(Refusal::ATOM_OVERRUN.at(at)) }
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

/// Checks one atom by itself. Faults are counted from its first byte.
fn one(atom: &Atom<'_>, count: usize, areas: &Areas) -> Result<(), Fault> {
    if !atom.flags().unknown().is_empty() {
        return Err(Refusal::RESERVED_BIT.at(FLAGS_OFFSET));
    }
    let own = atom.own();
    if own.argc() > ARGS_MAX {
        return Err(Refusal::TOO_MANY_ARGUMENTS.at(field::REGISTER_COUNT));
    }
    if own.attribute_count() > ATTRIBUTES_MAX {
        return Err(Refusal::TOO_MANY_ATTRIBUTES.at(field::ATTR_COUNT));
    }
    let attributes_at = CALL_ARGS_OFFSET + 8 * own.argc();
    if attributes_at > atom.bytes().len() {
        return Err(Refusal::RECORD_SHORT.at(field::REGISTER_COUNT));
    }
    if own.kinds().exceed(own.argc()) {
        return Err(Refusal::RESERVED_BIT.at(field::BUDGET));
    }
    attribute::check(atom.bytes(), attributes_at, own.attribute_count())?;
    if let Some(data) = own.asks().find(|ask| ask.id == AttributeId::DATA) {
        // The program has the one that there is.
        return Err(Refusal::ATTRIBUTE_DUPLICATE.at(data.payload_offset - ATTRIBUTE_HEADER_BYTES));
    }
    asked(atom, count)?;
    if atom.is_call() { arguments(atom, count, areas) } else { step(atom, count, areas) }
}

/// Checks the question that decides which atom is next.
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

/// Checks something that must be a number, a result or a register.
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

/// Checks something that must be a place in memory, and that lies inside as far as it is known.
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

/// Checks what a step is given.
fn step(atom: &Atom<'_>, count: usize, areas: &Areas) -> Result<(), Fault> {
    let (op, own) = (atom.step(), atom.own());
    let is_plain = atom.flags().without(AtomFlags::FINALLY).is_empty() && own.attribute_count() == 0;
    if op.argc() != Some(own.argc()) || !is_plain {
        return Err(Refusal::STEP_UNKNOWN.at(field::SCRATCH));
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

/// How many atoms run side by side, of the `left` behind this one.
fn group(atom: &Atom<'_>, left: usize) -> Result<usize, Fault> {
    if atom.flags().contains(AtomFlags::FINALLY) {
        return Err(Refusal::GROUP.at(FLAGS_OFFSET));
    }
    let members = usize::try_from(atom.raw_arg(0)).ok().filter(|members| (1..=left).contains(members));
    let members = members.ok_or(Refusal::GROUP.at(CALL_ARGS_OFFSET))?;
    if atom.raw_arg(1) <= members as u64 { Ok(members) } else { Err(Refusal::GROUP.at(CALL_ARGS_OFFSET + 8)) }
}

/// Checks one of several atoms that run side by side.
fn member(atom: &Atom<'_>, is_finally: bool) -> Result<(), Fault> {
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

/// Checks where an atom leads: to the front of one of its own part, on the way out only forward, never between those
/// that run side by side.
fn leads(atom: &Atom<'_>, index: usize, parts: &Parts) -> Result<(), Fault> {
    let always = atom.test() == Test::ALWAYS;
    let targets = [(atom.then(), atom_field::THEN), (atom.otherwise(), atom_field::OTHERWISE)];
    if always && atom.otherwise() != Target::NEXT {
        return Err(Refusal::RESERVED_BIT.at(atom_field::OTHERWISE).behind(atom.offset()));
    }
    for (target, at) in targets {
        let Some(to) = target.atom() else { continue };
        let own_part = if index < parts.finally { 0..parts.finally } else { index + 1..parts.count };
        if !own_part.contains(&to) || parts.is_member(to) {
            return Err(Refusal::TARGET.at(at).behind(atom.offset()));
        }
    }
    Ok(())
}
