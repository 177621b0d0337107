//! From the tree to the plan: what each statement calls, passes and asks for.

use syslet::syscalls::{self, Row, Scope};

use crate::exit::Exit;
use crate::plan::{BufferSpec, Plan, Step};
use crate::script::asks::{PRIVATE, asks, private};
use crate::script::assigned::{Assigned, Named};
use crate::script::context::Context;
use crate::script::error::ScriptError;
use crate::script::given::{self, Given};
use crate::script::length;
use crate::script::lower::Position;
use crate::script::order::Order;
use crate::script::source::{Span, Spanned};
use crate::script::syntax::{Argument, Body, Call, Script, Statement, Value};

/// A buffer is at most this long.
const BUFFER_BYTES_MAX: usize = 64 << 20;
/// A call has at most this many arguments.
const ARGS_MAX: usize = 6;

/// Checks `script`, read from `text`, and gives what is to run, with `arguments` put in.
pub(crate) fn check(text: &str, script: &Script, arguments: &[Vec<u8>]) -> Result<Plan, ScriptError> {
    let mut checker =
        Checker { text, assigned: Assigned::default(), order: Order::default(), plan: Plan::default() };
    for statement in script {
        let once = Given { arguments, each: None };
        match given::each(statement) {
            None => checker.statement(statement, once)?,
            Some(span) => {
                if let Some(name) = &statement.name {
                    return Err(ScriptError::new(name.span, "a statement that contains $@ cannot be named")
                        .help("it stands for as many calls as there are arguments"));
                }
                debug_assert!(span.end > span.start);
                for each in 0..arguments.len() {
                    checker.statement(statement, Given { arguments, each: Some(each) })?;
                }
            }
        }
    }
    Ok(checker.plan)
}

#[derive(Debug)]
struct Checker<'t> {
    text: &'t str,
    assigned: Assigned,
    order: Order,
    plan: Plan,
}

impl Checker<'_> {
    fn statement(&mut self, statement: &Statement, given: Given<'_>) -> Result<(), ScriptError> {
        let named = match &statement.body {
            Body::Buffer(size) => self.buffer(statement, size, given)?,
            Body::Call(call) => self.call(statement, call, given)?,
        };
        match &statement.name {
            Some(name) => self.assigned.assign(name, named, statement.line),
            None => Ok(()),
        }
    }

    fn buffer(
        &mut self,
        statement: &Statement,
        size: &Spanned<Value>,
        given: Given<'_>,
    ) -> Result<Named, ScriptError> {
        let bytes = self.assigned.size(size, BUFFER_BYTES_MAX, given)?;
        let name = statement.name.as_ref().map_or(String::new(), |name| name.value.clone());
        self.plan.buffers.push(BufferSpec { name, bytes });
        Ok(Named::Buffer(self.plan.buffers.len() - 1))
    }

    fn call(&mut self, statement: &Statement, call: &Call, given: Given<'_>) -> Result<Named, ScriptError> {
        let Target { name, nr, row, arguments } = self.target(call, given)?;
        let most = row.map_or(ARGS_MAX, |row| row.args.len());
        if let Some(extra) = arguments.get(most) {
            let message = format!("{name} has {most} arguments, and this is one more");
            return Err(ScriptError::new(extra.span, message));
        }
        let mut context = Context { text: self.text, assigned: &self.assigned, given, plan: &mut self.plan };
        let mut operands = Vec::with_capacity(arguments.len());
        for (index, argument) in arguments.iter().enumerate() {
            let arg = row.and_then(|row| row.args.get(index));
            operands.push(context.lower(argument, Position { call: &name, index, arg })?);
        }
        let (own, others): (Vec<_>, Vec<_>) =
            call.attributes.iter().partition(|attribute| attribute.name.value == PRIVATE);
        let is_private = private(&own)?;
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
        if let (Some(Scope::BoundToThread), [attribute, ..]) = (scope, &own[..]) {
            let message = format!("{} acts for the thread that makes it, which must last", step.call);
            return Err(ScriptError::new(attribute.name.span, message));
        }
        length::check(&step, &self.plan)?;
        self.order.place(&mut step, &call.after, &self.assigned, &self.plan)?;
        self.plan.steps.push(step);
        Ok(Named::Step(self.plan.steps.len() - 1))
    }

    /// Which call is meant.
    fn target<'a>(&self, call: &'a Call, given: Given<'_>) -> Result<Target<'a>, ScriptError> {
        if call.name.value == "syscall" {
            return self.by_number(call, given);
        }
        let word = &call.name.value;
        let row = syscalls::row_by_name(word).ok_or_else(|| unknown_call(word, call.name.span))?;
        let nr = row.numbers.here().ok_or_else(|| ScriptError {
            exit: Exit::NotSupported,
            ..ScriptError::new(call.name.span, format!("{word} does not exist on this architecture"))
        })?;
        Ok(Target { name: word.clone(), nr: nr.into(), row: Some(row), arguments: &call.arguments })
    }

    fn by_number<'a>(&self, call: &'a Call, given: Given<'_>) -> Result<Target<'a>, ScriptError> {
        let wanted = || {
            ScriptError::new(call.name.span, "syscall wants a number first").help("syscall(39) is getpid()")
        };
        let (first, arguments) = call.arguments.split_first().ok_or_else(wanted)?;
        let Argument::Value(value) = &first.value else { return Err(wanted()) };
        let number = self.assigned.number(value, given)?;
        let nr = u32::try_from(number)
            .map_err(|_| ScriptError::new(first.span, format!("{number} is not the number of a call")))?;
        let row = syscalls::row(nr);
        let name = row.map_or("syscall", |row| row.name).to_owned();
        Ok(Target { name, nr, row, arguments })
    }
}

/// A call, and the arguments it gets.
struct Target<'a> {
    name: String,
    nr: u32,
    row: Option<&'static Row>,
    arguments: &'a [Spanned<Argument>],
}

fn unknown_call(word: &str, span: Span) -> ScriptError {
    ScriptError::new(span, format!("the table has no call `{word}`"))
        .help("a call that is not in the table is written syscall(NUMBER, …)")
        .nearest(word, syscalls::rows().iter().map(|row| row.name))
}
