//! A submission of a program: calls and steps that run one after the other, each deciding which is next.
//!
//! Header and atoms have the shape of a call's record, so what reads calls reads them.

mod atom;
mod check;
mod glance;
mod repr;

pub use atom::{Atom, AtomFlags, Operand, StepOp, Target, Test, Width};
pub use glance::{Glance, Glimpse};
pub use repr::{AtomRepr, ProgramRepr};

use crate::attribute::AttributeId;
use crate::bytes::{tiles, u16_at, u32_at, u64_at};
use crate::refusal::Fault;
use crate::submission::{CALL_ARGS_OFFSET, CALL_BYTES_MIN, Call, CallFlags, Limits};
use crate::word::{FLAGS_OFFSET, RecordWord};

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

use crate::submission::NR_OFFSET;

/// Set where a call has its number: a program is none.
const NO_CALL: u32 = 1 << 31;
/// The longest part of the out area that does not come back, in bytes.
pub const SCRATCH_BYTES_MAX: usize = 1 << 20;
/// At most this many atoms in one program.
pub const ATOMS_MAX: usize = 256;
/// Registers of a program.
pub const REGISTERS_MAX: usize = 16;

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

/// A program whose structure has been checked.
#[derive(Clone, Copy, Debug)]
pub struct Program<'a> {
    /// INVARIANT: `check` accepted these bytes, or they are a copy of bytes it accepted.
    record: &'a [u8],
}

impl<'a> Program<'a> {
    /// Checks the structure of one record; what its calls mean is checked by the engine.
    ///
    /// # Errors
    /// The first fault found, and where. Nothing has been taken then.
    pub fn check(record: &'a [u8], limits: &Limits) -> Result<Program<'a>, Fault> {
        check::record(record, limits)?;
        Ok(Program { record })
    }

    /// A record that passed `check` before it was copied here, user_data exchanged or not.
    ///
    /// The accessors panic if it did not.
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

    /// How many registers have a value when the program begins; the others begin at zero.
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

    /// How many atoms may be run before the program is ended, those of the way out not counted.
    #[must_use]
    #[inline]
    pub fn budget(&self) -> u32 {
        u32_at(self.record, field::BUDGET)
    }

    /// Bytes of the out area that come back.
    #[must_use]
    #[inline]
    pub fn out_len(&self) -> usize {
        u32_at(self.record, field::OUT_LEN) as usize
    }

    /// Bytes behind them that do not.
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

    /// Where the DATA of the program stands in the record.
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

    /// The atom whose bytes begin at `offset`.
    ///
    /// # Panics
    /// When none does.
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
