//! A group: calls and steps that become one submission.

use syslet::abi::{
    ArgKind, ArgKinds, AskRepr, AtomFlags, AtomRepr, AttributeFlags, AttributeId, CALL_ARGS_OFFSET,
    CALL_BYTES_MIN, CallFlags, Inout, Kind, Operand, ProgramRepr, Target, Test, padded,
};
use syslet::attrs::AtomEntry;
use syslet::program::Program;
use syslet::syscalls::Row;
use syslet::{Refusal, Refused};

use crate::plan::Ask;
use crate::script::source::Span;

/// An attribute returns at most so much.
const RETURN_BYTES_MAX: usize = 256;

/// What is to run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    pub(crate) atoms: Vec<Atom>,
    /// How many of them are not of the way out.
    pub(crate) main: usize,
    /// Where each label stands among the atoms.
    pub(crate) labels: Vec<usize>,
    /// Bytes that travel with it.
    pub(crate) data: Vec<u8>,
    /// Bytes of the out area that come back, and those that do not.
    pub(crate) out_bytes: usize,
    pub(crate) scratch_bytes: usize,
    /// The named parts of what comes back.
    pub(crate) areas: Vec<AreaSpec>,
    pub(crate) budget: u32,
    /// Whether a call is bound to the thread that makes it.
    pub(crate) is_bound: bool,
}

/// A named part of what comes back.
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
    /// What the table says of the call; nothing of steps.
    pub(crate) row: Option<&'static Row>,
    pub(crate) kind: Kind,
    pub(crate) nr: u32,
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

/// What is passed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Arg {
    Value(u64),
    Result(u16),
    Register(u8),
    /// An offset in the data.
    In(usize),
    Out(Place),
    Inout(Place, usize),
}

/// An offset in one of the two parts of the out area.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    ComesBack(usize),
    Scratch(usize),
}

impl Place {
    /// The place so many bytes behind this one.
    pub(crate) fn behind(self, bytes: usize) -> Place {
        match self {
            Place::ComesBack(at) => Place::ComesBack(at + bytes),
            Place::Scratch(at) => Place::Scratch(at + bytes),
        }
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

/// What the whole submission is asked.
pub(crate) type Asked = (AttributeId, AttributeFlags, Vec<u8>);

/// Why there is no program: the refusal, and which atom and argument it means.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) refusal: Refusal,
    pub(crate) span: Option<Span>,
}

impl Group {
    /// The submission.
    pub(crate) fn build(
        &self,
        registers: &[u64],
        flags: CallFlags,
        asked: &[Asked],
    ) -> Result<Program, Fault> {
        let args: Vec<Vec<u64>> = self.atoms.iter().map(|atom| self.words_of(atom)).collect();
        let asks: Vec<Vec<AskRepr<'_>>> = self.atoms.iter().map(Atom::asks_repr).collect();
        let atoms = self.atoms.iter().zip(&args).zip(&asks);
        let atoms: Vec<AtomRepr<'_>> = atoms
            .map(|((atom, args), asks)| AtomRepr { args, attributes: asks, ..self.repr(atom) })
            .collect();
        let data = AskRepr { id: AttributeId::DATA, flags: AttributeFlags::NONE, payload: &self.data };
        let asked = asked.iter().map(|(id, flags, payload)| AskRepr { id: *id, flags: *flags, payload });
        let attributes: Vec<AskRepr<'_>> =
            (!self.data.is_empty()).then_some(data).into_iter().chain(asked).collect();
        let repr = ProgramRepr {
            flags,
            user_data: 0,
            registers,
            budget: self.budget,
            out_len: u32::try_from(self.out_len()).unwrap_or(u32::MAX),
            scratch_len: u32::try_from(self.scratch_bytes).unwrap_or(u32::MAX),
            attributes: &attributes,
            atoms: &atoms,
        };
        Program::of(&repr).map_err(|refused| self.fault(&refused, &repr))
    }

    /// What lies behind it in the same area keeps its alignment.
    fn out_len(&self) -> usize {
        if self.scratch_bytes > 0 { padded(self.out_bytes) } else { self.out_bytes }
    }

    fn repr(&self, atom: &Atom) -> AtomRepr<'static> {
        let kinds = atom.args.iter().enumerate();
        let flags = if atom.is_finally { AtomFlags::FINALLY } else { AtomFlags::NONE };
        AtomRepr {
            kind: atom.kind,
            flags,
            kinds: kinds.fold(ArgKinds(0), |kinds, (index, (arg, _))| kinds.with(index, arg.kind())),
            test: atom.test,
            operand: atom.operand,
            then: self.target(atom.then, atom.is_finally),
            otherwise: self.target(atom.otherwise, atom.is_finally),
            ..AtomRepr::call(atom.nr)
        }
    }

    /// A label behind the last atom of its part is the end.
    fn target(&self, lead: Lead, is_finally: bool) -> Target {
        let end = if is_finally { self.atoms.len() } else { self.main };
        match lead {
            Lead::Next => Target::NEXT,
            Lead::Stop => Target::STOP,
            Lead::To(label) => match self.labels[label] {
                at if at < end => Target(u16::try_from(at).unwrap_or(Target::STOP.0)),
                _ => Target::STOP,
            },
        }
    }

    fn words_of(&self, atom: &Atom) -> Vec<u64> {
        let offset = |place| match place {
            Place::ComesBack(at) => at,
            Place::Scratch(at) => self.out_len() + at,
        };
        let as_u32 = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let word = |arg: &Arg| match *arg {
            Arg::Value(value) => value,
            Arg::Result(atom) => atom.into(),
            Arg::Register(register) => register.into(),
            Arg::In(at) => at as u64,
            Arg::Out(place) => offset(place) as u64,
            Arg::Inout(place, data) => Inout { out: as_u32(offset(place)), data: as_u32(data) }.pack(),
        };
        atom.args.iter().map(|(arg, _)| word(arg)).collect()
    }

    /// Where in the script a refusal points.
    fn fault(&self, refused: &Refused, repr: &ProgramRepr<'_>) -> Fault {
        let fault_at = refused.at() as usize;
        let mut at = repr.len_bytes() - repr.atoms.iter().map(AtomRepr::len_bytes).sum::<usize>();
        let mut span = None;
        for (atom, repr) in self.atoms.iter().zip(repr.atoms) {
            let end = at + repr.len_bytes();
            if (at..end).contains(&fault_at) {
                span = Some(atom.at(fault_at - at));
            }
            at = end;
        }
        Fault { refusal: refused.refusal(), span }
    }
}

impl Atom {
    /// What stands at this byte of its record.
    fn at(&self, at: usize) -> Span {
        let argument = at.checked_sub(CALL_ARGS_OFFSET).and_then(|at| self.args.get(at / 8));
        match argument {
            Some((_, span)) => *span,
            None if (8..16).contains(&at) || at == 22 || at == 23 => self.asked,
            None => self.span,
        }
    }

    fn asks_repr(&self) -> Vec<AskRepr<'_>> {
        self.asks.iter().map(|ask| AskRepr { id: ask.id, flags: ask.flags, payload: &ask.payload }).collect()
    }

    /// Bytes it takes in a submission at most.
    pub(crate) fn record_bytes_max(&self) -> usize {
        let asks = self.asks.iter().map(|ask| 16 + padded(ask.payload.len()));
        CALL_BYTES_MIN + 8 * self.args.len() + asks.sum::<usize>()
    }

    /// Bytes that ATOMS has of it at most.
    pub(crate) fn answer_bytes_max(&self) -> usize {
        AtomEntry::HEAD_BYTES + self.asks.len() * RETURN_BYTES_MAX
    }

    pub(crate) fn is_call(&self) -> bool {
        self.kind == Kind::CALL
    }

    /// What the call is named; nothing of a step.
    pub(crate) fn call_name(&self) -> Option<&str> {
        self.is_call().then(|| self.words.split('(').next().unwrap_or_default())
    }

    /// The arguments' values as far as they are known before anything runs.
    pub(crate) fn fixed_args(&self) -> [u64; 6] {
        core::array::from_fn(|index| match self.args.get(index) {
            Some((Arg::Value(value), _)) => *value,
            _ => 0,
        })
    }
}

impl Arg {
    fn kind(self) -> ArgKind {
        match self {
            Arg::Value(_) => ArgKind::VALUE,
            Arg::Result(_) => ArgKind::RESULT,
            Arg::Register(_) => ArgKind::REGISTER,
            Arg::In(_) => ArgKind::IN,
            Arg::Out(_) => ArgKind::OUT,
            Arg::Inout(..) => ArgKind::INOUT,
        }
    }

    /// A number as something to compare with.
    pub(crate) fn operand(self) -> Operand {
        match self {
            Arg::Result(atom) => Operand::result(atom),
            Arg::Register(register) => Operand::register(register),
            Arg::Value(value) => Operand::number(value),
            Arg::In(_) | Arg::Out(_) | Arg::Inout(..) => Operand::number(0),
        }
    }
}
