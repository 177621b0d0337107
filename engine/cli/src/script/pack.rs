//! `pack(…)`: fields laid out as C lays out a struct.

use crate::plan::{Patch, Source};
use crate::script::assigned::Named;
use crate::script::context::Context;
use crate::script::error::ScriptError;
use crate::script::source::{Span, Spanned};
use crate::script::syntax::{Field, Operand, Value, Width};

/// The memory, what is filled in later, and how the output shows it.
pub(crate) struct Packed {
    pub(crate) bytes: Vec<u8>,
    pub(crate) patches: Vec<Patch>,
    pub(crate) shown: String,
}

/// Lays out `fields`.
pub(crate) fn pack(fields: &[Spanned<Field>], context: &mut Context<'_>) -> Result<Packed, ScriptError> {
    let mut packed = Packed { bytes: Vec::new(), patches: Vec::new(), shown: String::new() };
    let mut align = 1;
    for (index, field) in fields.iter().enumerate() {
        packed.shown.push_str(if index == 0 { "" } else { ", " });
        match &field.value {
            Field::Text(text) => {
                let text = context.given.text(text)?;
                packed.shown.push_str(&syslet::syscalls::decode::quoted(&text, text.len()));
                packed.bytes.extend_from_slice(&text);
                packed.bytes.push(0);
            }
            Field::Number(width, operand) => {
                align = align.max(width.bytes);
                packed.pad(width.bytes);
                packed.number(*width, operand, field.span, context)?;
            }
        }
    }
    packed.pad(align);
    Ok(packed)
}

impl Packed {
    fn pad(&mut self, align: usize) {
        self.bytes.resize(self.bytes.len().next_multiple_of(align), 0);
    }

    fn number(
        &mut self,
        width: Width,
        operand: &Operand,
        span: Span,
        context: &mut Context<'_>,
    ) -> Result<(), ScriptError> {
        let from = match operand {
            Operand::View(view) => context.assigned.view(view, context.given, context.plan)?,
            Operand::Value(value) => match named(value, context) {
                Some(Named::Step(id)) => Source::Result(id),
                Some(Named::Buffer(id)) if width.bytes == 8 => Source::Address(id),
                Some(Named::Buffer(_)) => {
                    return Err(ScriptError::new(span, "the address of a buffer needs a u64"));
                }
                None => return self.fixed(width, value, span, context),
            },
        };
        let at = self.bytes.len();
        self.patches.push(Patch { at, width, from });
        self.bytes.resize(at + width.bytes, 0);
        self.show(width, operand_text(operand));
        Ok(())
    }

    fn fixed(
        &mut self,
        width: Width,
        value: &Value,
        span: Span,
        context: &Context<'_>,
    ) -> Result<(), ScriptError> {
        let number = context.assigned.number(value, context.given)?;
        if !width.holds(number) {
            return Err(ScriptError::new(span, format!("{number} does not fit {}", width.name())));
        }
        self.bytes.extend_from_slice(&number.to_ne_bytes()[..width.bytes]);
        self.show(width, context.written(value, number));
        Ok(())
    }

    fn show(&mut self, width: Width, number: String) {
        self.shown.push_str(width.name());
        self.shown.push(' ');
        self.shown.push_str(&number);
    }
}

fn operand_text(operand: &Operand) -> String {
    match operand {
        Operand::Value(value) => value.to_string(),
        Operand::View(view) => view.to_string(),
    }
}

fn named(value: &Value, context: &Context<'_>) -> Option<Named> {
    context.assigned.get(value.word()?)
}
