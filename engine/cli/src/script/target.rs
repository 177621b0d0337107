//! Finds the call that a statement means, for `check` and groups.

use syslet::syscalls::{self, Row};

use crate::exit::Exit;
use crate::script::assigned::Assigned;
use crate::script::error::ScriptError;
use crate::script::given::Given;
use crate::script::source::{Span, Spanned};
use crate::script::syntax::{Argument, Call};

/// A call has at most this many arguments.
const ARGS_MAX: usize = 6;

/// A call, and the arguments it gets.
pub(crate) struct Target<'a> {
    pub(crate) name: String,
    pub(crate) nr: u32,
    pub(crate) row: Option<&'static Row>,
    pub(crate) arguments: &'a [Spanned<Argument>],
}

impl<'a> Target<'a> {
    /// The call that is meant, with no more arguments than it has.
    pub(crate) fn of(
        call: &'a Call,
        assigned: &Assigned,
        given: Given<'_>,
    ) -> Result<Target<'a>, ScriptError> {
        let target = Target::named(call, assigned, given)?;
        let most = target.row.map_or(ARGS_MAX, |row| row.args.len());
        match target.arguments.get(most) {
            None => Ok(target),
            Some(extra) => {
                let message = format!("{} has {most} arguments, and this is one more", target.name);
                Err(ScriptError::new(extra.span, message))
            }
        }
    }

    fn named(call: &'a Call, assigned: &Assigned, given: Given<'_>) -> Result<Target<'a>, ScriptError> {
        if call.name.value == "syscall" {
            return Target::by_number(call, assigned, given);
        }
        let word = &call.name.value;
        let row = syscalls::row_by_name(word).ok_or_else(|| unknown_call(word, call.name.span))?;
        let nr = row.numbers.here().ok_or_else(|| ScriptError {
            exit: Exit::NotSupported,
            ..ScriptError::new(call.name.span, format!("{word} does not exist on this architecture"))
        })?;
        Ok(Target { name: word.clone(), nr: nr.into(), row: Some(row), arguments: &call.arguments })
    }

    fn by_number(call: &'a Call, assigned: &Assigned, given: Given<'_>) -> Result<Target<'a>, ScriptError> {
        let wanted = || {
            ScriptError::new(call.name.span, "syscall wants a number first").help("syscall(39) is getpid()")
        };
        let (first, arguments) = call.arguments.split_first().ok_or_else(wanted)?;
        let Argument::Value(value) = &first.value else { return Err(wanted()) };
        let number = assigned.number(value, given)?;
        let nr = u32::try_from(number)
            .map_err(|_| ScriptError::new(first.span, format!("{number} is not the number of a call")))?;
        let row = syscalls::row(nr);
        let name = row.map_or_else(|| format!("syscall_{nr:#x}"), |row| row.name.to_owned());
        Ok(Target { name, nr, row, arguments })
    }
}

fn unknown_call(word: &str, span: Span) -> ScriptError {
    ScriptError::new(span, format!("the table has no call `{word}`"))
        .help("a call that is not in the table is written syscall(NUMBER, …)")
        .nearest(word, syscalls::rows().iter().map(|row| row.name))
}
