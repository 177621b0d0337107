//! Atoms as they are written, before their places are known. The builder makes them, and lays them out as a record.

use syslet_abi::{ArgKinds, AskRepr, AtomFlags, AttributeFlags, AttributeId, Kind, Operand, Test as AbiTest};

use crate::program::build::value::{Arg, Word};

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

pub(crate) fn asks_of(
    attributes: &[(AttributeId, AttributeFlags, Vec<u8>)],
) -> impl Iterator<Item = AskRepr<'_>> {
    attributes.iter().map(|(id, flags, payload)| AskRepr { id: *id, flags: *flags, payload })
}

pub(crate) fn asks(attributes: &[(AttributeId, AttributeFlags, Vec<u8>)]) -> Vec<AskRepr<'_>> {
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
