//! Lays out the fields of `pack(…)` as C lays out a struct, for statements and groups.

use crate::plan::{Patch, Source};
use crate::script::assigned::Named;
use crate::script::context::Context;
use crate::script::error::ScriptError;
use crate::script::given::Given;
use crate::script::source::{Span, Spanned};
use crate::script::syntax::{Field, Operand, Value, Width};

/// The memory, and how the output shows it.
pub(crate) struct Packed<T> {
    pub(crate) bytes: Vec<u8>,
    /// The numbers that are filled in later: where each stands, and where it comes from.
    pub(crate) later: Vec<(usize, Width, T)>,
    pub(crate) shown: String,
}

/// The contents of a field.
pub(crate) enum Content<T> {
    /// A number, and how it is shown.
    Known(i128, String),
    Later(T),
}

/// Lays out `fields`; `content` gives the meaning of a number.
pub(crate) fn pack<T>(
    fields: &[Spanned<Field>],
    given: Given<'_>,
    mut content: impl FnMut(Width, &Operand, Span) -> Result<Content<T>, ScriptError>,
) -> Result<Packed<T>, ScriptError> {
    let mut packed = Packed { bytes: Vec::new(), later: Vec::new(), shown: String::new() };
    let mut align = 1;
    for (index, field) in fields.iter().enumerate() {
        packed.shown.push_str(if index == 0 { "" } else { ", " });
        match &field.value {
            Field::Text(text) => {
                let text = given.text(text)?;
                packed.shown.push_str(&syslet::syscalls::decode::quoted(&text, text.len()));
                packed.bytes.extend_from_slice(&text);
                packed.bytes.push(0);
            }
            Field::Number(width, operand) => {
                align = align.max(width.bytes);
                packed.pad(width.bytes);
                let content = content(*width, operand, field.span)?;
                packed.number(*width, operand, field.span, content)?;
            }
        }
    }
    packed.pad(align);
    Ok(packed)
}

impl<T> Packed<T> {
    fn pad(&mut self, align: usize) {
        self.bytes.resize(self.bytes.len().next_multiple_of(align), 0);
    }

    fn number(
        &mut self,
        width: Width,
        operand: &Operand,
        span: Span,
        content: Content<T>,
    ) -> Result<(), ScriptError> {
        let shown = match content {
            Content::Known(number, _) if !width.holds(number) => {
                return Err(ScriptError::new(span, format!("{number} does not fit {}", width.name())));
            }
            Content::Known(number, shown) => {
                self.bytes.extend_from_slice(&number.to_ne_bytes()[..width.bytes]);
                shown
            }
            Content::Later(from) => {
                let at = self.bytes.len();
                self.later.push((at, width, from));
                self.bytes.resize(at + width.bytes, 0);
                operand.to_string()
            }
        };
        self.shown.push_str(width.name());
        self.shown.push(' ');
        self.shown.push_str(&shown);
        Ok(())
    }
}

impl Packed<Source> {
    /// The numbers that are filled in when the statement is submitted.
    pub(crate) fn patches(&self) -> Vec<Patch> {
        self.later.iter().map(|&(at, width, from)| Patch { at, width, from }).collect()
    }
}

impl Context<'_> {
    /// The meaning of a number of a statement's `pack(…)`.
    pub(crate) fn content(
        &mut self,
        width: Width,
        operand: &Operand,
        span: Span,
    ) -> Result<Content<Source>, ScriptError> {
        let value = match operand {
            Operand::View(view) => {
                return self.assigned.view(view, self.given, self.plan).map(Content::Later);
            }
            Operand::Part(part) => {
                if let (Named::Buffer(_), 1..8) = (self.assigned.find(&part.of)?, width.bytes) {
                    return Err(ScriptError::new(span, "the address of a buffer needs a u64"));
                }
                return self.part(part).map(Content::Later);
            }
            Operand::Bit(of) => return self.bit(of, span).map(Content::Later),
            Operand::Value(value) => value,
        };
        match self.named_by(value) {
            Some(Named::Step(id)) => Ok(Content::Later(Source::Result(id))),
            Some(Named::Atom(step, atom)) => Ok(Content::Later(Source::Atom(step, atom))),
            Some(Named::Buffer(id)) if width.bytes == 8 => Ok(Content::Later(Source::Address(id))),
            Some(Named::Buffer(_)) => Err(ScriptError::new(span, "the address of a buffer needs a u64")),
            None => {
                let number = self.assigned.number(value, self.given)?;
                Ok(Content::Known(number, self.written(value, number)))
            }
        }
    }

    pub(crate) fn named_by(&self, value: &Value) -> Option<Named> {
        self.assigned.get(value.word()?)
    }
}
