//! Arguments of a group's calls: names of the group by what they are, all else as a statement's.

use syslet::syscalls::{Arg as Described, Direction};

use crate::plan::group::{Arg, Place};
use crate::plan::{Passed, Shown, Source, Way};
use crate::script::error::ScriptError;
use crate::script::group::lowering::{Local, Lowering};
use crate::script::length::{decided_by, reach};
use crate::script::lower::Position;
use crate::script::source::{Span, Spanned};
use crate::script::syntax::{Argument, Field, Operand};

/// An argument as it is passed, how it is shown, and how much memory it is.
pub(crate) struct Lowered {
    pub(crate) arg: Arg,
    pub(crate) shown: String,
    pub(crate) span: Span,
    bytes: Option<usize>,
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
            let (arg, bytes) = passed(local, word, span, position)?;
            return Ok(Lowered { arg, shown, span, bytes });
        }
        self.check_argument(argument)?;
        let operand = self.context.lower(argument, position)?;
        let shown = match &operand.shown {
            Shown::Written(text) | Shown::Number(text) => text.clone(),
            Shown::Bytes(bytes) => syslet::syscalls::decode::quoted(bytes, bytes.len()),
        };
        let (arg, bytes) = match operand.passed {
            Passed::Value(Source::Fixed(value)) => (Arg::Value(value), None),
            Passed::Value(source) => (self.input(source, operand.shown, span)?, None),
            Passed::Memory { patches, .. } if !patches.is_empty() => {
                return Err(ScriptError::new(
                    span,
                    "in a group, pack(…) holds what is known before anything runs",
                ));
            }
            Passed::Memory { way: Way::In, bytes, .. } => (Arg::In(self.carry(&bytes)), Some(bytes.len())),
            Passed::Memory { way: Way::InOut, bytes, .. } => {
                let data = self.carry(&bytes);
                (Arg::Inout(self.room(bytes.len(), true), data), Some(bytes.len()))
            }
            Passed::Out { bytes, way: Way::Out } => (Arg::Out(self.room(bytes, true)), Some(bytes)),
            Passed::Memory { .. } | Passed::Out { .. } => {
                let message = format!("{} has a shape that the table does not know", position.describe());
                return Err(
                    ScriptError::new(span, message).help("in a group such memory is a buffer made above it")
                );
            }
        };
        Ok(Lowered { arg, shown, span, bytes })
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

    /// Bytes that travel with the group: where they begin.
    fn carry(&mut self, bytes: &[u8]) -> usize {
        let data = &mut self.group.data;
        data.resize(data.len().next_multiple_of(8), 0);
        let at = data.len();
        data.extend_from_slice(bytes);
        at
    }

    /// Room in the out area.
    pub(crate) fn room(&mut self, bytes: usize, comes_back: bool) -> Place {
        let all = if comes_back { &mut self.group.out_bytes } else { &mut self.group.scratch_bytes };
        let at = all.next_multiple_of(8);
        *all = at + bytes;
        if comes_back { Place::ComesBack(at) } else { Place::Scratch(at) }
    }
}

/// A name of the group as an argument.
fn passed(
    local: Local,
    word: &str,
    span: Span,
    position: Position<'_>,
) -> Result<(Arg, Option<usize>), ScriptError> {
    let direction = position.direction();
    match local {
        Local::Area { place, bytes }
            if matches!(direction, Direction::In | Direction::Out | Direction::InOut) =>
        {
            Ok((Arg::Out(place), Some(bytes)))
        }
        Local::Area { .. } => Err(position.wrong(span, "a part of the group's area")),
        Local::Result(_) | Local::Register(_) if !position.takes_numbers() => {
            Err(position.wrong(span, &format!("`{word}`, which is a number")))
        }
        Local::Result(atom) => Ok((Arg::Result(atom), None)),
        Local::Register(register) => Ok((Arg::Register(register), None)),
    }
}

/// Checks that the memory is as long as the call reaches, where that is known before anything runs.
pub(crate) fn check_lengths(
    call: &str,
    args: &'static [Described],
    lowered: &[Lowered],
) -> Result<(), ScriptError> {
    let fixed = |by: usize| match lowered.get(by).map(|lowered| lowered.arg) {
        Some(Arg::Value(value)) => Some(value),
        _ => None,
    };
    for (index, (one, arg)) in lowered.iter().zip(args).enumerate() {
        let Some(bytes) = one.bytes else { continue };
        if let Some(by) = decided_by(arg.len).filter(|by| *by >= lowered.len()) {
            let message =
                format!("argument {} of {call}, which says how long this one is, is missing", by + 1);
            return Err(ScriptError::new(one.span, message));
        }
        if let Some(reached) = reach(arg.len, fixed, |_| None).filter(|&reached| reached > bytes as u64) {
            let position = Position { call, index, arg: Some(arg) };
            let message =
                format!("{} has {bytes} bytes, and the call reaches {reached}", position.describe());
            return Err(ScriptError::new(one.span, message));
        }
    }
    Ok(())
}
