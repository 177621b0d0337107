//! Numbers and attributes of a plan, of which some are known only when a step is submitted. Steps and groups have them.

use syslet::abi::{AttributeFlags, AttributeId};

use crate::script::source::Span;
use crate::script::syntax::Width;

/// Position of a step in `Plan::steps`.
pub(crate) type StepId = usize;
/// Position of a buffer in `Plan::buffers`.
pub(crate) type BufferId = usize;

/// Where a number comes from.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Source {
    Fixed(u64),
    Result(StepId),
    /// The result of a call of a group, by the number of its atom.
    Atom(StepId, u16),
    Address(BufferId),
    View {
        width: Width,
        of: Area,
        offset: usize,
    },
    /// A number so much above that one.
    Plus(Base, i64),
    /// The bit that has that number.
    Bit(Base),
}

/// A number out of which others are made.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Base {
    Result(StepId),
    Atom(StepId, u16),
    Address(BufferId),
    View { width: Width, of: Area, offset: usize },
}

impl Base {
    /// The base itself; nothing for a number that is known, or made out of another.
    pub(crate) fn of(source: Source) -> Option<Base> {
        match source {
            Source::Result(step) => Some(Base::Result(step)),
            Source::Atom(step, atom) => Some(Base::Atom(step, atom)),
            Source::Address(buffer) => Some(Base::Address(buffer)),
            Source::View { width, of, offset } => Some(Base::View { width, of, offset }),
            Source::Fixed(_) | Source::Plus(..) | Source::Bit(_) => None,
        }
    }

    pub(crate) fn source(self) -> Source {
        match self {
            Base::Result(step) => Source::Result(step),
            Base::Atom(step, atom) => Source::Atom(step, atom),
            Base::Address(buffer) => Source::Address(buffer),
            Base::View { width, of, offset } => Source::View { width, of, offset },
        }
    }
}

/// Memory that a view reads.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Area {
    /// The first out-area of a step.
    Step(StepId),
    Buffer(BufferId),
}

/// A number to be put into memory when the step is submitted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Patch {
    pub(crate) at: usize,
    pub(crate) width: Width,
    pub(crate) from: Source,
}

impl Source {
    /// The number out of which it is made, if it is; else itself.
    pub(crate) fn base(self) -> Source {
        match self {
            Source::Plus(base, _) | Source::Bit(base) => base.source(),
            source => source,
        }
    }

    /// The step that has this result or area.
    pub(crate) fn step(self) -> Option<StepId> {
        match self.base() {
            Source::Result(step) | Source::Atom(step, _) | Source::View { of: Area::Step(step), .. } => {
                Some(step)
            }
            _ => None,
        }
    }
}

/// An attribute asked for.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) name: &'static str,
    pub(crate) id: AttributeId,
    pub(crate) flags: AttributeFlags,
    pub(crate) payload: Vec<u8>,
    /// The number in it that is known only when the step is submitted, and where it is named.
    pub(crate) patch: Option<(Patch, Span)>,
}
