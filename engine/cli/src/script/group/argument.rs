//! Arguments of a group's calls: names of the group by their meaning, all else as a statement's. `call` and `step` use it.

use syslet::syscalls::Direction;

use crate::plan::group::Arg;
use crate::plan::{Passed, Shown, Source, Way};
use crate::script::error::ScriptError;
use crate::script::group::lowering::{Local, Lowering};
use crate::script::length::size_of;
use crate::script::lower::Position;
use crate::script::source::{Span, Spanned};
use crate::script::syntax::{Argument, Operand, View};

/// An argument as it is passed, and how it is shown.
pub(crate) struct Lowered {
    pub(crate) arg: Arg,
    pub(crate) shown: String,
    pub(crate) span: Span,
    /// The length of the buffer, if it is the address of one.
    buffer: Option<usize>,
}

impl Lowered {
    pub(crate) fn new(arg: Arg, shown: String, span: Span) -> Lowered {
        Lowered { arg, shown, span, buffer: None }
    }

    /// The value, if it is known before anything runs.
    pub(crate) fn fixed(&self) -> Option<u64> {
        match self.arg {
            Arg::Value(value) => Some(value),
            _ => None,
        }
    }

    /// How much memory is passed, in bytes; nothing for a number.
    pub(crate) fn bytes(&self) -> Option<usize> {
        match self.arg {
            Arg::Memory(memory) | Arg::Inout(memory, _) => Some(memory.bytes),
            _ => self.buffer,
        }
    }
}

impl Position<'_> {
    /// The error for memory that the table does not describe: it cannot lie in the areas of a group.
    pub(crate) fn unknown_shape(&self, span: Span) -> ScriptError {
        ScriptError::new(span, format!("{} has a shape that the table does not know", self.describe()))
            .help("in a group such memory is a buffer made above it")
    }
}

impl Lowering<'_> {
    /// Lowers `argument` at `position`.
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
            return Ok(Lowered::new(arg, shown, span));
        }
        match &argument.value {
            Argument::Pack(fields) => return self.packed(fields, span, position),
            Argument::Part(part) if self.names.contains_key(&part.of.value) => {
                self.no_number(&part.of)?;
                let memory = self.part(&part.of, (&part.offset.value, part.offset.span), (1, ""))?;
                let arg = passed(Local::Area(memory), &part.of.value, span, position)?;
                return Ok(Lowered::new(arg, part.to_string(), span));
            }
            Argument::Value(value) => self.check_words(value)?,
            Argument::Out(size) => self.check_words(&size.value)?,
            Argument::View(view) => self.check_view(view, span)?,
            Argument::Part(part) => self.check_words(&part.offset.value)?,
            Argument::Bit(of) => self.check_operand(of, span)?,
            Argument::Text(_) => {}
        }
        let operand = self.context.lower(argument, position)?;
        let shown = match &operand.shown {
            Shown::Written(text) | Shown::Number(text) => text.clone(),
            Shown::Bytes(bytes) => syslet::syscalls::decode::quoted(bytes, bytes.len()),
        };
        let arg = match operand.passed {
            Passed::Value(Source::Fixed(value)) => Arg::Value(value),
            Passed::Value(source) => {
                let buffer = size_of(&operand.passed, self.context.plan);
                let arg = self.input(source, operand.shown, span)?;
                return Ok(Lowered { buffer, ..Lowered::new(arg, shown, span) });
            }
            Passed::Memory { way: Way::Held, .. } | Passed::Out { way: Way::Held, .. } => {
                return Err(position.unknown_shape(span));
            }
            Passed::Memory { way, bytes, .. } => self.carried(&bytes, way),
            Passed::Out { bytes, .. } => Arg::Memory(self.room(bytes, true)),
        };
        Ok(Lowered::new(arg, shown, span))
    }

    /// Checks that no number is to be made out of one of the group: registers count there.
    pub(crate) fn no_number(&self, name: &Spanned<String>) -> Result<(), ScriptError> {
        let word = &name.value;
        match self.names.get(word) {
            Some(Local::Result(_) | Local::Register(_)) => {
                let message =
                    format!("`{word}` is no area of this group: as a number it can only stand alone");
                Err(ScriptError::new(name.span, message)
                    .help(format!("x = {word}; x += 1 puts more than it into a register")))
            }
            _ => Ok(()),
        }
    }

    /// Checks that every name in it is known outside of the group.
    pub(crate) fn check_operand(&self, operand: &Operand, span: Span) -> Result<(), ScriptError> {
        match operand {
            Operand::Value(value) => self.check_words(value),
            Operand::View(view) => self.check_view(view, span),
            Operand::Part(part) => {
                self.no_number(&part.of)?;
                self.check_words(&part.offset.value)
            }
            Operand::Bit(of) => self.check_operand(of, span),
        }
    }

    /// Checks that a number is read from memory outside of the group.
    pub(crate) fn check_view(&self, view: &View, span: Span) -> Result<(), ScriptError> {
        if self.names.contains_key(&view.of.value) {
            let message = "a number from an area of the group is put into a register first";
            return Err(ScriptError::new(span, message).help(format!("x = {view}")));
        }
        Ok(())
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
