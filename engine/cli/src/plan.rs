//! The plan that a checked script becomes: steps, the arguments and the dependences of each. `script` makes it, `run` and
//! `print` read it.

mod ask;
pub(crate) mod group;

use syslet::syscalls::{RawArgs, Row};

use crate::plan::group::Group;
use crate::script::source::Span;

pub(crate) use ask::{Area, Ask, Base, BufferId, Patch, Source, StepId};

/// Everything that is to run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    pub(crate) buffers: Vec<BufferSpec>,
    /// The first of the command's arguments, from 0, that the script has no use for.
    pub(crate) unused_argument: Option<usize>,
    /// The line of the first statement that is repeated for each argument, where the command has none.
    pub(crate) repeated_for_none: Option<usize>,
}

/// Memory shared by steps.
#[derive(Clone, Debug)]
pub(crate) struct BufferSpec {
    pub(crate) name: String,
    pub(crate) bytes: usize,
    /// Its first contents, and the addresses of buffers above it that are put in there; zeros follow.
    pub(crate) holds: (Vec<u8>, Vec<Patch>),
}

/// One call to make.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// Line of the script, from 1.
    pub(crate) line: usize,
    pub(crate) name: Option<String>,
    /// The call's name as written; `syscall` when a number was written that has no row.
    pub(crate) call: String,
    pub(crate) nr: u32,
    pub(crate) row: Option<&'static Row>,
    pub(crate) operands: Vec<Operand>,
    pub(crate) asks: Vec<Ask>,
    /// Whether a thread of its own makes it.
    pub(crate) is_private: bool,
    pub(crate) waits: Vec<Wait>,
    /// Whether a later step reads the bytes that come back.
    pub(crate) area_read: bool,
    /// Of a repeated statement, the argument of the command for which this step stands.
    pub(crate) repeat: Option<Repeat>,
    /// The calls of a group; the operands are then the numbers that its first registers begin with.
    pub(crate) group: Option<Group>,
}

/// One turn of a statement that is repeated for each argument of the command (SCRIPT-12).
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Repeat {
    /// From 0.
    pub(crate) index: usize,
    pub(crate) item: Vec<u8>,
}

/// Another step that must be over first.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Wait {
    pub(crate) step: StepId,
    /// Whether this one is skipped unless that one succeeds.
    pub(crate) must_succeed: bool,
}

/// An argument.
#[derive(Clone, Debug)]
pub(crate) struct Operand {
    pub(crate) passed: Passed,
    /// The words that the output shows for it before the call.
    pub(crate) shown: Shown,
    pub(crate) span: Span,
}

/// An argument as the output shows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Shown {
    /// The text of the script, arguments of the command put in.
    Written(String),
    /// A string, without its NUL.
    Bytes(Vec<u8>),
    /// The number passed, known when it is submitted; until then this, as it was written.
    Number(String),
}

/// The way in which an argument is passed.
#[derive(Clone, Debug)]
pub(crate) enum Passed {
    /// The 64 bits of the argument.
    Value(Source),
    /// Memory that holds bytes before the call.
    Memory { way: Way, bytes: Vec<u8>, patches: Vec<Patch> },
    /// Memory for so many bytes that the call writes.
    Out { bytes: usize, way: Way },
}

/// How memory reaches the call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Way {
    /// IN: carried by the submission.
    In,
    /// OUT: carried by the completion.
    Out,
    /// INOUT: carried by both.
    InOut,
    /// VALUE: the address of memory that the command holds until the call is over.
    Held,
}

impl Operand {
    /// Every number that is known only when the step is submitted.
    pub(crate) fn sources(&self) -> impl Iterator<Item = Source> {
        let (value, patches) = match &self.passed {
            Passed::Value(source) => (Some(*source), &[][..]),
            Passed::Memory { patches, .. } => (None, &patches[..]),
            Passed::Out { .. } => (None, &[][..]),
        };
        value.into_iter().chain(patches.iter().map(|patch| patch.from))
    }

    /// The value, if it is known before anything runs.
    pub(crate) fn fixed(&self) -> Option<u64> {
        match self.passed {
            Passed::Value(Source::Fixed(value)) => Some(value),
            _ => None,
        }
    }

    /// The kind of the argument in the submission, by its name.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.passed {
            Passed::Value(_) => "VALUE",
            Passed::Memory { way, .. } | Passed::Out { way, .. } => match way {
                Way::In => "IN",
                Way::Out => "OUT",
                Way::InOut => "INOUT",
                Way::Held => "VALUE",
            },
        }
    }

    /// How many bytes come back for it.
    pub(crate) fn area_bytes(&self) -> Option<usize> {
        match &self.passed {
            Passed::Out { bytes, .. } => Some(*bytes),
            Passed::Memory { way: Way::InOut, bytes, .. } => Some(bytes.len()),
            _ => None,
        }
    }
}

impl Step {
    /// The attributes asked for, those of a group's calls among them.
    pub(crate) fn all_asks(&self) -> impl Iterator<Item = &Ask> {
        let atoms = self.group.iter().flat_map(|group| &group.atoms);
        self.asks.iter().chain(atoms.flat_map(|atom| &atom.asks))
    }

    /// The first argument with bytes that come back, and how many they are at most.
    pub(crate) fn first_area(&self) -> Option<(usize, usize)> {
        let areas = self.operands.iter().enumerate();
        areas.filter_map(|(index, operand)| Some((index, operand.area_bytes()?))).next()
    }

    /// The bits that the kernel takes of argument `index`, if they are known before anything runs.
    pub(crate) fn taken(&self, index: usize) -> Option<u64> {
        let value = self.operands.get(index)?.fixed()?;
        Some(self.row.map_or(value, |row| row.narrow(&self.fixed_args()).get(index)))
    }

    /// The arguments' values as far as they are known before anything runs.
    pub(crate) fn fixed_args(&self) -> RawArgs {
        RawArgs::new(core::array::from_fn(|index| {
            self.operands.get(index).and_then(Operand::fixed).unwrap_or(0)
        }))
    }
}
