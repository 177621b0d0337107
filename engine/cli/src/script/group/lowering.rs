//! The state of a group while its atoms are being made, which all files of this folder that make atoms share.

use std::collections::HashMap;

use syslet::abi::{ATOMS_MAX, AtomFlags, Kind, Operand as Compared, StepOp, Test};

use crate::plan::Operand as Input;
use crate::plan::group::{Arg, Atom, Group, Lead, Memory};
use crate::script::context::Context;
use crate::script::error::ScriptError;
use crate::script::source::Span;

/// An atom that is not among the others yet.
pub(crate) type Draft = Atom;

/// A group, and the facts known while it is being made.
pub(crate) struct Lowering<'a> {
    pub(crate) context: Context<'a>,
    pub(crate) group: Group,
    pub(crate) names: HashMap<String, Local>,
    /// Numbers from outside; their registers are the first ones.
    pub(crate) inputs: Vec<Input>,
    /// How many names are registers.
    pub(crate) registers: usize,
    pub(crate) loops: Vec<Loop>,
    /// Whether the last atom leads simply to the next, and no other does.
    pub(crate) is_free: bool,
    pub(crate) in_finally: bool,
    pub(crate) is_private: bool,
    pub(crate) depth: usize,
}

/// The meaning of a name of the group.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Local {
    Result(u16),
    Register(u8),
    Area(Memory),
}

/// The ends of a loop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loop {
    pub(crate) begin: usize,
    pub(crate) end: usize,
}

impl Lowering<'_> {
    /// A step behind which the next atom comes.
    pub(crate) fn step(&self, op: StepOp, args: Vec<(Arg, Span)>, words: String, span: Span) -> Atom {
        let line = 1 + self.context.text[..span.start].matches('\n').count();
        Atom {
            line,
            span,
            name: None,
            words,
            depth: self.depth,
            row: None,
            kind: Kind::STEP,
            nr: op.0,
            flags: AtomFlags::NONE,
            is_finally: self.in_finally,
            args,
            test: Test::ALWAYS,
            operand: Compared::number(0),
            asked: span,
            then: Lead::Next,
            otherwise: Lead::Next,
            asks: Vec::new(),
        }
    }

    /// Adds an atom; gives its number.
    pub(crate) fn push(&mut self, atom: Atom) -> Result<u16, ScriptError> {
        let id = self.group.atoms.len();
        if id == ATOMS_MAX {
            let message =
                format!("a group comes to {ATOMS_MAX} calls and steps at most, and this is one more");
            return Err(ScriptError::new(atom.span, message));
        }
        self.group.atoms.push(atom);
        self.is_free = true;
        Ok(u16::try_from(id).unwrap_or_default())
    }
}
