//! Arguments of a group's calls: names of the group by what they are, all else as a statement's.

use syslet::syscalls::Direction;

use crate::plan::group::{Arg, Memory, Place};
use crate::plan::{Passed, Shown, Source, Way};
use crate::script::error::ScriptError;
use crate::script::group::lowering::{Local, Lowering};
use crate::script::lower::Position;
use crate::script::source::{Span, Spanned};
use crate::script::syntax::{Argument, Field, Operand};

/// An argument as it is passed, and how it is shown.
pub(crate) struct Lowered {
    pub(crate) arg: Arg,
    pub(crate) shown: String,
    pub(crate) span: Span,
    /// How long the buffer is whose address it is, if it is one.
    buffer: Option<usize>,
}

impl Lowered {
    /// How much memory is passed, in bytes; nothing for a number.
    pub(crate) fn bytes(&self) -> Option<usize> {
        match self.arg {
            Arg::Memory(memory) | Arg::Inout(memory, _) => Some(memory.bytes),
            _ => self.buffer,
        }
    }
}

impl Lowering<'_> {
    /// What is passed for `argument` at `position`.
    pub(crate) fn argument(
        &mut self,
        argument: &Spanned<Argument>,
        position: Position<'_>,
    ) -> Result<Lowered, ScriptError> {
        let span = argument.span;
        if let Argument::Value(value) = &argument.value
            && let Some(word) = value.word()
            && let Some(local) = self.names.get(word).copied()
        {
            let shown = word.to_owned();
            let arg = passed(local, word, span, position)?;
            return Ok(Lowered { arg, shown, span, buffer: None });
        }
        self.check_argument(argument)?;
        let operand = self.context.lower(argument, position)?;
        let shown = match &operand.shown {
            Shown::Written(text) | Shown::Number(text) => text.clone(),
            Shown::Bytes(bytes) => syslet::syscalls::decode::quoted(bytes, bytes.len()),
        };
        let (arg, buffer) = match operand.passed {
            Passed::Value(Source::Fixed(value)) => (Arg::Value(value), None),
            Passed::Value(source) => {
                let buffer = match source {
                    Source::Address(id) => Some(self.context.plan.buffers[id].bytes),
                    _ => None,
                };
                (self.input(source, operand.shown, span)?, buffer)
            }
            Passed::Memory { patches, .. } if !patches.is_empty() => {
                return Err(ScriptError::new(
                    span,
                    "in a group, pack(…) holds what is known before anything runs",
                ));
            }
            Passed::Memory { way: Way::In, bytes, .. } => {
                (Arg::Memory(Memory::new(Place::Data(self.carry(&bytes)), bytes.len())), None)
            }
            Passed::Memory { way: Way::InOut, bytes, .. } => {
                let data = self.carry(&bytes);
                (Arg::Inout(self.room(bytes.len(), true), data), None)
            }
            Passed::Out { bytes, way: Way::Out } => (Arg::Memory(self.room(bytes, true)), None),
            Passed::Memory { .. } | Passed::Out { .. } => {
                let message = format!("{} has a shape that the table does not know", position.describe());
                return Err(
                    ScriptError::new(span, message).help("in a group such memory is a buffer made above it")
                );
            }
        };
        Ok(Lowered { arg, shown, span, buffer })
    }

    /// Checks the names that an argument consists of.
    fn check_argument(&self, argument: &Spanned<Argument>) -> Result<(), ScriptError> {
        match &argument.value {
            Argument::Value(value) => self.check_words(value),
            Argument::Out(size) => self.check_words(&size.value),
            Argument::View(view) if self.names.contains_key(&view.of.value) => {
                let message = "a number from an area of the group is put into a register first";
                Err(ScriptError::new(argument.span, message).help(format!("x = {view}")))
            }
            Argument::Pack(fields) => fields.iter().try_for_each(|field| match &field.value {
                Field::Number(_, Operand::Value(value))
                    if value.word().is_some_and(|word| self.names.contains_key(word)) =>
                {
                    let message = "in a group, pack(…) holds what is known before anything runs";
                    Err(ScriptError::new(field.span, message))
                }
                _ => Ok(()),
            }),
            Argument::View(_) | Argument::Text(_) => Ok(()),
        }
    }
}

/// A name of the group as an argument.
fn passed(local: Local, word: &str, span: Span, position: Position<'_>) -> Result<Arg, ScriptError> {
    let direction = position.direction();
    match local {
        Local::Area(area) if matches!(direction, Direction::In | Direction::Out | Direction::InOut) => {
            Ok(Arg::Memory(area))
        }
        Local::Area(_) => Err(position.wrong(span, "a part of the group's area")),
        Local::Result(_) | Local::Register(_) if !position.takes_numbers() => {
            Err(position.wrong(span, &format!("`{word}`, which is a number")))
        }
        Local::Result(atom) => Ok(Arg::Result(atom)),
        Local::Register(register) => Ok(Arg::Register(register)),
    }
}
