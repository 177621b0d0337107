//! `pack(…)` in a group: with all numbers known before, it travels as bytes; otherwise steps put it together before the call.

use syslet::abi::StepOp;

use crate::plan::group::{Arg, Memory, Place};
use crate::plan::{Shown, Way};
use crate::script::error::ScriptError;
use crate::script::group::argument::Lowered;
use crate::script::group::lowering::{Local, Lowering};
use crate::script::group::step::width_word;
use crate::script::lower::Position;
use crate::script::pack::{Content, Packed, pack};
use crate::script::source::{Span, Spanned};
use crate::script::syntax::{Field, Operand, Width};

/// A number that is known when the group runs, and where it is named.
type Later = (Arg, Span);

impl Lowering<'_> {
    pub(crate) fn packed(
        &mut self,
        fields: &[Spanned<Field>],
        span: Span,
        position: Position<'_>,
    ) -> Result<Lowered, ScriptError> {
        let way = position.way_in(span, "pack(…)")?;
        if way == Way::Held {
            return Err(position.unknown_shape(span));
        }
        let given = self.context.given;
        let packed = pack(fields, given, |width, operand, span| self.content(width, operand, span))?;
        let shown = format!("pack({})", packed.shown);
        let arg = if packed.later.is_empty() {
            self.carried(&packed.bytes, way)
        } else {
            Arg::Memory(self.stored(&packed, span)?)
        };
        Ok(Lowered::new(arg, shown, span))
    }

    /// Memory that holds `bytes` before the call.
    pub(crate) fn carried(&mut self, bytes: &[u8], way: Way) -> Arg {
        let at = self.carry(bytes);
        if way == Way::InOut {
            Arg::Inout(self.room(bytes.len(), true), at)
        } else {
            Arg::Memory(Memory::new(Place::Data(at), bytes.len()))
        }
    }

    /// The meaning of a number of `pack(…)`.
    fn content(
        &mut self,
        width: Width,
        operand: &Operand,
        span: Span,
    ) -> Result<Content<Later>, ScriptError> {
        match operand {
            Operand::Value(value) => match value.word().and_then(|word| self.names.get(word)).copied() {
                Some(Local::Result(_)) if self.in_finally => {
                    let message = "on the way out a result may be missing";
                    return Err(ScriptError::new(span, message)
                        .help("a register that was given it, above, is always there"));
                }
                Some(_) => return Ok(Content::Later((self.number(value)?, value.span()))),
                None => self.check_words(value)?,
            },
            operand => self.check_operand(operand, span)?,
        }
        match self.context.content(width, operand, span)? {
            Content::Known(number, shown) => Ok(Content::Known(number, shown)),
            Content::Later(source) => {
                let register = self.input(source, Shown::Number(operand.to_string()), span)?;
                Ok(Content::Later((register, span)))
            }
        }
    }

    /// Memory that steps fill each time before the call, all of it, so that no earlier contents are left.
    fn stored(&mut self, packed: &Packed<Later>, span: Span) -> Result<Memory, ScriptError> {
        let (memory, len) = (self.room(packed.bytes.len(), false), packed.bytes.len());
        let later = |from: usize, to: usize| packed.later.iter().find(|(at, ..)| (from..to).contains(at));
        let mut at = 0;
        while at < len {
            // Numbers are aligned, and so is each piece: one holds the other, or they do not meet.
            let is_free = |bytes: &usize| {
                at.is_multiple_of(*bytes) && at + bytes <= len && later(at, at + bytes).is_none()
            };
            let (width, number) = match (later(at, at + 1), [8, 4, 2, 1].into_iter().find(is_free)) {
                (None, Some(bytes)) => {
                    let mut raw = [0; 8];
                    raw[..bytes].copy_from_slice(&packed.bytes[at..at + bytes]);
                    (Width { bytes, signed: false }, (Arg::Value(u64::from_ne_bytes(raw)), span))
                }
                (Some((_, width, number)), _) => (*width, *number),
                (None, None) => break,
            };
            self.store(memory, at, width, number)?;
            at += width.bytes;
        }
        Ok(memory)
    }

    fn store(&mut self, memory: Memory, at: usize, width: Width, number: Later) -> Result<(), ScriptError> {
        let span = number.1;
        let place = memory.behind(at).unwrap_or(memory);
        let args = vec![(Arg::Memory(place), span), (Arg::Value(width_word(width)), span), number];
        let atom = self.step(StepOp::STORE, args, String::new(), span);
        self.push(atom).map(drop)
    }
}
