//! The tree of a call as it was written, before any name or number is looked up.

use crate::script::source::{Span, Spanned};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) name: Spanned<String>,
    pub(crate) arguments: Vec<Spanned<Argument>>,
    pub(crate) after: Vec<After>,
    pub(crate) attributes: Vec<Attribute>,
}

/// `after NAME`, or `after! NAME`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct After {
    pub(crate) name: Spanned<String>,
    /// `!`: the failure of the other is as good as its success.
    pub(crate) whatever: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Argument {
    /// Numbers, or the name of an earlier statement.
    Value(Value),
    Text(Text),
    /// `out(N)`
    Out(Spanned<Value>),
    /// `pack(…)`
    Pack(Vec<Spanned<Field>>),
    View(View),
    /// `name + NUMBER`: of an area or a buffer the part that begins there
    Part(Part),
    /// `1 << name`, `1 << i32(name, OFFSET)`
    Bit(Box<Operand>),
}

/// So much more than a number; of an area or a buffer, the part that begins so many bytes behind its begin.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Part {
    pub(crate) of: Spanned<String>,
    pub(crate) offset: Spanned<Value>,
}

/// Terms joined with `|`; never empty.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Value(pub(crate) Vec<Spanned<Term>>);

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Term {
    /// From −2⁶³ to 2⁶⁴−1.
    Integer(i128),
    /// A constant or a name.
    Word(String),
    Parameter(Parameter),
    /// `length("…")`: how many bytes the string has, without its NUL.
    Length(Text),
}

/// A word for the command's arguments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Parameter {
    /// `$1` is the first.
    Number(u32),
    /// `$@`
    Each,
    /// `$#`
    Count,
}

/// A string: pieces one after another.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Text(pub(crate) Vec<Spanned<Piece>>);

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Piece {
    Bytes(Vec<u8>),
    Parameter(Parameter),
}

/// One part of `pack(…)`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Field {
    Number(Width, Operand),
    Text(Text),
}

/// A number in `pack(…)`, or one given to a register.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operand {
    Value(Value),
    View(View),
    Part(Part),
    /// The bit with the number of a name or a view.
    Bit(Box<Operand>),
}

/// `i32(name, OFFSET)`
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct View {
    pub(crate) width: Width,
    pub(crate) of: Spanned<String>,
    pub(crate) offset: Spanned<Box<Value>>,
}

/// A type of number in memory.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Width {
    /// 1, 2, 4 or 8.
    pub(crate) bytes: usize,
    pub(crate) signed: bool,
}

impl Width {
    pub(crate) const ALL: [(&'static str, Width); 8] = [
        ("u8", Width { bytes: 1, signed: false }),
        ("u16", Width { bytes: 2, signed: false }),
        ("u32", Width { bytes: 4, signed: false }),
        ("u64", Width { bytes: 8, signed: false }),
        ("i8", Width { bytes: 1, signed: true }),
        ("i16", Width { bytes: 2, signed: true }),
        ("i32", Width { bytes: 4, signed: true }),
        ("i64", Width { bytes: 8, signed: true }),
    ];

    pub(crate) fn named(word: &str) -> Option<Width> {
        Width::ALL.iter().find(|(name, _)| *name == word).map(|&(_, width)| width)
    }

    pub(crate) fn name(self) -> &'static str {
        Width::ALL.iter().find(|(_, width)| *width == self).map_or("?", |(name, _)| name)
    }

    /// Whether a number of this type can be `number`.
    pub(crate) fn holds(self, number: i128) -> bool {
        let bits = 8 * self.bytes;
        let (low, high) =
            if self.signed { (-(1i128 << (bits - 1)), 1 << (bits - 1)) } else { (0, 1 << bits) };
        (low..high).contains(&number)
    }

    /// The number in native-endian bytes, of which there are `self.bytes`.
    pub(crate) fn read(self, bytes: &[u8]) -> Option<i128> {
        let raw = bytes.get(..self.bytes)?;
        let mut wide = [0; 8];
        wide[..self.bytes].copy_from_slice(raw);
        let shift = 64 - 8 * self.bytes;
        let number = u64::from_le_bytes(wide);
        Some(if self.signed { i128::from((number << shift).cast_signed() >> shift) } else { number.into() })
    }
}

const _: () = assert!(cfg!(target_endian = "little"), "read() and the packing put the low bytes first");

/// `@name!(…)`
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Attribute {
    pub(crate) name: Spanned<String>,
    pub(crate) required: bool,
    pub(crate) options: Vec<Choice>,
}

/// An option of an attribute: `value` or `key=value`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Choice {
    pub(crate) key: Option<Spanned<String>>,
    pub(crate) value: Spanned<Setting>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Setting {
    Number(i128),
    /// A number with a unit, multiplied already.
    Quantity(u64, Unit),
    Word(String),
    Text(Text),
}

/// A unit: the quantity it measures, and its size.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Unit(pub(crate) &'static str, pub(crate) u64);

impl Unit {
    pub(crate) const ALL: [Unit; 7] = [
        Unit("ns", 1),
        Unit("us", 1_000),
        Unit("ms", 1_000_000),
        Unit("s", 1_000_000_000),
        Unit("KiB", 1 << 10),
        Unit("MiB", 1 << 20),
        Unit("GiB", 1 << 30),
    ];

    pub(crate) fn named(word: &str) -> Option<Unit> {
        Unit::ALL.into_iter().find(|unit| unit.0 == word)
    }

    /// Whether it is a unit of time.
    pub(crate) fn is_time(self) -> bool {
        self.0.ends_with('s')
    }
}

impl Term {
    /// Begins a length, if `(` follows.
    pub(crate) const LENGTH: &str = "length";
}

impl Value {
    /// The word, if it is nothing but one.
    pub(crate) fn word(&self) -> Option<&str> {
        match &self.0[..] {
            [Spanned { value: Term::Word(word), .. }] => Some(word),
            _ => None,
        }
    }

    /// From the first term to the last.
    pub(crate) fn span(&self) -> Span {
        self.0[0].span.to(self.0[self.0.len() - 1].span)
    }
}
