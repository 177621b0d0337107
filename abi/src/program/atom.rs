//! One atom of a program: a call, or a step without one, and the test that decides which atom is next. The interpreter
//! reads every atom through the view here.

use crate::argument::{ArgKind, ArgKinds};
use crate::bytes::{u16_at, u32_at, u64_at};
use crate::submission::{CALL_ARGS_OFFSET, CALL_BYTES_MIN, Call, NR_OFFSET};
use crate::word::{FLAGS_OFFSET, KIND_OFFSET, Kind, LEN_OFFSET};

pub(super) mod field {
    pub(crate) const OPERAND: usize = 8;
    pub(crate) const ARGC: usize = 20;
    pub(crate) const ATTR_COUNT: usize = 21;
    pub(crate) const TEST: usize = 22;
    pub(crate) const OPERAND_KIND: usize = 23;
    pub(crate) const KINDS: usize = 24;
    pub(crate) const THEN: usize = 28;
    pub(crate) const OTHERWISE: usize = 30;
}

/// An atom as it stands in a checked program.
#[derive(Clone, Copy, Debug)]
pub struct Atom<'a> {
    /// INVARIANT: the bytes of a checked program from where the atom begins.
    rest: &'a [u8],
    head: &'a [u8; CALL_BYTES_MIN],
    offset: usize,
}

crate::flags! {
    /// Flags of an atom.
    pub struct AtomFlags(pub u16) {
        /// No flag.
        NONE;
        /// Never run inline.
        ASYNC = 1;
        /// The descriptor is a regular local file: the call does not sleep for ever.
        STORAGE = 4;
        /// The atom runs on every way out of the program.
        FINALLY = 64;
        /// The atom can be stopped without its program.
        STOPPABLE = 128;
    }
}

/// The test of an atom's value.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Test(pub u8);

impl Test {
    /// It always holds.
    pub const ALWAYS: Test = Test(0);
    /// The value is zero.
    pub const ZERO: Test = Test(1);
    /// The value is not zero.
    pub const NON_ZERO: Test = Test(2);
    /// The value is below zero.
    pub const NEGATIVE: Test = Test(3);
    /// The value is zero or below.
    pub const NON_POSITIVE: Test = Test(4);
    /// The value is the operand.
    pub const EQUAL: Test = Test(5);
    /// The value is below the operand. Both are signed.
    pub const LESS: Test = Test(6);
    /// The value is above the operand. Both are signed.
    pub const GREATER: Test = Test(7);
    /// The value shares a bit with the operand.
    pub const MASK: Test = Test(8);
    /// The value is one of up to four error numbers in the operand, of sixteen bits each; a zero stands for none.
    pub const ERRNO: Test = Test(9);
    /// The value is an error, from −4095 to −1.
    pub const ERROR: Test = Test(10);

    pub(super) const LAST: u8 = 10;

    /// Whether the test compares with an operand.
    #[must_use]
    #[inline]
    pub const fn has_operand(self) -> bool {
        self.0 >= Test::EQUAL.0 && self.0 <= Test::ERRNO.0
    }

    /// Whether the test holds for `value`; only tests with an operand look at `operand`.
    #[must_use]
    #[inline]
    pub const fn holds(self, value: u64, operand: u64) -> bool {
        let signed = value.cast_signed();
        match self {
            Test::ALWAYS => true,
            Test::ZERO => value == 0,
            Test::NON_ZERO => value != 0,
            Test::NEGATIVE => signed < 0,
            Test::NON_POSITIVE => signed <= 0,
            Test::EQUAL => value == operand,
            Test::LESS => signed < operand.cast_signed(),
            Test::GREATER => signed > operand.cast_signed(),
            Test::MASK => value & operand != 0,
            Test::ERRNO => is_error(signed) && is_one_of(signed.unsigned_abs(), operand),
            _ => is_error(signed),
        }
    }

    /// The operand of ERRNO for these error numbers; `None` for more than four, and for one that does not fit sixteen bits.
    #[must_use]
    pub fn errnos(errnos: &[i32]) -> Option<u64> {
        let mut operand = 0;
        for (index, errno) in errnos.iter().enumerate() {
            let errno = u16::try_from(*errno).ok().filter(|_| index < 4)?;
            operand |= u64::from(errno) << (16 * index);
        }
        Some(operand)
    }
}

const fn is_error(value: i64) -> bool {
    value >= -4095 && value < 0
}

const fn is_one_of(errno: u64, mut set: u64) -> bool {
    while set != 0 {
        if set & 0xffff == errno {
            return true;
        }
        set >>= 16;
    }
    false
}

/// Which atom is next.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Target(pub u16);

impl Target {
    /// The atom behind.
    pub const NEXT: Target = Target(0xffff);
    /// No atom: the program ends, by way of the atoms that always run.
    pub const STOP: Target = Target(0xfffe);

    /// The atom's number, if it is one.
    #[must_use]
    #[inline]
    pub const fn atom(self) -> Option<usize> {
        if self.0 < Target::STOP.0 { Some(self.0 as usize) } else { None }
    }
}

/// The operation of a step, which makes no call.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct StepOp(pub u32);

impl StepOp {
    /// `register = value`
    pub const SET: StepOp = StepOp(1);
    /// `register += value`, modulo 2⁶⁴
    pub const ADD: StepOp = StepOp(2);
    /// `register -= value`, modulo 2⁶⁴
    pub const SUBTRACT: StepOp = StepOp(3);
    /// Nothing but the test: its value is its argument.
    pub const COMPARE: StepOp = StepOp(4);
    /// Nothing: its value is 0.
    pub const JUMP: StepOp = StepOp(5);
    /// `register = number in memory`
    pub const LOAD: StepOp = StepOp(6);
    /// `number in the out area = value`
    pub const STORE: StepOp = StepOp(7);
    /// The calls behind it run as a parallel group.
    pub const TOGETHER: StepOp = StepOp(8);

    /// How many arguments it has; `None` for an unknown operation.
    #[must_use]
    #[inline]
    pub const fn argc(self) -> Option<usize> {
        match self {
            StepOp::SET | StepOp::ADD | StepOp::SUBTRACT | StepOp::TOGETHER => Some(2),
            StepOp::COMPARE => Some(1),
            StepOp::JUMP => Some(0),
            StepOp::LOAD | StepOp::STORE => Some(3),
            _ => None,
        }
    }
}

/// A number in memory: its bytes, and whether it is signed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Width(pub u64);

impl Width {
    /// The bit that says signed.
    pub const SIGNED: u64 = 0x80;

    /// How many bytes the number has: 1, 2, 4 or 8; `None` for any other width.
    #[must_use]
    #[inline]
    pub const fn bytes(self) -> Option<usize> {
        match self.0 & !Width::SIGNED {
            1 => Some(1),
            2 => Some(2),
            4 => Some(4),
            8 => Some(8),
            _ => None,
        }
    }

    /// Whether the number is extended with its sign.
    #[must_use]
    #[inline]
    pub const fn is_signed(self) -> bool {
        self.0 & Width::SIGNED != 0
    }
}

/// A number of a program, or the place where it will find one.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Operand {
    /// VALUE, RESULT or REGISTER.
    pub kind: u8,
    /// The number, the atom or the register.
    pub value: u64,
}

impl Operand {
    /// A number.
    #[must_use]
    pub const fn number(value: u64) -> Operand {
        Operand { kind: ArgKind::VALUE.0, value }
    }

    /// The value of an atom.
    #[must_use]
    pub const fn result(atom: u16) -> Operand {
        Operand { kind: ArgKind::RESULT.0, value: atom as u64 }
    }

    /// The contents of a register.
    #[must_use]
    pub const fn register(register: u8) -> Operand {
        Operand { kind: ArgKind::REGISTER.0, value: register as u64 }
    }
}

impl<'a> Atom<'a> {
    #[inline(always)]
    pub(super) fn at(record: &'a [u8], offset: usize) -> Atom<'a> {
        let rest = &record[offset..];
        Atom { rest, head: rest.first_chunk().expect("an atom has all its fields"), offset }
    }

    /// The name of the field that byte `at` of an atom lies in; `None` behind the fields.
    #[must_use]
    pub const fn field(at: usize) -> Option<&'static str> {
        Some(match at {
            ..field::OPERAND => "record",
            field::OPERAND..NR_OFFSET => "operand",
            NR_OFFSET..field::ARGC => "nr",
            field::ARGC => "argc",
            field::ATTR_COUNT => "attr_count",
            field::TEST => "test",
            field::OPERAND_KIND => "operand_kind",
            field::KINDS..field::THEN => "arg_kinds",
            field::THEN..field::OTHERWISE => "then",
            field::OTHERWISE..CALL_ARGS_OFFSET => "otherwise",
            _ => return None,
        })
    }

    /// The atom's bytes.
    #[must_use]
    #[inline]
    pub fn bytes(&self) -> &'a [u8] {
        &self.rest[..self.len()]
    }

    /// The atom's length in bytes.
    #[must_use]
    #[inline]
    #[allow(clippy::len_without_is_empty, reason = "none is empty")]
    pub fn len(&self) -> usize {
        u32_at(self.head, LEN_OFFSET) as usize
    }

    /// The atom's begin in the record.
    #[must_use]
    #[inline]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Whether the atom makes a call.
    #[must_use]
    #[inline]
    pub fn is_call(&self) -> bool {
        Kind(u16_at(self.head, KIND_OFFSET)) == Kind::CALL
    }

    /// Its flags.
    #[must_use]
    #[inline]
    pub fn flags(&self) -> AtomFlags {
        AtomFlags(u16_at(self.head, FLAGS_OFFSET))
    }

    /// The operation of an atom that makes no call.
    #[must_use]
    #[inline]
    pub fn step(&self) -> StepOp {
        StepOp(u32_at(self.head, NR_OFFSET))
    }

    /// The test of its value.
    #[must_use]
    #[inline]
    pub fn test(&self) -> Test {
        Test(self.head[field::TEST])
    }

    /// The operand of the test.
    #[must_use]
    #[inline]
    pub fn operand(&self) -> Operand {
        Operand { kind: self.head[field::OPERAND_KIND], value: u64_at(self.head, field::OPERAND) }
    }

    /// The next atom if the test holds.
    #[must_use]
    #[inline]
    pub fn then(&self) -> Target {
        Target(u16_at(self.head, field::THEN))
    }

    /// The next atom if it does not.
    #[must_use]
    #[inline]
    pub fn otherwise(&self) -> Target {
        Target(u16_at(self.head, field::OTHERWISE))
    }

    /// The kind of each argument.
    #[must_use]
    #[inline]
    pub fn kinds(&self) -> ArgKinds {
        ArgKinds(u32_at(self.head, field::KINDS))
    }

    /// Argument `index` as it stands in the record; zero beyond the last.
    #[must_use]
    #[inline]
    pub fn raw_arg(&self, index: usize) -> u64 {
        if index < usize::from(self.head[field::ARGC]) {
            u64_at(self.rest, CALL_ARGS_OFFSET + 8 * index)
        } else {
            0
        }
    }

    /// Argument `index` of a step.
    #[must_use]
    #[inline]
    pub fn value(&self, index: usize) -> Operand {
        Operand { kind: self.kinds().get(index).0, value: self.raw_arg(index) }
    }

    /// The number of its call, for an atom that makes one.
    #[must_use]
    #[inline]
    pub fn nr(&self) -> u32 {
        u32_at(self.head, NR_OFFSET)
    }

    /// How many attributes its call has.
    #[must_use]
    #[inline]
    pub fn attribute_count(&self) -> usize {
        usize::from(self.head[field::ATTR_COUNT])
    }

    /// Argument `index` of a step; the check of the program has made sure that it is there.
    ///
    /// # Panics
    /// When the program ends before it.
    #[must_use]
    #[inline]
    pub fn given(&self, index: usize) -> Operand {
        Operand { kind: self.kinds().get(index).0, value: u64_at(self.rest, CALL_ARGS_OFFSET + 8 * index) }
    }

    /// The call without the areas of its program.
    #[must_use]
    #[inline]
    pub fn own(&self) -> Call<'a> {
        Call::admitted(self.bytes())
    }

    /// The call with the areas of its program.
    #[must_use]
    #[inline]
    pub fn call(&self, data: &'a [u8], out_len: usize) -> Call<'a> {
        Call::sharing(self.bytes(), data, out_len)
    }
}
