//! The report of a step that is over: the run makes it, the printers show it.

use syslet::attrs::RunBy;
use syslet::{DoneFlags, RawResult, Status};

use crate::measure::Measure;
use crate::plan::Step;

/// A step that is over.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) step: &'a Step,
    /// Its arguments; of a group there are none.
    pub(crate) arguments: Vec<Argument>,
    pub(crate) outcome: Outcome,
}

/// An argument of a step that is over.
#[derive(Clone, Debug)]
pub(crate) struct Argument {
    pub(crate) words: String,
    /// The number that was passed; `None` for memory that travels, and for a step that was never submitted.
    pub(crate) value: Option<u64>,
}

#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// It was not submitted, and why.
    Skipped(String),
    Done(Answer),
}

/// The contents of a completion.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) result: RawResult,
    /// The result in words, for a printer that shows it.
    pub(crate) words: String,
    pub(crate) flags: DoneFlags,
    /// The thread that made the call; `None` for a call that the engine answered.
    pub(crate) ran_by: Option<RunBy>,
    /// The bytes that came back, by argument.
    pub(crate) data: Vec<Data>,
    /// In the order asked.
    pub(crate) attributes: Vec<Answered>,
    /// Of a group, the atoms that ran, in the order of their numbers.
    pub(crate) atoms: Vec<AtomAnswer>,
    /// Of a group, the contents of its areas in words, by name, for a printer that shows them.
    pub(crate) areas: Vec<(String, String)>,
}

/// The entry of one atom in the value of ATOMS.
#[derive(Clone, Debug)]
pub(crate) struct AtomAnswer {
    /// Its number.
    pub(crate) atom: usize,
    /// How often it ran.
    pub(crate) runs: u32,
    /// Its value, the last time.
    pub(crate) value: RawResult,
    /// The value in words, for a printer that shows it.
    pub(crate) words: String,
    pub(crate) flags: DoneFlags,
    /// In the order asked.
    pub(crate) attributes: Vec<Answered>,
}

/// Bytes that came back for an argument.
#[derive(Clone, Debug)]
pub(crate) struct Data {
    pub(crate) argument: usize,
    /// Of a group, the name of the area.
    pub(crate) name: Option<String>,
    pub(crate) bytes: Vec<u8>,
}

/// An attribute's return.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    pub(crate) name: &'static str,
    pub(crate) status: Status,
    pub(crate) values: Vec<(&'static str, Measure)>,
}

impl Outcome {
    pub(crate) fn succeeded(&self) -> bool {
        matches!(self, Outcome::Done(answer) if answer.result.decode().is_ok())
    }
}

impl Answer {
    /// Whether the kernel was entered.
    pub(crate) fn ran(&self) -> bool {
        !self.flags.contains(DoneFlags::NOT_RUN)
    }
}
