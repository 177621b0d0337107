//! Lowers changes of registers, and parallel groups of calls.

use syslet::abi::{StepOp, Width as AtomWidth};

use crate::plan::group::Arg;
use crate::script::error::ScriptError;
use crate::script::group::lowering::{Draft, Lowering};
use crate::script::group::syntax::{Change, Item};
use crate::script::source::{Span, Spanned};
use crate::script::syntax::{Call, Operand, Value, View, Width};

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
            Operand::Part(_) | Operand::Bit(_) => {
                return Err(ScriptError::new(
                    span,
                    "a register is given a number, a name or i32(AREA, OFFSET)",
                ));
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
    fn view(&mut self, view: &View) -> Result<(Arg, u64), ScriptError> {
        let prefix = format!("{} at ", view.width.name());
        let offset = (&*view.offset.value, view.offset.span);
        let memory = self.part(&view.of, offset, (view.width.bytes, &prefix))?;
        Ok((Arg::Memory(memory), width_word(view.width)))
    }

    pub(crate) fn together(
        &mut self,
        enough: Option<&Spanned<Value>>,
        items: &[Spanned<Item>],
        span: Span,
    ) -> Result<(), ScriptError> {
        let calls: Vec<_> = items.iter().map(side_by_side).collect::<Result<_, _>>()?;
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
        // Steps that the calls need before them stand before all of them.
        self.depth += 1;
        let made: Vec<Draft> = calls
            .iter()
            .map(|(name, call, span)| self.drafted(*name, call, *span))
            .collect::<Result<_, _>>()?;
        self.depth -= 1;
        let args = vec![(Arg::Value(items.len() as u64), span), (Arg::Value(enough as u64), at)];
        let atom = self.step(StepOp::TOGETHER, args, format!("together of {}", items.len()), span);
        self.push(atom)?;
        for ((name, ..), atom) in calls.iter().zip(made) {
            self.made(*name, atom)?;
        }
        self.is_free = false;
        Ok(())
    }
}

/// A call that runs beside others: its name, the call, where it stands.
fn side_by_side(item: &Spanned<Item>) -> Result<(Option<&Spanned<String>>, &Call, Span), ScriptError> {
    match &item.value {
        Item::Call { name, call } => Ok((name.as_ref(), call, item.span)),
        _ => Err(ScriptError::new(item.span, "only calls run side by side")),
    }
}

/// A width as steps are given it.
pub(crate) fn width_word(width: Width) -> u64 {
    width.bytes as u64 | if width.signed { AtomWidth::SIGNED } else { 0 }
}
