//! From the tree of a group to its atoms, for `check`.

use std::collections::HashMap;

use syslet::Refusal;
use syslet::abi::{CallFlags, SCRATCH_BYTES_MAX};

use crate::plan::Operand as Input;
use crate::plan::group::{AreaSpec, Group, Place};
use crate::script::context::Context;
use crate::script::error::ScriptError;
use crate::script::group::lowering::{Local, Lowering};
use crate::script::group::syntax::{self, Item};
use crate::script::lower::OUT_BYTES_MAX;
use crate::script::source::{Span, Spanned};

/// All that comes back of a group is at most this long: it is one completion, of which a ring has room for two.
const AREAS_BYTES_MAX: usize = 256 << 20;

/// How many atoms may run where the script does not say: some gigabytes in pieces of 64 KiB.
const BUDGET: u32 = 1_000_000;

/// The atoms of a group, and the numbers it takes from outside.
pub(crate) fn lower(
    tree: &syntax::Group,
    is_private: bool,
    context: Context<'_>,
) -> Result<(Group, Vec<Input>), ScriptError> {
    let text = context.text;
    let mut lowering = Lowering {
        context,
        group: Group { budget: BUDGET, ..Group::default() },
        names: HashMap::new(),
        inputs: Vec::new(),
        registers: 0,
        loops: Vec::new(),
        is_free: false,
        in_finally: false,
        is_private,
        depth: 0,
    };
    lowering.budget(tree)?;
    lowering.all(tree)?;
    let Lowering { group, inputs, .. } = lowering;
    if group.out_bytes > AREAS_BYTES_MAX {
        let message = format!(
            "the areas of this group come to {} bytes, and at most {AREAS_BYTES_MAX} fit",
            group.out_bytes
        );
        return Err(ScriptError::new(tree.word.span, message));
    }
    if let Some(away) = group.atoms.iter().find(|atom| group.is_bound && atom.is_async()) {
        let message = "another call of the group is bound to its thread, and this one would leave it";
        return Err(ScriptError::new(away.span, message));
    }
    let registers = vec![0; inputs.len()];
    if let Err(fault) = group.build(&registers, CallFlags::NONE, &[]) {
        let span = fault.span.unwrap_or(tree.word.span);
        return Err(refused(fault.refusal, span, text));
    }
    Ok((group, inputs))
}

/// The refusal that admission would give the group, in words of the script.
fn refused(refusal: Refusal, span: Span, text: &str) -> ScriptError {
    if refusal != Refusal::RESULT_UNKNOWN {
        return ScriptError::new(span, format!("the group is refused: {refusal}"));
    }
    let name = text.get(span.range()).unwrap_or_default();
    ScriptError::new(
        span,
        format!("`{name}` may not be there: on some way to here it is not made, or closed"),
    )
    .help("use it where it was made, or in `finally`, where a call without its results is left out")
}

impl Lowering<'_> {
    fn budget(&mut self, tree: &syntax::Group) -> Result<(), ScriptError> {
        let Some(budget) = &tree.budget else { return Ok(()) };
        let number = self.context.assigned.number(&budget.value, self.context.given)?;
        let in_range = u32::try_from(number).ok().filter(|number| *number > 0);
        self.group.budget = in_range.ok_or_else(|| {
            ScriptError::new(budget.span, format!("{number} is no budget: how many calls and steps may run"))
        })?;
        Ok(())
    }

    /// The main part, and behind it the way out.
    fn all(&mut self, tree: &syntax::Group) -> Result<(), ScriptError> {
        let (finally, main) = match tree.items.split_last() {
            Some((Spanned { value: Item::Finally(finally), .. }, main)) => (&finally[..], main),
            _ => (&[][..], &tree.items[..]),
        };
        for item in main {
            self.item(item)?;
        }
        self.group.main = self.group.atoms.len();
        if self.group.main == 0 {
            return Err(ScriptError::new(tree.word.span, "a group makes at least one call"));
        }
        (self.in_finally, self.is_free) = (true, false);
        self.block(finally)
    }

    pub(crate) fn block(&mut self, items: &[Spanned<Item>]) -> Result<(), ScriptError> {
        self.depth += 1;
        let done = items.iter().try_for_each(|item| self.item(item));
        self.depth -= 1;
        done
    }

    fn item(&mut self, item: &Spanned<Item>) -> Result<(), ScriptError> {
        let span = item.span;
        match &item.value {
            Item::Area { name, size, comes_back } => {
                let most = if *comes_back { OUT_BYTES_MAX } else { SCRATCH_BYTES_MAX };
                let bytes = self.context.assigned.size(size, most, self.context.given)?;
                let area = self.room(bytes, *comes_back);
                self.assign(name, Local::Area(area))?;
                if let Place::ComesBack(at) = area.place {
                    self.group.areas.push(AreaSpec { name: name.value.clone(), at, bytes });
                }
                Ok(())
            }
            Item::Call { name, call } => self.call(name.as_ref(), call, span),
            Item::Change { register, change, by } => self.change(register, *change, by, span),
            Item::Leave { how, when } => self.leave(*how, when.as_ref(), span),
            Item::If { when, then, otherwise } => self.branch(when, then, otherwise, span),
            Item::Loop(items) => self.repeat(items, span),
            Item::Finally(_) => Err(ScriptError::new(span, "`finally` stands once, at the end of the group")),
            Item::Together { enough, items } => self.together(enough.as_ref(), items, span),
        }
    }
}
