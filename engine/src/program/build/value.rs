//! The arguments of a program's calls: numbers, values of other calls, registers, memory. Applications name them while they build.

use std::marker::PhantomData;

use syslet_abi::{ArgKind, Offset, Operand, Test as AbiTest, Width as AbiWidth};

/// Ties a value to its program: it cannot be used in another one.
pub(crate) type Brand<'p> = PhantomData<fn(&'p ()) -> &'p ()>;

/// A descriptor.
#[derive(Clone, Copy, Debug)]
pub enum Fd {}

/// A count, or any other number.
#[derive(Clone, Copy, Debug)]
pub enum Number {}

/// The value of a call.
#[derive(Debug)]
pub struct Value<'p, T> {
    atom: usize,
    brand: Brand<'p>,
    kind: PhantomData<T>,
}

impl<T> Clone for Value<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Value<'_, T> {}

impl<T> Value<'_, T> {
    pub(crate) fn new(atom: usize) -> Self {
        Value { atom, brand: PhantomData, kind: PhantomData }
    }
}

/// A number that the program can change.
#[derive(Clone, Copy, Debug)]
pub struct Register<'p> {
    index: usize,
    brand: Brand<'p>,
}

impl<'p> Register<'p> {
    pub(crate) fn new(index: usize) -> Register<'p> {
        Register { index, brand: PhantomData }
    }

    /// As the register that a step changes.
    pub(crate) fn place(self) -> Arg<'p> {
        Arg::of(ArgKind::VALUE, self.index as u64)
    }
}

/// Bytes that travel with the submission.
#[derive(Clone, Copy, Debug)]
pub struct Data<'p> {
    offset: usize,
    register: Option<Register<'p>>,
}

impl<'p> Data<'p> {
    pub(crate) fn new(offset: usize) -> Data<'p> {
        Data { offset, register: None }
    }

    /// Where they stand in DATA, for [`Program::data_mut`](crate::program::Program::data_mut).
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// So many bytes further, as a register says when it is used.
    #[must_use]
    pub fn plus(self, register: Register<'p>) -> Data<'p> {
        Data { register: Some(register), ..self }
    }
}

/// Memory that calls write and read, no further than it is long. It comes back with the completion.
#[derive(Clone, Copy, Debug)]
pub struct Area<'p> {
    offset: usize,
    len: usize,
    register: Option<Register<'p>>,
    is_scratch: bool,
}

impl<'p> Area<'p> {
    pub(crate) fn new(offset: usize, len: usize) -> Area<'p> {
        Area { offset, len, register: None, is_scratch: false }
    }

    pub(crate) fn scratch(offset: usize, len: usize) -> Area<'p> {
        Area { is_scratch: true, ..Area::new(offset, len) }
    }

    /// Where it stands in the completion's data; for scratch, where it stands in the bytes that do not come back.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// How long it is, in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The rest of the area, from `bytes` further.
    ///
    /// # Panics
    /// When that is behind its end.
    #[must_use]
    pub fn from(self, bytes: usize) -> Area<'p> {
        // Without this the rest would wrap where overflow is not looked for, and the area have no end.
        let Some(len) = self.len.checked_sub(bytes) else { panic!("{bytes} of {} bytes", self.len) };
        Area { offset: self.offset + bytes, len, ..self }
    }

    /// So many bytes further, as a register says when it is used.
    #[must_use]
    pub fn plus(self, register: Register<'p>) -> Area<'p> {
        Area { register: Some(register), ..self }
    }
}

/// An argument.
#[derive(Clone, Copy, Debug)]
pub struct Arg<'p> {
    kind: ArgKind,
    value: u64,
    /// Whether the offset counts in the bytes that do not come back.
    is_scratch: bool,
    brand: Brand<'p>,
}

impl<'p> Arg<'p> {
    fn of(kind: ArgKind, value: u64) -> Arg<'p> {
        Arg { kind, value, is_scratch: false, brand: PhantomData }
    }

    /// A place of which `len` bytes can be used, if so much can be said.
    fn place(kind: ArgKind, at: usize, register: Option<Register<'p>>, len: Option<usize>) -> Arg<'p> {
        let len = len.and_then(|len| u32::try_from(len).ok()).filter(|len| *len <= Offset::LEN_MAX);
        let register = register.and_then(|register| u8::try_from(register.index).ok());
        // An offset beyond 32 bits is refused as one at their end.
        Arg::of(kind, Offset { at: u32::try_from(at).unwrap_or(u32::MAX), register, len }.pack())
    }

    pub(crate) fn kind(&self) -> ArgKind {
        self.kind
    }

    pub(crate) fn word(&self) -> Word {
        Word { value: self.value, is_scratch: self.is_scratch }
    }

    fn operand(self) -> Operand {
        Operand { kind: self.kind.0, value: self.value }
    }
}

/// The 64 bits of an argument, while it is not known how much of the out area comes back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word {
    value: u64,
    is_scratch: bool,
}

impl Word {
    pub(crate) fn number(value: usize) -> Word {
        Word { value: value as u64, is_scratch: false }
    }

    /// The bits, when `out_len` bytes come back.
    pub(crate) fn placed(self, out_len: usize) -> u64 {
        if !self.is_scratch {
            return self.value;
        }
        let offset = Offset::unpack(self.value);
        let at = u32::try_from(out_len).map_or(u32::MAX, |out_len| offset.at.saturating_add(out_len));
        Offset { at, ..offset }.pack()
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {
        $(impl From<$number> for Arg<'_> {
            fn from(number: $number) -> Self {
                Arg::of(ArgKind::VALUE, i64::from(number).cast_unsigned())
            }
        })*
    };
}

numbers!(i32, u32, i64);

impl From<u64> for Arg<'_> {
    fn from(number: u64) -> Self {
        Arg::of(ArgKind::VALUE, number)
    }
}

impl From<usize> for Arg<'_> {
    fn from(number: usize) -> Self {
        Arg::of(ArgKind::VALUE, number as u64)
    }
}

impl<'p, T> From<Value<'p, T>> for Arg<'p> {
    fn from(value: Value<'p, T>) -> Self {
        Arg::of(ArgKind::RESULT, value.atom as u64)
    }
}

impl<'p> From<Register<'p>> for Arg<'p> {
    fn from(register: Register<'p>) -> Self {
        Arg::of(ArgKind::REGISTER, register.index as u64)
    }
}

impl<'p> From<Data<'p>> for Arg<'p> {
    fn from(data: Data<'p>) -> Self {
        Arg::place(ArgKind::IN, data.offset, data.register, None)
    }
}

impl<'p> From<Area<'p>> for Arg<'p> {
    fn from(area: Area<'p>) -> Self {
        let arg = Arg::place(ArgKind::OUT, area.offset, area.register, Some(area.len));
        Arg { is_scratch: area.is_scratch, ..arg }
    }
}

/// A number in memory, native-endian.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "named like the types")]
pub enum Width {
    U8,
    U16,
    U32,
    U64,
    I8,
    I16,
    I32,
    I64,
}

impl Width {
    pub(crate) fn arg<'p>(self) -> Arg<'p> {
        let width = match self {
            Width::U8 => 1,
            Width::U16 => 2,
            Width::U32 => 4,
            Width::U64 => 8,
            Width::I8 => 1 | AbiWidth::SIGNED,
            Width::I16 => 2 | AbiWidth::SIGNED,
            Width::I32 => 4 | AbiWidth::SIGNED,
            Width::I64 => 8 | AbiWidth::SIGNED,
        };
        Arg::of(ArgKind::VALUE, width)
    }
}

/// A question about a value.
#[derive(Clone, Copy, Debug)]
pub struct Test<'p> {
    pub(crate) test: AbiTest,
    pub(crate) operand: Operand,
    pub(crate) is_negated: bool,
    brand: Brand<'p>,
}

impl<'p> Test<'p> {
    fn new(test: AbiTest, operand: Operand) -> Test<'p> {
        Test { test, operand, is_negated: false, brand: PhantomData }
    }

    fn alone(test: AbiTest) -> Test<'p> {
        Test::new(test, Operand::number(0))
    }

    /// Is it zero?
    #[must_use]
    pub fn zero() -> Test<'p> {
        Test::alone(AbiTest::ZERO)
    }

    /// Is it anything but zero?
    #[must_use]
    pub fn non_zero() -> Test<'p> {
        Test::alone(AbiTest::NON_ZERO)
    }

    /// Is it below zero?
    #[must_use]
    pub fn negative() -> Test<'p> {
        Test::alone(AbiTest::NEGATIVE)
    }

    /// Is it zero or below?
    #[must_use]
    pub fn non_positive() -> Test<'p> {
        Test::alone(AbiTest::NON_POSITIVE)
    }

    /// Is it an error, from −4095 to −1?
    #[must_use]
    pub fn error() -> Test<'p> {
        Test::alone(AbiTest::ERROR)
    }

    /// Is it one of up to four error numbers?
    ///
    /// # Panics
    /// When there are more, or one is none.
    #[must_use]
    pub fn errno(errnos: &[i32]) -> Test<'p> {
        let set = AbiTest::errnos(errnos).expect("up to four error numbers");
        Test::new(AbiTest::ERRNO, Operand::number(set))
    }

    /// Is it this number?
    #[must_use]
    pub fn equal(to: impl Into<Arg<'p>>) -> Test<'p> {
        Test::new(AbiTest::EQUAL, to.into().operand())
    }

    /// Is it less, as a signed number?
    #[must_use]
    pub fn less(than: impl Into<Arg<'p>>) -> Test<'p> {
        Test::new(AbiTest::LESS, than.into().operand())
    }

    /// Is it greater, as a signed number?
    #[must_use]
    pub fn greater(than: impl Into<Arg<'p>>) -> Test<'p> {
        Test::new(AbiTest::GREATER, than.into().operand())
    }

    /// Does it share a bit with this one?
    #[must_use]
    pub fn mask(bits: impl Into<Arg<'p>>) -> Test<'p> {
        Test::new(AbiTest::MASK, bits.into().operand())
    }

    /// The opposite question.
    #[must_use]
    #[allow(clippy::should_implement_trait, reason = "read as `.not()`, and `!` would hide it")]
    pub fn not(self) -> Test<'p> {
        Test { is_negated: !self.is_negated, ..self }
    }
}
