//! A call of a group: its atom, and whether it can run there.

use syslet::abi::{Kind, StepOp};
use syslet::syscalls::{Descriptors, Scope};

use crate::plan::group::{Arg, Atom};
use crate::script::asks::{PRIVATE, asks};
use crate::script::error::ScriptError;
use crate::script::group::argument::Lowered;
use crate::script::group::lowering::{Draft, Local, Lowering};
use crate::script::lower::Position;
use crate::script::source::{Span, Spanned};
use crate::script::syntax::Call;
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
            lowered.push(self.argument(argument, Position { call: &target.name, index, arg })?);
        }
        self.bound(&target.name, target.row.map_or(&[], |row| row.args), &mut lowered)?;
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
        Ok(atom)
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
}
