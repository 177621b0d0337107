//! A group of a plan: calls and steps that become one submission. `script` makes it, `run` submits it.

mod emit;

use syslet::abi::{AtomFlags, CALL_BYTES_MIN, Kind, Operand, Test, padded};
use syslet::attrs::AtomEntry;
use syslet::syscalls::{Descriptors, RawArgs, Row};

use crate::plan::ask::Ask;
use crate::script::source::Span;

pub(crate) use emit::Asked;

/// The longest return of an attribute.
const RETURN_BYTES_MAX: usize = 256;

/// The atoms of a group, and the memory that they use.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    pub(crate) atoms: Vec<Atom>,
    /// How many of them stand before the way out.
    pub(crate) main: usize,
    /// Where each label stands among the atoms.
    pub(crate) labels: Vec<usize>,
    /// Bytes that travel with it.
    pub(crate) data: Vec<u8>,
    /// Bytes of the out area that come back, and those that do not.
    pub(crate) out_bytes: usize,
    pub(crate) scratch_bytes: usize,
    /// The named parts of the area that comes back.
    pub(crate) areas: Vec<AreaSpec>,
    pub(crate) budget: u32,
    /// Whether a call is bound to the thread that makes it.
    pub(crate) is_bound: bool,
}

/// A named part of the area that comes back.
#[derive(Clone, Debug)]
pub(crate) struct AreaSpec {
    pub(crate) name: String,
    pub(crate) at: usize,
    pub(crate) bytes: usize,
}

/// One call or step.
#[derive(Clone, Debug)]
pub(crate) struct Atom {
    /// Line of the script, from 1.
    pub(crate) line: usize,
    /// Where the statement begins.
    pub(crate) span: Span,
    pub(crate) name: Option<String>,
    /// As it was written, arguments of the command put in.
    pub(crate) words: String,
    /// In how many blocks it stands.
    pub(crate) depth: usize,
    /// The row of the call; `None` for a step.
    pub(crate) row: Option<&'static Row>,
    pub(crate) kind: Kind,
    pub(crate) nr: u32,
    /// The marks behind it: `@storage`, `@async`, `@stoppable`.
    pub(crate) flags: AtomFlags,
    pub(crate) is_finally: bool,
    pub(crate) args: Vec<(Arg, Span)>,
    pub(crate) test: Test,
    pub(crate) operand: Operand,
    /// Where the test was written.
    pub(crate) asked: Span,
    pub(crate) then: Lead,
    pub(crate) otherwise: Lead,
    pub(crate) asks: Vec<Ask>,
}

/// The way in which an argument is passed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Arg {
    Value(u64),
    Result(u16),
    Register(u8),
    Memory(Memory),
    /// Memory into which the bytes at an offset of the data are copied before.
    Inout(Memory, usize),
}

/// Memory of the group.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Memory {
    pub(crate) place: Place,
    /// How many bytes from there are its own.
    pub(crate) bytes: usize,
    /// The register that is added to the place.
    pub(crate) register: Option<u8>,
    /// Whether the record has to say so, because how far it is reached is known only when the group runs.
    pub(crate) is_bounded: bool,
}

/// An offset in one of the group's areas: the data, and the two parts of the out area.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    Data(usize),
    ComesBack(usize),
    Scratch(usize),
}

impl Group {
    /// The atoms that close or replace the result of `atom`.
    pub(crate) fn closers(&self, atom: u16) -> impl Iterator<Item = (usize, &Atom)> {
        let closes = move |other: &Atom| match other.row.map(|row| row.descriptors) {
            Some(Descriptors::Closes(argument) | Descriptors::Replaces(argument)) => {
                matches!(other.args.get(usize::from(argument)), Some((Arg::Result(closed), _)) if *closed == atom)
            }
            _ => false,
        };
        self.atoms.iter().enumerate().filter(move |(_, other)| closes(other))
    }
}

impl Memory {
    pub(crate) fn new(place: Place, bytes: usize) -> Memory {
        Memory { place, bytes, register: None, is_bounded: false }
    }

    /// The part of it that begins behind its begin by as many bytes as the register holds when it is used.
    pub(crate) fn moved_by(self, register: u8) -> Memory {
        Memory { register: Some(register), is_bounded: true, ..self }
    }

    /// The part of it that begins so many bytes behind its begin, if it has so many.
    pub(crate) fn behind(self, offset: usize) -> Option<Memory> {
        let bytes = self.bytes.checked_sub(offset)?;
        let place = match self.place {
            Place::Data(at) => Place::Data(at + offset),
            Place::ComesBack(at) => Place::ComesBack(at + offset),
            Place::Scratch(at) => Place::Scratch(at + offset),
        };
        Some(Memory { place, bytes, ..self })
    }
}

/// Where an atom leads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Lead {
    Next,
    Stop,
    /// To a label.
    To(usize),
}

impl Atom {
    /// Bytes it takes in a submission at most.
    pub(crate) fn record_bytes_max(&self) -> usize {
        let asks = self.asks.iter().map(|ask| 16 + padded(ask.payload.len()));
        CALL_BYTES_MIN + 8 * self.args.len() + asks.sum::<usize>()
    }

    /// Bytes that ATOMS has of it at most.
    pub(crate) fn answer_bytes_max(&self) -> usize {
        AtomEntry::HEAD_BYTES + self.asks.len() * RETURN_BYTES_MAX
    }

    /// Whether a worker runs it, and the atoms behind it.
    pub(crate) fn is_async(&self) -> bool {
        self.flags.contains(AtomFlags::ASYNC)
    }

    pub(crate) fn is_call(&self) -> bool {
        self.kind == Kind::CALL
    }

    /// The call's name; `None` for a step.
    pub(crate) fn call_name(&self) -> Option<&str> {
        self.is_call().then(|| self.words.split('(').next().unwrap_or_default())
    }

    /// The arguments' values as far as they are known before anything runs.
    pub(crate) fn fixed_args(&self) -> RawArgs {
        RawArgs::new(core::array::from_fn(|index| match self.args.get(index) {
            Some((Arg::Value(value), _)) => *value,
            _ => 0,
        }))
    }
}

impl Arg {
    /// A number as something to compare with.
    pub(crate) fn operand(self) -> Operand {
        match self {
            Arg::Result(atom) => Operand::result(atom),
            Arg::Register(register) => Operand::register(register),
            Arg::Value(value) => Operand::number(value),
            Arg::Memory(_) | Arg::Inout(..) => Operand::number(0),
        }
    }
}
