//! A submission of a program: calls and steps that run one after the other, each deciding which is next. The engine reads
//! every program through the view here, which the check makes.
//!
//! Header and atoms have the shape of a call's record, so the view of a call reads them.

mod atom;
mod check;
mod glance;
mod repr;

pub use atom::{Atom, AtomFlags, Operand, StepOp, Target, Test, Width};
pub use glance::{Glance, Glimpse};
pub use repr::{AtomRepr, ProgramRepr};

use crate::argument::REGISTERS_MAX;
use crate::attribute::{self, ATTRIBUTES_MAX, AttributeId};
use crate::bytes::{tiles, u16_at, u32_at, u64_at};
use crate::refusal::{Fault, Refusal};
use crate::submission::{
    CALL_ARGS_OFFSET, CALL_BYTES_MIN, Call, CallFlags, Limits, NR_OFFSET, flags_agree, frame,
};
use crate::word::{FLAGS_OFFSET, Kind, RecordWord};
use atom::field as atom_field;
use check::Areas;

mod field {
    pub(super) const USER_DATA: usize = super::RecordWord::BYTES;
    pub(super) const SCRATCH: usize = super::NR_OFFSET;
    pub(super) const REGISTER_COUNT: usize = 20;
    pub(super) const ATTR_COUNT: usize = 21;
    pub(super) const ATOM_COUNT: usize = 22;
    pub(super) const BUDGET: usize = 24;
    pub(super) const OUT_LEN: usize = 28;
    pub(super) const REGISTERS: usize = 32;
}

/// Set where a call has its number: a program is no call.
const NO_CALL: u32 = 1 << 31;
/// The longest part of the out area that does not come back, in bytes.
pub const SCRATCH_BYTES_MAX: usize = 1 << 20;
/// At most this many atoms in one program.
pub const ATOMS_MAX: usize = 256;

const _: () = assert!(tiles(
    RecordWord::BYTES,
    &[
        (field::USER_DATA, 8),
        (field::SCRATCH, 4),
        (field::REGISTER_COUNT, 1),
        (field::ATTR_COUNT, 1),
        (field::ATOM_COUNT, 2),
        (field::BUDGET, 4),
        (field::OUT_LEN, 4),
    ],
    field::REGISTERS
));
const _: () = assert!(field::REGISTERS == CALL_ARGS_OFFSET, "registers stand where a call has its arguments");

/// A program with a checked structure.
#[derive(Clone, Copy, Debug)]
pub struct Program<'a> {
    /// INVARIANT: `check` accepted these bytes, or they are a copy of bytes that it accepted.
    record: &'a [u8],
}

impl<'a> Program<'a> {
    /// Checks the structure of one record; the engine checks the meaning of its calls.
    ///
    /// # Errors
    /// The first fault found, and where. Nothing has been taken then.
    pub fn check(record: &'a [u8], limits: &Limits) -> Result<Program<'a>, Fault> {
        check(record, limits)?;
        Ok(Program { record })
    }

    /// A record that passed `check` before it was copied here, `user_data` exchanged or not.
    ///
    /// The accessors panic on any other.
    #[must_use]
    #[inline]
    pub fn admitted(record: &'a [u8]) -> Program<'a> {
        Program { record }
    }

    /// The whole record.
    #[must_use]
    #[inline]
    pub fn bytes(&self) -> &'a [u8] {
        self.record
    }

    /// The submission's flags.
    #[must_use]
    #[inline]
    pub fn flags(&self) -> CallFlags {
        CallFlags(u16_at(self.record, FLAGS_OFFSET))
    }

    /// The application's own word, echoed in the completion.
    #[must_use]
    #[inline]
    pub fn user_data(&self) -> u64 {
        u64_at(self.record, field::USER_DATA)
    }

    /// How many registers the record gives contents; the others begin at zero.
    #[must_use]
    #[inline]
    pub fn register_count(&self) -> usize {
        usize::from(self.record[field::REGISTER_COUNT])
    }

    /// The registers as they are when the program begins.
    #[must_use]
    #[inline]
    pub fn registers(&self) -> [u64; REGISTERS_MAX] {
        let mut registers = [0; REGISTERS_MAX];
        for (index, register) in registers.iter_mut().enumerate().take(self.register_count()) {
            *register = u64_at(self.record, field::REGISTERS + 8 * index);
        }
        registers
    }

    /// How many atoms there are.
    #[must_use]
    #[inline]
    pub fn atom_count(&self) -> usize {
        usize::from(u16_at(self.record, field::ATOM_COUNT))
    }

    /// How many atoms may run before the program is ended; atoms of the way out do not count.
    #[must_use]
    #[inline]
    pub fn budget(&self) -> u32 {
        u32_at(self.record, field::BUDGET)
    }

    /// Bytes of the out area that come back with the completion.
    #[must_use]
    #[inline]
    pub fn out_len(&self) -> usize {
        u32_at(self.record, field::OUT_LEN) as usize
    }

    /// Bytes behind them that do not come back.
    #[must_use]
    #[inline]
    pub fn scratch_len(&self) -> usize {
        (u32_at(self.record, field::SCRATCH) & !NO_CALL) as usize
    }

    /// Size of the whole out area in bytes; all atoms share it.
    #[must_use]
    #[inline]
    pub fn area_len(&self) -> usize {
        self.out_len() + self.scratch_len()
    }

    /// The header as a call without a number: its attributes, its DATA, its out area.
    #[must_use]
    #[inline]
    pub fn head(&self) -> Call<'a> {
        Call::admitted(self.record)
    }

    /// The range of the program's DATA in the record.
    #[must_use]
    pub fn data_range(&self) -> core::ops::Range<usize> {
        let data = self.head().asks().find(|ask| ask.id == AttributeId::DATA);
        data.map_or(0..0, |data| data.payload_offset..data.payload_offset + data.payload.len())
    }

    /// The atoms, in order.
    #[must_use]
    #[inline]
    pub fn atoms(&self) -> Atoms<'a> {
        let at = self.head().asks().end();
        Atoms { record: self.record, at, left: self.atom_count() }
    }

    /// The atom that begins at `offset`.
    ///
    /// # Panics
    /// When no atom begins there.
    #[must_use]
    #[inline]
    pub fn atom_at(&self, offset: usize) -> Atom<'a> {
        Atom::at(self.record, offset)
    }
}

/// The atoms of a checked program.
#[derive(Clone, Debug)]
pub struct Atoms<'a> {
    record: &'a [u8],
    at: usize,
    left: usize,
}

impl<'a> Iterator for Atoms<'a> {
    type Item = Atom<'a>;

    #[inline]
    fn next(&mut self) -> Option<Atom<'a>> {
        self.left = self.left.checked_sub(1)?;
        let atom = Atom::at(self.record, self.at);
        self.at += atom.len();
        Some(atom)
    }
}

const _: () = assert!(CALL_BYTES_MIN == field::REGISTERS, "an atom without arguments is as long as a header");

/// Checks the whole record: the header, each atom, then the targets of the atoms.
fn check(record: &[u8], limits: &Limits) -> Result<(), Fault> {
    frame(record, Kind::SYSLET, limits)?;
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

/// Checks the fields in front; gives the begin of the attributes.
fn header(record: &[u8], limits: &Limits) -> Result<usize, Fault> {
    let flags = CallFlags(u16_at(record, FLAGS_OFFSET));
    if !flags.without(PROGRAM_FLAGS).is_empty() {
        return Err(Refusal::RESERVED_BIT.at(FLAGS_OFFSET));
    }
    flags_agree(flags)?;
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

/// The flags that a program may have.
const PROGRAM_FLAGS: CallFlags =
    CallFlags::ASYNC.with(CallFlags::SYNC).with(CallFlags::PRIVATE).with(CallFlags::NO_COMPLETE);

/// The parts of a program's list of atoms.
struct Parts {
    count: usize,
    /// The first atom of the way out; `count` without a way out.
    finally: usize,
    /// The members of parallel groups: a bit for each atom.
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
        let atom = check::framed(record, at)?;
        check::one(&atom, count, areas).map_err(|fault| fault.behind(at))?;
        let is_finally = atom.flags().contains(AtomFlags::FINALLY);
        if is_finally && parts.finally == count {
            parts.finally = index;
        }
        if is_finally != (index >= parts.finally) || parts.finally == 0 {
            return Err(Refusal::ATOM_COUNT.at(at + FLAGS_OFFSET));
        }
        if members_left > 0 {
            check::member(&atom, is_finally).map_err(|fault| fault.behind(at))?;
            parts.members[index / 64] |= 1 << (index % 64);
            members_left -= 1;
        } else if !atom.is_call() && atom.step() == StepOp::TOGETHER {
            members_left = check::group(&atom, count - index - 1).map_err(|fault| fault.behind(at))?;
        }
        at += atom.len();
    }
    if at == record.len() { Ok(parts) } else { Err(Refusal::ATOM_OVERRUN.at(at)) }
}

/// Checks the targets of an atom: each is an atom of the same part, on the way out a later one, and no member of a parallel
/// group.
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
