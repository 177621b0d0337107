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
    Address(BufferId),
    View { width: Width, of: Area, offset: usize },
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
    /// The step that has this result or area.
    pub(crate) fn step(self) -> Option<StepId> {
        match self {
            Source::Result(step) | Source::View { of: Area::Step(step), .. } => Some(step),
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
