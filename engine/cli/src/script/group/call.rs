//! Lowers a call of a group to its atom, and checks that it can run there.

use syslet::abi::{AtomFlags, Kind, StepOp};
use syslet::syscalls::{Descriptors, Scope};

use crate::plan::group::{Arg, Atom};
use crate::script::asks::asks;
use crate::script::error::ScriptError;
use crate::script::flags;
use crate::script::group::argument::Lowered;
use crate::script::group::lowering::{Draft, Local, Lowering};
use crate::script::lower::{Position, formed};
use crate::script::source::{Span, Spanned};
use crate::script::syntax::{Attribute, Call, Setting};
use crate::script::target::Target;

impl Lowering<'_> {
    pub(crate) fn call(
        &mut self,
        name: Option<&Spanned<String>>,
        call: &Call,
        span: Span,
    ) -> Result<(), ScriptError> {
        let atom = self.drafted(name, call, span)?;
        self.made(name, atom)
    }

    /// Adds the atom of a call, which can be named from then on.
    pub(crate) fn made(&mut self, name: Option<&Spanned<String>>, atom: Draft) -> Result<(), ScriptError> {
        let id = self.push(atom)?;
        name.map_or(Ok(()), |name| self.assign(name, Local::Result(id)))
    }

    /// The atom of a call, which is not among the others yet; steps that it needs before it are.
    pub(crate) fn drafted(
        &mut self,
        name: Option<&Spanned<String>>,
        call: &Call,
        span: Span,
    ) -> Result<Draft, ScriptError> {
        let target = Target::of(call, self.context.assigned, self.context.given)?;
        let mut lowered: Vec<Lowered> = Vec::with_capacity(target.arguments.len());
        for (index, argument) in target.arguments.iter().enumerate() {
            let arg = target.row.and_then(|row| row.args.get(index));
            let arg = arg.map(|arg| formed(arg, |by| lowered.get(by)?.fixed()));
            lowered.push(self.argument(argument, Position { call: &target.name, index, arg })?);
        }
        self.bound(&target.name, target.row, &mut lowered)?;
        let (flags, attributes) = self.attributes(call)?;
        let shown: Vec<&str> = lowered.iter().map(|lowered| lowered.shown.as_str()).collect();
        let atom = Draft {
            name: name.map(|name| name.value.clone()),
            words: format!("{}({})", target.name, shown.join(", ")),
            row: target.row,
            kind: Kind::CALL,
            flags,
            nr: target.nr,
            args: lowered.iter().map(|lowered| (lowered.arg, lowered.span)).collect(),
            asks: asks(&attributes, self.context.assigned)?,
            ..self.step(StepOp::JUMP, Vec::new(), String::new(), span)
        };
        self.check_scope(&atom, &target.name, call.name.span)?;
        self.check_closed(&atom, &target.name)?;
        Ok(atom)
    }

    /// The flags of a call, and its other attributes.
    fn attributes<'a>(&self, call: &'a Call) -> Result<(AtomFlags, Vec<&'a Attribute>), ScriptError> {
        let (flags, attributes) = flags::of_atom(&call.attributes)?;
        for attribute in &attributes {
            let span = attribute.name.span;
            if attribute.name.value == flags::PRIVATE {
                return Err(ScriptError::new(span, "a thread of its own is for the whole group")
                    .help("write `@private` behind `syslet`"));
            }
            // A number is left to the engine to accept or refuse; a word is a result, which no record has a place for.
            let mut values = attribute.options.iter().map(|option| &option.value);
            let word = values.find(|value| matches!(value.value, Setting::Word(_)));
            if let Some(result) = word.filter(|_| attribute.name.value == "cwd") {
                let message = "the record of a group has no place for a result in an attribute of one call";
                return Err(ScriptError::new(result.span, message).help(
                    "`@cwd(NAME)` behind `syslet` is for the whole group; NAME is the result of a statement above it",
                ));
            }
        }
        Ok((flags, attributes))
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

    /// Checks that descriptors made by statements outside are closed outside.
    fn check_closed(&self, atom: &Atom, name: &str) -> Result<(), ScriptError> {
        let argument = match atom.row.map(|row| row.descriptors) {
            None | Some(Descriptors::Kept) => return Ok(()),
            Some(Descriptors::Closes(argument) | Descriptors::Replaces(argument)) => argument,
            Some(Descriptors::ClosesRange) => {
                return Err(ScriptError::new(
                    atom.span,
                    format!("{name} closes descriptors that others use: it stands outside of groups"),
                ));
            }
        };
        match atom.args.get(usize::from(argument)) {
            Some((Arg::Register(register), span)) if usize::from(*register) < self.inputs.len() => Err(
                ScriptError::new(*span, "a descriptor that a statement outside has made is closed outside")
                    .help("write it as a statement of its own below the group"),
            ),
            _ => Ok(()),
        }
    }
}
