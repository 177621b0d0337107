//! Builds the program that a group is submitted as, for `run` and for the printed plan.

use syslet::abi::{
    ArgKind, ArgKinds, AskRepr, AtomFlags, AtomRepr, AttributeFlags, AttributeId, CALL_ARGS_OFFSET,
    CallFlags, Inout, Offset, ProgramRepr, Target, padded,
};
use syslet::program::Program;
use syslet::{Refusal, Refused};

use super::{Arg, Atom, Group, Lead, Memory, Place};
use crate::script::lower::OUT_BYTES_MAX;
use crate::script::source::Span;

/// An attribute of the whole submission: id, flags, payload.
pub(crate) type Asked = (AttributeId, AttributeFlags, Vec<u8>);

/// The refusal of a program, and the place in the script that it means.
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

    /// Rounded up before scratch memory, which lies behind it in the same area and keeps its alignment.
    fn out_len(&self) -> usize {
        if self.scratch_bytes > 0 { padded(self.out_bytes) } else { self.out_bytes }
    }

    fn repr(&self, atom: &Atom) -> AtomRepr<'static> {
        let kinds = atom.args.iter().enumerate();
        let finally = if atom.is_finally { AtomFlags::FINALLY } else { AtomFlags::NONE };
        AtomRepr {
            kind: atom.kind,
            flags: atom.flags.with(finally),
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
        let word = |arg: &Arg| match *arg {
            Arg::Value(value) => value,
            Arg::Result(atom) => atom.into(),
            Arg::Register(register) => register.into(),
            Arg::Memory(memory) => self.offset(memory).pack(),
            Arg::Inout(memory, data) => Inout { out: self.offset(memory).at, data: as_u32(data) }.pack(),
        };
        atom.args.iter().map(|(arg, _)| word(arg)).collect()
    }

    fn offset(&self, memory: Memory) -> Offset {
        let at = match memory.place {
            Place::Data(at) | Place::ComesBack(at) => at,
            Place::Scratch(at) => self.out_len() + at,
        };
        let len = memory.is_bounded.then_some(as_u32(memory.bytes));
        Offset { at: as_u32(at), register: memory.register, len }
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

/// Areas are shorter than 32 bits can say.
fn as_u32(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

const _: () = assert!(OUT_BYTES_MAX <= Offset::LEN_MAX as usize, "the record can say how long an area is");

impl Atom {
    /// The part of the script that this byte of the atom's record comes from.
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
}

impl Arg {
    fn kind(self) -> ArgKind {
        match self {
            Arg::Value(_) => ArgKind::VALUE,
            Arg::Result(_) => ArgKind::RESULT,
            Arg::Register(_) => ArgKind::REGISTER,
            Arg::Memory(Memory { place: Place::Data(_), .. }) => ArgKind::IN,
            Arg::Memory(_) => ArgKind::OUT,
            Arg::Inout(..) => ArgKind::INOUT,
        }
    }
}
