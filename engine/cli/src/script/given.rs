//! The command's arguments, put where a script says `$1`, `$@` and `$#`.

use std::borrow::Cow;
use std::cell::Cell;

use crate::plan::Repeat;
use crate::script::error::ScriptError;
use crate::script::group::syntax::{Asked, Condition, Item};
use crate::script::source::{Span, Spanned};
use crate::script::statement::{Body, Statement};
use crate::script::syntax::{
    Argument, Attribute, Call, Choice, Field, Operand, Parameter, Piece, Setting, Term, Text, Value,
};

/// The command's arguments, and which of them `$@` stands for just now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Given<'a> {
    pub(crate) arguments: &'a [Vec<u8>],
    pub(crate) each: Option<usize>,
    /// How many of them the script has used so far, those among them counted that stand before one it has used.
    pub(crate) used: &'a Cell<usize>,
}

impl<'a> Given<'a> {
    /// The bytes that `parameter` stands for.
    pub(crate) fn bytes(&self, parameter: Parameter, span: Span) -> Result<Cow<'a, [u8]>, ScriptError> {
        let used = match parameter {
            Parameter::Number(number) => number as usize,
            Parameter::Count | Parameter::Each => self.arguments.len(),
        };
        self.used.set(self.used.get().max(used));
        let (index, written) = match parameter {
            Parameter::Count => return Ok(Cow::Owned(self.arguments.len().to_string().into_bytes())),
            Parameter::Number(number) => ((number as usize).checked_sub(1), number.to_string()),
            Parameter::Each => (self.each, "@".to_owned()),
        };
        let argument = index.and_then(|index| self.arguments.get(index));
        argument.map(|bytes| Cow::Borrowed(&bytes[..])).ok_or_else(|| {
            let count = self.arguments.len();
            let were = if count == 1 { "argument was" } else { "arguments were" };
            ScriptError::new(span, format!("${written} is missing: {count} {were} given"))
                .help("arguments stand behind the script on the command line")
        })
    }

    /// The turn of the statement, if it is repeated.
    pub(crate) fn repeat(&self) -> Option<Repeat> {
        let index = self.each?;
        Some(Repeat { index, item: self.arguments.get(index)?.clone() })
    }

    /// The bytes of a string, without the NUL that follows it.
    pub(crate) fn text(&self, text: &Text) -> Result<Vec<u8>, ScriptError> {
        let mut bytes = Vec::new();
        for piece in &text.0 {
            match &piece.value {
                Piece::Bytes(piece) => bytes.extend_from_slice(piece),
                Piece::Parameter(parameter) => {
                    bytes.extend_from_slice(&self.bytes(*parameter, piece.span)?);
                }
            }
        }
        Ok(bytes)
    }
}

/// Where `$@` stands in a statement, if it does.
pub(crate) fn each(statement: &Statement) -> Option<Span> {
    match &statement.body {
        Body::Buffer { size, holds } => in_value(&size.value).or_else(|| in_argument(&holds.as_ref()?.value)),
        Body::Call(call) => in_call(call),
        Body::Default(attributes) => in_attributes(attributes),
        Body::Group(group) => in_attributes(&group.attributes).or_else(|| in_items(&group.items)),
    }
}

fn in_call(call: &Call) -> Option<Span> {
    let arguments = call.arguments.iter().find_map(|argument| in_argument(&argument.value));
    arguments.or_else(|| in_attributes(&call.attributes))
}

fn in_attributes(attributes: &[Attribute]) -> Option<Span> {
    attributes.iter().flat_map(|attribute| &attribute.options).find_map(in_choice)
}

fn in_items(items: &[Spanned<Item>]) -> Option<Span> {
    items.iter().find_map(|item| match &item.value {
        Item::Area { size, .. } => in_value(&size.value),
        Item::Call { call, .. } => in_call(call),
        Item::Change { by, .. } => in_operand(by),
        Item::Leave { when, .. } => when.as_ref().and_then(in_condition),
        Item::If { when, then, otherwise } => {
            in_condition(when).or_else(|| in_items(then)).or_else(|| in_items(otherwise))
        }
        Item::Loop(items) | Item::Finally(items) | Item::Together { items, .. } => in_items(items),
    })
}

fn in_condition(condition: &Condition) -> Option<Span> {
    match &condition.asked {
        Asked::Compared(_, value) => in_value(value),
        Asked::Errno(_) | Asked::Error => None,
    }
}

fn in_argument(argument: &Argument) -> Option<Span> {
    match argument {
        Argument::Value(value) => in_value(value),
        Argument::Text(text) => in_text(text),
        Argument::Out(size) => in_value(&size.value),
        Argument::View(view) => in_value(&view.offset.value),
        Argument::Part(part) => in_value(&part.offset.value),
        Argument::Bit(of) => in_operand(of),
        Argument::Pack(fields) => fields.iter().find_map(|field| match &field.value {
            Field::Text(text) => in_text(text),
            Field::Number(_, operand) => in_operand(operand),
        }),
    }
}

fn in_operand(operand: &Operand) -> Option<Span> {
    match operand {
        Operand::Value(value) => in_value(value),
        Operand::View(view) => in_value(&view.offset.value),
        Operand::Part(part) => in_value(&part.offset.value),
        Operand::Bit(of) => in_operand(of),
    }
}

fn in_value(value: &Value) -> Option<Span> {
    value.0.iter().find_map(|term| match &term.value {
        Term::Parameter(Parameter::Each) => Some(term.span),
        Term::Length(text) => in_text(text),
        _ => None,
    })
}

fn in_text(text: &Text) -> Option<Span> {
    text.0.iter().find(|piece| piece.value == Piece::Parameter(Parameter::Each)).map(|piece| piece.span)
}

fn in_choice(choice: &Choice) -> Option<Span> {
    match &choice.value.value {
        Setting::Text(text) => in_text(text),
        _ => None,
    }
}
