//! From the tree of a group to its atoms.

use std::collections::HashMap;

use syslet::abi::{
    ATOMS_MAX, CallFlags, Kind, Operand as Compared, SCRATCH_BYTES_MAX, StepOp, Test, Width as AtomWidth,
};
use syslet::syscalls::{Descriptors, Scope};

use crate::plan::Operand as Input;
use crate::plan::group::{AreaSpec, Arg, Atom, Group, Lead};
use crate::script::asks::{PRIVATE, asks};
use crate::script::context::Context;
use crate::script::error::ScriptError;
use crate::script::group::argument::{Lowered, check_lengths};
use crate::script::group::control::Loop;
use crate::script::group::names::Local;
use crate::script::group::syntax::{self, Change, Item};
use crate::script::lower::{OUT_BYTES_MAX, Position};
use crate::script::source::{Span, Spanned};
use crate::script::syntax::{Call, Operand, View, Width};
use crate::script::target::Target;

/// How many atoms may run where the script does not say: some gigabytes in pieces of 64 KiB.
const BUDGET: u32 = 1_000_000;

/// An atom that is not among the others yet.
pub(crate) type Draft = Atom;

/// A group, and what is known while it is being made.
pub(crate) struct Lowering<'a> {
    pub(crate) context: Context<'a>,
    pub(crate) group: Group,
    pub(crate) names: HashMap<String, Local>,
    /// Numbers from outside; their registers are the first ones.
    pub(crate) inputs: Vec<Input>,
    /// How many names are registers.
    pub(crate) registers: usize,
    pub(crate) loops: Vec<Loop>,
    /// Whether the last atom leads simply to what comes next, and nothing else does.
    pub(crate) is_free: bool,
    pub(crate) in_finally: bool,
    is_private: bool,
    depth: usize,
}

/// The atoms of a group, and the numbers it takes from outside.
pub(crate) fn lower(
    tree: &syntax::Group,
    is_private: bool,
    context: Context<'_>,
) -> Result<(Group, Vec<Input>), ScriptError> {
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
    let registers = vec![0; inputs.len()];
    if let Err(fault) = group.build(&registers, CallFlags::NONE, &[]) {
        let span = fault.span.unwrap_or(tree.word.span);
        return Err(ScriptError::new(span, format!("the group is refused: {}", fault.refusal)));
    }
    Ok((group, inputs))
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
                let place = self.room(bytes, *comes_back);
                self.assign(name, Local::Area { place, bytes })?;
                if let crate::plan::group::Place::ComesBack(at) = place {
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

    fn call(&mut self, name: Option<&Spanned<String>>, call: &Call, span: Span) -> Result<(), ScriptError> {
        let target = Target::of(call, self.context.assigned, self.context.given)?;
        let mut lowered: Vec<Lowered> = Vec::with_capacity(target.arguments.len());
        for (index, argument) in target.arguments.iter().enumerate() {
            let arg = target.row.and_then(|row| row.args.get(index));
            lowered.push(self.argument(argument, Position { call: &target.name, index, arg })?);
        }
        check_lengths(&target.name, target.row.map_or(&[], |row| row.args), &lowered)?;
        if let Some(own) = call.attributes.iter().find(|attribute| attribute.name.value == PRIVATE) {
            return Err(ScriptError::new(own.name.span, "a thread of its own is for the whole group")
                .help("write `@private` behind `syslet`"));
        }
        let attributes: Vec<_> = call.attributes.iter().collect();
        let shown: Vec<&str> = lowered.iter().map(|lowered| lowered.shown.as_str()).collect();
        let atom = Draft {
            name: name.map(|name| name.value.clone()),
            words: format!("{}({})", target.name, shown.join(", ")),
            row: target.row,
            kind: Kind::CALL,
            nr: target.nr,
            args: lowered.iter().map(|lowered| (lowered.arg, lowered.span)).collect(),
            asks: asks(&attributes, self.context.assigned)?,
            ..self.step(StepOp::JUMP, Vec::new(), String::new(), span)
        };
        if let Some(patched) = atom.asks.iter().find_map(|ask| ask.patch) {
            return Err(ScriptError::new(patched.1, "in a group, a result can be no attribute's value"));
        }
        self.check_scope(&atom, &target.name, call.name.span)?;
        self.check_closed(&atom, &target.name)?;
        let id = self.push(atom)?;
        name.map_or(Ok(()), |name| self.assign(name, Local::Result(id)))
    }

    /// Checks that the call can run where the group does.
    fn check_scope(&mut self, atom: &Atom, name: &str, span: Span) -> Result<(), ScriptError> {
        let Some(row) = atom.row else { return Ok(()) };
        let args = atom.fixed_args();
        if let Some(harm) = row.harm_with(&args) {
            return Err(ScriptError::new(span, format!("{name} cannot run here: {}", harm.why())));
        }
        match row.scope_with(&args) {
            Scope::WritesThread if !self.is_private => Err(ScriptError::new(
                span,
                format!("{name} changes the thread that makes it"),
            )
            .help(
                "`@private` behind `syslet` gives the group a thread of its own, with which the change ends",
            )),
            Scope::BoundToThread if self.is_private => Err(ScriptError::new(
                span,
                format!("{name} acts for the thread that makes it, which must last"),
            )),
            scope => {
                self.group.is_bound |= scope == Scope::BoundToThread;
                Ok(())
            }
        }
    }

    /// Checks that what statements outside have made is closed outside.
    fn check_closed(&self, atom: &Atom, name: &str) -> Result<(), ScriptError> {
        let argument = match atom.row.map(|row| row.descriptors) {
            None | Some(Descriptors::Kept) => return Ok(()),
            Some(Descriptors::Closes(argument) | Descriptors::Replaces(argument)) => argument,
            Some(Descriptors::ClosesRange) => {
                return Err(ScriptError::new(
                    atom.span,
                    format!("{name} closes what others use: it stands outside of groups"),
                ));
            }
        };
        match atom.args.get(usize::from(argument)) {
            Some((Arg::Register(register), span)) if usize::from(*register) < self.inputs.len() => {
                Err(ScriptError::new(*span, "what a statement outside has made is closed outside")
                    .help("write it as a statement of its own below the group"))
            }
            _ => Ok(()),
        }
    }

    fn change(
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
        let Some(Local::Area { place, bytes }) = self.names.get(word).copied() else {
            return Err(ScriptError::new(view.of.span, format!("`{word}` is no area of this group")));
        };
        let number = self.context.assigned.number(&view.offset.value, self.context.given)?;
        let Width { bytes: width, signed } = view.width;
        let inside =
            usize::try_from(number).ok().filter(|at| at.checked_add(width).is_some_and(|end| end <= bytes));
        let offset = inside.ok_or_else(|| {
            let name = view.width.name();
            let message = format!("{name} at offset {number} lies outside the {bytes} bytes of `{word}`");
            ScriptError::new(view.offset.span, message)
        })?;
        let signed = if signed { AtomWidth::SIGNED } else { 0 };
        Ok((Arg::Out(place.behind(offset)), width as u64 | signed))
    }

    fn together(
        &mut self,
        enough: Option<&Spanned<crate::script::syntax::Value>>,
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
                (self.context.assigned.size(enough, items.len(), self.context.given)?, enough.span)
            }
        };
        let args = vec![(Arg::Value(items.len() as u64), span), (Arg::Value(enough as u64), at)];
        let atom = self.step(StepOp::TOGETHER, args, format!("together of {}", items.len()), span);
        self.push(atom)?;
        self.block(items)?;
        self.is_free = false;
        Ok(())
    }

    /// A step behind which the next atom comes.
    pub(crate) fn step(&self, op: StepOp, args: Vec<(Arg, Span)>, words: String, span: Span) -> Atom {
        let line = 1 + self.context.text[..span.start].matches('\n').count();
        Atom {
            line,
            span,
            name: None,
            words,
            depth: self.depth,
            row: None,
            kind: Kind::STEP,
            nr: op.0,
            is_finally: self.in_finally,
            args,
            test: Test::ALWAYS,
            operand: Compared::number(0),
            asked: span,
            then: Lead::Next,
            otherwise: Lead::Next,
            asks: Vec::new(),
        }
    }

    /// Adds an atom; gives its number.
    pub(crate) fn push(&mut self, atom: Atom) -> Result<u16, ScriptError> {
        let id = self.group.atoms.len();
        if id == ATOMS_MAX {
            let message =
                format!("a group comes to {ATOMS_MAX} calls and steps at most, and this is one more");
            return Err(ScriptError::new(atom.span, message));
        }
        self.group.atoms.push(atom);
        self.is_free = true;
        Ok(u16::try_from(id).unwrap_or_default())
    }
}
