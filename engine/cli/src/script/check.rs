//! From the tree to the plan: the call, the arguments and the attributes of each statement.

use std::cell::Cell;
use std::collections::HashSet;

use syslet::syscalls::Scope;

use crate::plan::{BufferSpec, Operand, Patch, Plan, Source, Step, Wait};
use crate::script::asks::asks;
use crate::script::assigned::{Assigned, Named};
use crate::script::context::Context;
use crate::script::error::ScriptError;
use crate::script::flags;
use crate::script::given::{self, Given};
use crate::script::group::lower::lower;
use crate::script::group::syntax;
use crate::script::length;
use crate::script::lower::{Position, formed};
use crate::script::order::Order;
use crate::script::pack::pack;
use crate::script::source::Spanned;
use crate::script::statement::{Body, Script, Statement};
use crate::script::syntax::{Argument, Attribute, Call, Value};
use crate::script::target::Target;

/// A buffer is at most this long.
const BUFFER_BYTES_MAX: usize = 64 << 20;

/// Checks `script`, read from `text`, and gives its plan, with `arguments` put in, or its faults.
pub(crate) fn check(text: &str, script: &Script, arguments: &[Vec<u8>]) -> Result<Plan, Vec<ScriptError>> {
    let mut checker = Checker {
        text,
        assigned: Assigned::default(),
        order: Order::default(),
        plan: Plan::default(),
        defaults: Vec::new(),
    };
    let used = Cell::new(0);
    let (mut faults, mut lost) = (Vec::new(), HashSet::new());
    for statement in script {
        let once = Given { arguments, each: None, used: &used };
        if let Err(fault) = checker.repeated(statement, once) {
            // A fault of a statement that names one with a fault follows from that one.
            if lost.is_empty() || !names_any(statement, &lost) {
                faults.push(fault);
            }
            lost.extend(statement.name.iter().map(|name| name.value.clone()));
        }
    }
    checker.plan.unused_argument = (used.get() < arguments.len()).then(|| used.get());
    if faults.is_empty() { Ok(checker.plan) } else { Err(faults) }
}

/// Whether one of these names, or a result of such a group, is a word of the statement.
fn names_any(statement: &Statement, names: &HashSet<String>) -> bool {
    let text = statement.to_string();
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.any(|word| names.contains(word))
}

#[derive(Debug)]
struct Checker<'t> {
    text: &'t str,
    assigned: Assigned,
    order: Order,
    plan: Plan,
    /// The attributes of statements that do not write them.
    defaults: Vec<Attribute>,
}

impl Checker<'_> {
    /// A statement, or as many as there are arguments.
    fn repeated(&mut self, statement: &Statement, once: Given<'_>) -> Result<(), ScriptError> {
        let Some(span) = given::each(statement) else { return self.statement(statement, once) };
        if let Some(name) = &statement.name
            && !matches!(statement.body, Body::Group(_))
        {
            return Err(ScriptError::new(name.span, "a statement that contains $@ cannot be named")
                .help("it stands for as many calls as there are arguments"));
        }
        debug_assert!(span.end > span.start);
        if once.arguments.is_empty() {
            self.plan.repeated_for_none.get_or_insert(statement.line);
        }
        (0..once.arguments.len())
            .try_for_each(|each| self.statement(statement, Given { each: Some(each), ..once }))
    }

    fn statement(&mut self, statement: &Statement, given: Given<'_>) -> Result<(), ScriptError> {
        let named = match &statement.body {
            Body::Default(attributes) => return self.default(attributes),
            Body::Buffer { size, holds } => self.buffer(statement, size, holds.as_ref(), given)?,
            Body::Call(call) => self.call(statement, call, given)?,
            Body::Group(group) => self.group(statement, group, given)?,
        };
        match &statement.name {
            // A label only: it stands for as many groups as there are arguments.
            Some(_) if given.each.is_some() => Ok(()),
            Some(name) => {
                self.assigned.assign(name, named, statement.line)?;
                self.results_of(name, named, statement.line)
            }
            None => Ok(()),
        }
    }

    fn buffer(
        &mut self,
        statement: &Statement,
        size: &Spanned<Value>,
        holds: Option<&Spanned<Argument>>,
        given: Given<'_>,
    ) -> Result<Named, ScriptError> {
        let bytes = self.assigned.size(size, BUFFER_BYTES_MAX, given)?;
        let holds = holds.map_or(Ok(Default::default()), |holds| self.holds(holds, bytes, given))?;
        let name = statement.name.as_ref().map_or(String::new(), |name| name.value.clone());
        self.plan.buffers.push(BufferSpec { name, bytes, holds });
        Ok(Named::Buffer(self.plan.buffers.len() - 1))
    }

    /// Names the results of the calls of a group, for the statements below.
    fn results_of(&mut self, name: &Spanned<String>, named: Named, line: usize) -> Result<(), ScriptError> {
        let Named::Step(step) = named else { return Ok(()) };
        for (atom, call) in (0..).zip(self.plan.steps[step].group.iter().flat_map(|group| &group.atoms)) {
            if let Some(result) = call.name.as_ref().filter(|_| call.is_call()) {
                let name = Spanned::new(format!("{}.{result}", name.value), name.span);
                self.assigned.assign(&name, Named::Atom(step, atom), line)?;
            }
        }
        Ok(())
    }

    /// The statements below have these attributes, where they do not write them.
    fn default(&mut self, attributes: &[Attribute]) -> Result<(), ScriptError> {
        let (_, others) = flags::take(flags::PRIVATE, attributes)?;
        asks(&others, &self.assigned)?;
        for attribute in attributes {
            self.defaults.retain(|before| before.name != attribute.name);
            self.defaults.push(attribute.clone());
        }
        Ok(())
    }

    /// The attributes of a statement that writes these.
    fn attributes(&self, written: &[Attribute]) -> Vec<Attribute> {
        let is_written = |name: &Spanned<String>| written.iter().any(|attribute| attribute.name == *name);
        let defaults = self.defaults.iter().filter(|attribute| !is_written(&attribute.name));
        written.iter().chain(defaults).cloned().collect()
    }

    /// The contents of a buffer of so many bytes before anything runs.
    fn holds(
        &mut self,
        holds: &Spanned<Argument>,
        bytes: usize,
        given: Given<'_>,
    ) -> Result<(Vec<u8>, Vec<Patch>), ScriptError> {
        let mut context = Context { text: self.text, assigned: &self.assigned, given, plan: &mut self.plan };
        let (held, patches) = match &holds.value {
            Argument::Text(text) => (given.text(text)?, Vec::new()),
            Argument::Pack(fields) => {
                let packed =
                    pack(fields, given, |width, operand, span| context.content(width, operand, span))?;
                let patches = packed.patches();
                (packed.bytes, patches)
            }
            _ => return Err(ScriptError::new(holds.span, "a buffer holds pack(…) or a string at first")),
        };
        if patches.iter().any(|patch| !matches!(patch.from.base(), Source::Address(_))) {
            let message = "a buffer is filled before anything runs, and this is known only then";
            return Err(ScriptError::new(holds.span, message));
        }
        if held.len() > bytes {
            let message = format!("these are {} bytes, and the buffer has {bytes}", held.len());
            return Err(ScriptError::new(holds.span, message));
        }
        Ok((held, patches))
    }

    /// A group is a step; its arguments are the numbers that it takes from outside.
    fn group(
        &mut self,
        statement: &Statement,
        group: &syntax::Group,
        given: Given<'_>,
    ) -> Result<Named, ScriptError> {
        let attributes = self.attributes(&group.attributes);
        let (private, others) = flags::take(flags::PRIVATE, &attributes)?;
        let is_private = private.is_some();
        let asks = asks(&others, &self.assigned)?;
        let context = Context { text: self.text, assigned: &self.assigned, given, plan: &mut self.plan };
        let (lowered, operands) = lower(group, is_private, context)?;
        let mut step = Step {
            line: statement.line,
            name: statement.name.as_ref().map(|name| name.value.clone()),
            call: "syslet".to_owned(),
            nr: 0,
            row: None,
            operands,
            asks,
            is_private,
            waits: Vec::new(),
            area_read: false,
            repeat: given.repeat(),
            group: Some(lowered),
        };
        self.order.place(&mut step, &group.after, &self.assigned, &self.plan)?;
        let id = self.plan.steps.len();
        let is_next = group.in_order && given.each.is_some_and(|each| each > 0);
        if is_next && step.waits.iter().all(|wait| wait.step != id - 1) {
            step.waits.push(Wait { step: id - 1, must_succeed: false });
        }
        self.plan.steps.push(step);
        Ok(Named::Step(id))
    }

    fn call(&mut self, statement: &Statement, call: &Call, given: Given<'_>) -> Result<Named, ScriptError> {
        let Target { name, nr, row, arguments } = Target::of(call, &self.assigned, given)?;
        let mut context = Context { text: self.text, assigned: &self.assigned, given, plan: &mut self.plan };
        let mut operands = Vec::with_capacity(arguments.len());
        for (index, argument) in arguments.iter().enumerate() {
            let known = |by: usize| operands.get(by).and_then(Operand::fixed);
            let arg = row.and_then(|row| row.args.get(index)).map(|arg| formed(arg, known));
            operands.push(context.lower(argument, Position { call: &name, index, arg })?);
        }
        let attributes = self.attributes(&call.attributes);
        let (private, others) = flags::take(flags::PRIVATE, &attributes)?;
        let is_private = private.is_some();
        let asks = asks(&others, &self.assigned)?;
        let mut step = Step {
            line: statement.line,
            name: statement.name.as_ref().map(|name| name.value.clone()),
            call: name,
            nr,
            row,
            operands,
            asks,
            is_private,
            waits: Vec::new(),
            area_read: false,
            repeat: given.repeat(),
            group: None,
        };
        if let Some(harm) = row.and_then(|row| row.harm_with(&step.fixed_args())) {
            let message = format!("{} cannot run here: {}", step.call, harm.why());
            return Err(ScriptError::new(call.name.span, message));
        }
        let scope = row.map(|row| row.scope_with(&step.fixed_args()));
        if scope == Some(Scope::WritesThread) && !is_private {
            let message = format!("{} changes the thread that makes it", step.call);
            return Err(ScriptError::new(call.name.span, message)
                .help("`@private` has it made by a thread of its own, with which the change ends"));
        }
        if let (Some(Scope::BoundToThread), Some(span)) = (scope, private) {
            let message = format!("{} acts for the thread that makes it, which must last", step.call);
            return Err(ScriptError::new(span, message));
        }
        length::check(&step, &self.plan)?;
        self.order.place(&mut step, &call.after, &self.assigned, &self.plan)?;
        self.plan.steps.push(step);
        Ok(Named::Step(self.plan.steps.len() - 1))
    }
}
