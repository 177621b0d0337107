//! Steps of a group that make no call: changes of registers, and calls side by side.

use syslet::abi::{StepOp, Width as AtomWidth};

use crate::plan::group::Arg;
use crate::script::error::ScriptError;
use crate::script::group::lowering::{Draft, Local, Lowering};
use crate::script::group::syntax::{Change, Item};
use crate::script::source::{Span, Spanned};
use crate::script::syntax::{Operand, Value, View, Width};

impl Lowering<'_> {
    pub(crate) fn change(
        &mut self,
        name: &Spanned<String>,
        change: Change,
        by: &Operand,
        span: Span,
    ) -> Result<(), ScriptError> {
        let (op, args, words) = match by {
            Operand::Value(value) => {
                let number = self.number(value)?;
                let op = match change {
                    Change::Set => StepOp::SET,
                    Change::Add => StepOp::ADD,
                    Change::Subtract => StepOp::SUBTRACT,
                };
                let words = format!("{} {} {value}", name.value, change.sign());
                (op, vec![(number, value.span())], words)
            }
            Operand::View(view) => {
                let (place, width) = self.view(view)?;
                let args = vec![(place, view.of.span), (Arg::Value(width), view.of.span)];
                (StepOp::LOAD, args, format!("{} = {view}", name.value))
            }
        };
        let register = self.register(name, change == Change::Set)?;
        let args = [(Arg::Value(register.into()), name.span)].into_iter().chain(args).collect();
        let atom = self.step(op, args, words, span);
        self.push(Draft { name: Some(name.value.clone()), ..atom }).map(drop)
    }

    /// A number in an area of the group.
    fn view(&self, view: &View) -> Result<(Arg, u64), ScriptError> {
        let word = &view.of.value;
        let Some(Local::Area(area)) = self.names.get(word).copied() else {
            return Err(ScriptError::new(view.of.span, format!("`{word}` is no area of this group")));
        };
        let number = self.context.assigned.number(&view.offset.value, self.context.given)?;
        let Width { bytes: width, signed } = view.width;
        let part = usize::try_from(number).ok().and_then(|offset| area.behind(offset));
        let part = part.filter(|part| part.bytes >= width).ok_or_else(|| {
            let (name, bytes) = (view.width.name(), area.bytes);
            let message = format!("{name} at offset {number} lies outside the {bytes} bytes of `{word}`");
            ScriptError::new(view.offset.span, message)
        })?;
        let signed = if signed { AtomWidth::SIGNED } else { 0 };
        Ok((Arg::Memory(part), width as u64 | signed))
    }

    pub(crate) fn together(
        &mut self,
        enough: Option<&Spanned<Value>>,
        items: &[Spanned<Item>],
        span: Span,
    ) -> Result<(), ScriptError> {
        let plain = |item: &&Spanned<Item>| !matches!(item.value, Item::Call { .. });
        if let Some(other) = items.iter().find(plain) {
            return Err(ScriptError::new(other.span, "only calls run side by side"));
        }
        if self.in_finally || items.is_empty() {
            let message = if items.is_empty() {
                "nothing runs side by side here"
            } else {
                "the way out runs one after the other"
            };
            return Err(ScriptError::new(span, message));
        }
        let (enough, at) = match enough {
            None => (0, span),
            Some(enough) => {
                let calls = (items.len(), "calls");
                (self.context.assigned.count(enough, calls, self.context.given)?, enough.span)
            }
        };
        let args = vec![(Arg::Value(items.len() as u64), span), (Arg::Value(enough as u64), at)];
        let atom = self.step(StepOp::TOGETHER, args, format!("together of {}", items.len()), span);
        self.push(atom)?;
        self.block(items)?;
        self.is_free = false;
        Ok(())
    }
}
