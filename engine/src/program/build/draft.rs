//! Atoms as they are written, and how they become a record.

use syslet_abi::{
    ArgKinds, AskRepr, AtomFlags, AtomRepr, AttributeFlags, AttributeId, Kind, Operand, ProgramRepr, Target,
    Test as AbiTest, padded,
};

use crate::program::Program;
use crate::program::build::Builder;
use crate::program::build::value::{Arg, Word};
use crate::refused::Refused;

/// A place among the atoms.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Label(pub(crate) usize);

/// Where an atom leads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Lead {
    Next,
    Stop,
    To(Label),
}

/// One atom.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) kind: Kind,
    pub(crate) nr: u32,
    pub(crate) flags: AtomFlags,
    pub(crate) kinds: ArgKinds,
    pub(crate) args: Vec<Word>,
    pub(crate) test: AbiTest,
    pub(crate) operand: Operand,
    pub(crate) then: Lead,
    pub(crate) otherwise: Lead,
    pub(crate) attributes: Vec<(AttributeId, AttributeFlags, Vec<u8>)>,
}

impl Builder<'_> {
    /// The program.
    pub(crate) fn finish(self) -> Result<Program, Refused> {
        let end = self.atoms.len();
        let target = |lead: Lead| match lead {
            Lead::Next => Target::NEXT,
            Lead::Stop => Target::STOP,
            Lead::To(label) => match self.labels[label.0].filter(|at| *at < end) {
                Some(at) => Target(u16::try_from(at).unwrap_or(Target::STOP.0)),
                None => Target::STOP,
            },
        };
        let out_len = if self.scratch_len > 0 { padded(self.out_len) } else { self.out_len };
        let args =
            |draft: &Draft| -> Vec<u64> { draft.args.iter().map(|word| word.placed(out_len)).collect() };
        let drafts: Vec<&Draft> = self.atoms.iter().chain(&self.finally).collect();
        let placed: Vec<Vec<u64>> = drafts.iter().map(|draft| args(draft)).collect();
        let asks: Vec<Vec<AskRepr<'_>>> = drafts.iter().map(|draft| asks(&draft.attributes)).collect();
        let atom = |draft: &Draft| AtomRepr {
            kind: draft.kind,
            flags: draft.flags,
            nr: draft.nr,
            kinds: draft.kinds,
            args: &[],
            test: draft.test,
            operand: draft.operand,
            then: target(draft.then),
            otherwise: target(draft.otherwise),
            attributes: &[],
        };
        let atoms: Vec<AtomRepr<'_>> = drafts
            .iter()
            .zip(&asks)
            .zip(&placed)
            .map(|((draft, asks), args)| AtomRepr { args, attributes: asks, ..atom(draft) })
            .collect();
        let data = (!self.data.is_empty()).then_some(AskRepr {
            id: AttributeId::DATA,
            flags: AttributeFlags::NONE,
            payload: &self.data,
        });
        let attributes: Vec<AskRepr<'_>> = data.into_iter().chain(asks_of(&self.attributes)).collect();
        let repr = ProgramRepr {
            flags: self.flags,
            user_data: 0,
            registers: &self.registers,
            budget: self.budget,
            out_len: u32::try_from(out_len).unwrap_or(u32::MAX),
            scratch_len: u32::try_from(self.scratch_len).unwrap_or(u32::MAX),
            attributes: &attributes,
            atoms: &atoms,
        };
        Program::of(&repr)
    }
}

fn asks_of(attributes: &[(AttributeId, AttributeFlags, Vec<u8>)]) -> impl Iterator<Item = AskRepr<'_>> {
    attributes.iter().map(|(id, flags, payload)| AskRepr { id: *id, flags: *flags, payload })
}

fn asks(attributes: &[(AttributeId, AttributeFlags, Vec<u8>)]) -> Vec<AskRepr<'_>> {
    asks_of(attributes).collect()
}

impl Draft {
    pub(crate) fn new(kind: Kind, nr: u32, args: &[Arg<'_>]) -> Draft {
        let kinds = args.iter().enumerate().take(syslet_abi::ARGS_MAX);
        Draft {
            kind,
            nr,
            flags: AtomFlags::NONE,
            kinds: kinds.fold(ArgKinds(0), |kinds, (index, arg)| kinds.with(index, arg.kind())),
            args: args.iter().map(Arg::word).collect(),
            test: AbiTest::ALWAYS,
            operand: Operand::number(0),
            then: Lead::Next,
            otherwise: Lead::Next,
            attributes: Vec::new(),
        }
    }
}
