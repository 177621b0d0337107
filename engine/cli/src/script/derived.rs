//! Numbers made out of another that is known when a statement is submitted: `name + NUMBER` and `1 << name`.

use crate::plan::{Base, Source};
use crate::script::assigned::Named;
use crate::script::context::Context;
use crate::script::error::ScriptError;
use crate::script::source::Span;
use crate::script::syntax::{Operand, Part};

impl Context<'_> {
    /// `name + NUMBER`; of a buffer the address of a byte inside it.
    pub(crate) fn part(&self, part: &Part) -> Result<Source, ScriptError> {
        let number = self.assigned.number(&part.offset.value, self.given)?;
        let (base, is_inside) = match self.assigned.find(&part.of)? {
            Named::Step(step) => (Base::Result(step), true),
            Named::Atom(step, atom) => (Base::Atom(step, atom), true),
            Named::Buffer(id) => {
                (Base::Address(id), (0..self.plan.buffers[id].bytes as i128).contains(&number))
            }
        };
        if !is_inside {
            let message = format!("offset {number} lies outside of `{}`", part.of.value);
            return Err(ScriptError::new(part.offset.span, message));
        }
        let by = i64::try_from(number).map_err(|_| {
            ScriptError::new(part.offset.span, format!("{number} is more than can be added: 2^63-1"))
        })?;
        Ok(Source::Plus(base, by))
    }

    /// `1 << of`.
    pub(crate) fn bit(&mut self, of: &Operand, span: Span) -> Result<Source, ScriptError> {
        let source = match of {
            Operand::View(view) => Some(self.assigned.view(view, self.given, self.plan)?),
            Operand::Value(value) => match self.named_by(value) {
                Some(Named::Step(step)) => Some(Source::Result(step)),
                Some(Named::Atom(step, atom)) => Some(Source::Atom(step, atom)),
                Some(Named::Buffer(_)) | None => None,
            },
            Operand::Part(_) | Operand::Bit(_) => None,
        };
        source.and_then(Base::of).map(Source::Bit).ok_or_else(|| {
            ScriptError::new(span, format!("`{of}` is no result of a statement above"))
                .help("a bit whose number is known before is written as a number: 0x8")
        })
    }
}
