//! A view of a record that may be no valid program, for messages about refused ones: the decoder prints from it.

use super::check::framed;
use super::{Atom, Program, field};
use crate::argument::{ARGS_MAX, REGISTERS_MAX};
use crate::attribute::{ATTRIBUTES_MAX, check_some};
use crate::submission::{CALL_ARGS_OFFSET, CALL_BYTES_MIN};
use crate::word::{Kind, RecordWord};

/// A record of a program's kind, refused or not, with atoms that can be looked for.
#[derive(Clone, Copy, Debug)]
pub struct Glance<'a> {
    /// INVARIANT: header, registers and attributes lie inside the record. The atoms are unchecked.
    program: Program<'a>,
    atoms_at: usize,
}

/// An atom of a record that may be refused.
#[derive(Clone, Copy, Debug)]
pub struct Glimpse<'a> {
    /// Its begin in the record.
    pub offset: usize,
    /// The atom, if its fields and arguments are there. Their contents and its attributes are unchecked.
    pub atom: Option<Atom<'a>>,
}

impl<'a> Glance<'a> {
    /// Looks at a record; `None` when it is no program, or when the begin of its atoms cannot be found.
    #[must_use]
    pub fn of(record: &'a [u8]) -> Option<Glance<'a>> {
        if record.len() < CALL_BYTES_MIN || RecordWord::at(record).kind != Kind::SYSLET {
            return None;
        }
        let program = Program { record };
        let attributes_at = field::REGISTERS + 8 * program.register_count();
        let attributes = usize::from(record[field::ATTR_COUNT]);
        let are_few = program.register_count() <= REGISTERS_MAX && attributes <= ATTRIBUTES_MAX;
        if !are_few || attributes_at > record.len() {
            return None;
        }
        let atoms_at = check_some(record, attributes_at, attributes).ok()?;
        Some(Glance { program, atoms_at })
    }

    /// The contents that the record gives its first registers.
    pub fn registers(&self) -> impl Iterator<Item = u64> + use<'a> {
        self.program.registers().into_iter().take(self.program.register_count())
    }

    /// The DATA that all atoms share.
    #[must_use]
    pub fn data(&self) -> &'a [u8] {
        self.program.head().data()
    }

    /// Size of the out area in bytes; all atoms share it.
    #[must_use]
    pub fn area_len(&self) -> usize {
        self.program.area_len()
    }

    /// The atoms in order, as far as each can be found behind the one before.
    pub fn atoms(&self) -> impl Iterator<Item = Glimpse<'a>> + use<'a> {
        let (record, mut left) = (self.program.record, self.program.atom_count());
        let mut next = Some(self.atoms_at);
        core::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            let offset = next.take()?;
            let found = framed(record, offset).ok();
            next = found.map(|atom| offset + atom.len());
            Some(Glimpse { offset, atom: found.filter(has_arguments) })
        })
    }

    /// The atom that byte `at` of the record lies in, and its number.
    #[must_use]
    pub fn atom_at(&self, at: usize) -> Option<(usize, Glimpse<'a>)> {
        let before = self.atoms().enumerate().take_while(|(_, glimpse)| glimpse.offset <= at);
        before.last().filter(|(_, glimpse)| glimpse.atom.is_none_or(|atom| at < glimpse.offset + atom.len()))
    }
}

fn has_arguments(atom: &Atom<'_>) -> bool {
    let argc = atom.own().argc();
    argc <= ARGS_MAX && CALL_ARGS_OFFSET + 8 * argc <= atom.len()
}
