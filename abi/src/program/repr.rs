//! A program as fields, and the emitter of its bytes. The builder of programs calls it.

use super::atom::field as atom_field;
use super::{AtomFlags, NO_CALL, Operand, StepOp, Target, Test, field};
use crate::argument::ArgKinds;
use crate::attribute::AskRepr;
use crate::bytes::{len32, put};
use crate::submission::{CALL_ARGS_OFFSET, CallFlags, CallRepr};
use crate::word::{Kind, RecordWord};

/// An atom to emit.
#[derive(Clone, Copy, Debug)]
pub struct AtomRepr<'a> {
    /// A call or a step.
    pub kind: Kind,
    /// Its flags.
    pub flags: AtomFlags,
    /// The number of the system call, or of the step.
    pub nr: u32,
    /// The kind of each argument.
    pub kinds: ArgKinds,
    /// The arguments, at most six.
    pub args: &'a [u64],
    /// The test of its value.
    pub test: Test,
    /// The number that the test compares with.
    pub operand: Operand,
    /// The next atom if the test holds.
    pub then: Target,
    /// The next atom if it does not.
    pub otherwise: Target,
    /// The attributes of this call.
    pub attributes: &'a [AskRepr<'a>],
}

/// A program to emit.
#[derive(Clone, Copy, Debug)]
pub struct ProgramRepr<'a> {
    /// The submission's flags.
    pub flags: CallFlags,
    /// The application's own word.
    pub user_data: u64,
    /// The first contents of the first registers; at most sixteen.
    pub registers: &'a [u64],
    /// How many atoms may run.
    pub budget: u32,
    /// Bytes of the out area that come back.
    pub out_len: u32,
    /// Bytes behind them that do not come back.
    pub scratch_len: u32,
    /// The attributes of the whole program.
    pub attributes: &'a [AskRepr<'a>],
    /// The atoms.
    pub atoms: &'a [AtomRepr<'a>],
}

impl AtomRepr<'_> {
    /// A call without arguments that the next atom follows.
    #[must_use]
    pub const fn call(nr: u32) -> AtomRepr<'static> {
        AtomRepr {
            kind: Kind::CALL,
            flags: AtomFlags::NONE,
            nr,
            kinds: ArgKinds(0),
            args: &[],
            test: Test::ALWAYS,
            operand: Operand::number(0),
            then: Target::NEXT,
            otherwise: Target::NEXT,
            attributes: &[],
        }
    }

    /// A step without arguments that the next atom follows.
    #[must_use]
    pub const fn step(op: StepOp) -> AtomRepr<'static> {
        AtomRepr { kind: Kind::STEP, nr: op.0, ..AtomRepr::call(0) }
    }

    /// The atom as a call: the fields of both stand in the same places.
    fn as_call(&self) -> CallRepr<'_> {
        CallRepr {
            flags: CallFlags(self.flags.0),
            user_data: self.operand.value,
            nr: self.nr,
            kinds: self.kinds,
            args: self.args,
            out_len: 0,
            attributes: self.attributes,
        }
    }

    /// Bytes this atom takes in a record.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        self.as_call().len_bytes()
    }

    fn emit(&self, record: &mut [u8], at: usize) -> usize {
        let atom = &mut record[at..];
        let len = self.as_call().emit(atom);
        let word = RecordWord { len: len32(len), kind: self.kind, flags: self.flags.0 };
        put(atom, 0, &word.pack().to_ne_bytes());
        atom[atom_field::TEST] = self.test.0;
        atom[atom_field::OPERAND_KIND] = self.operand.kind;
        put(atom, atom_field::THEN, &self.then.0.to_ne_bytes());
        put(atom, atom_field::OTHERWISE, &self.otherwise.0.to_ne_bytes());
        at + len
    }
}

impl ProgramRepr<'_> {
    /// Length of the record in bytes.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        CALL_ARGS_OFFSET
            + 8 * self.registers.len()
            + self.attributes.iter().map(AskRepr::len_bytes).sum::<usize>()
            + self.atoms.iter().map(AtomRepr::len_bytes).sum::<usize>()
    }

    /// Writes the record to the start of `record` and gives its length.
    ///
    /// # Panics
    /// When `record` is shorter than [`ProgramRepr::len_bytes`], or more registers, attributes or atoms are given than
    /// the record can count.
    pub fn emit(&self, record: &mut [u8]) -> usize {
        let head = CallRepr {
            flags: self.flags,
            user_data: self.user_data,
            // A length that 31 bits cannot count is refused as too large.
            nr: NO_CALL | self.scratch_len.min(!NO_CALL),
            kinds: ArgKinds(self.budget),
            args: self.registers,
            out_len: self.out_len,
            attributes: self.attributes,
        };
        let mut at = head.emit(record);
        for atom in self.atoms {
            at = atom.emit(record, at);
        }
        let word = RecordWord { len: len32(at), kind: Kind::SYSLET, flags: self.flags.0 };
        put(record, 0, &word.pack().to_ne_bytes());
        let count = u16::try_from(self.atoms.len()).expect("a record counts atoms in 16 bits");
        put(record, field::ATOM_COUNT, &count.to_ne_bytes());
        at
    }
}
