//! The words for the columns of a row, the same in every form of output.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use syslet::syscalls::decode::value_name;
use syslet::syscalls::{
    Arg, ArgType, Class, Descriptors, Direction, Form, Kick, Len, Memory, Names, Restart, Row, Scope, Width,
    Yields, rows,
};

/// A call as it would be declared: each argument's name, which way its bytes go, how far they reach.
pub(super) fn prototype(row: &Row) -> String {
    let args: Vec<String> = row.args.iter().map(shape).collect();
    format!("{}({})", row.name, args.join(", "))
}

fn shape(arg: &Arg) -> String {
    match direction(arg) {
        "value" => arg.name.to_owned(),
        direction => {
            format!("{direction} {}{}", arg.name, length(arg).map_or(String::new(), |len| format!("[{len}]")))
        }
    }
}

pub(super) fn direction(arg: &Arg) -> &'static str {
    match arg.ty.direction() {
        Direction::Value => "value",
        Direction::In => "in",
        Direction::Out => "out",
        Direction::InOut => "inout",
        Direction::Opaque if !arg.forms.is_empty() => "by command",
        Direction::Opaque => "opaque",
    }
}

/// The length rule, with arguments by number from 0.
pub(super) fn length(arg: &Arg) -> Option<String> {
    match arg.len {
        Len::None => None,
        Len::Const(bytes) => Some(bytes.to_string()),
        Len::Arg(by) => Some(format!("arg {by}")),
        Len::Times(by, bytes) => Some(format!("arg {by} * {bytes}")),
        Len::Plus(by, bytes) => Some(format!("arg {by} + {bytes}")),
        Len::Bits(by) => Some(format!("arg {by} bits")),
        Len::Nul => Some("to NUL".to_owned()),
        Len::ArgLeast(by, bytes) => Some(format!("arg {by}, at least {bytes}")),
        Len::At(by) => Some(format!("*arg {by}")),
        Len::AtLeast(by, bytes) => Some(format!("*arg {by}, at least {bytes}")),
        Len::AtTimes(by, bytes) => Some(format!("*arg {by} * {bytes}")),
        Len::Counted { head, each, .. } => Some(format!("{head} + its count * {each}")),
        Len::Sized(..) => Some("its size".to_owned()),
        Len::Headed(bytes) => Some(format!("its size + {bytes}")),
        Len::Pages(by) => Some(format!("arg {by} / 4096")),
    }
}

/// How many bits of it the kernel takes, where its type does not tell.
pub(super) fn width(arg: &Arg) -> Option<&'static str> {
    (arg.width != arg.ty.width()).then_some(match arg.width {
        Width::Bits64 => "all 64 bits",
        Width::Bits32 => "the low 32 bits",
        Width::Bits16 => "the low 16 bits",
        Width::Ignored => "ignored",
    })
}

/// A further form of an argument, and its condition.
pub(super) struct Formed {
    pub(super) arg: Arg,
    /// The condition: `arg 1 is SOL_TCP and arg 2 is`.
    pub(super) given: String,
    /// The values of that argument, by name.
    pub(super) among: Vec<String>,
    /// Why safe code must not make the call so.
    pub(super) danger: Option<&'static str>,
}

impl Formed {
    pub(super) fn when(&self) -> String {
        format!("{} {}", self.given, self.among.join(" or "))
    }
}

/// The argument in each form, and when it has it.
pub(super) fn forms(row: &Row, arg: &Arg) -> Vec<Formed> {
    let name = |by: u8, also: Option<(u8, u32)>, value: u32| {
        let mut args = [0; 6];
        if let Some((by, number)) = also {
            args[usize::from(by)] = number.into();
        }
        value_name(row.name, row.args[usize::from(by)].name, &args, value.into())
    };
    let form = |form: &Form| {
        let also = form
            .also
            .map_or(String::new(), |(by, number)| format!("arg {by} is {} and ", name(by, None, number)));
        let mask = if form.mask == u32::MAX { String::new() } else { format!(" & {:#x}", form.mask) };
        Formed {
            arg: form.arg,
            given: format!("{also}arg {}{mask} is", form.by),
            among: form.equals.iter().map(|value| name(form.by, form.also, *value)).collect(),
            danger: form.danger,
        }
    };
    arg.forms.iter().map(form).collect()
}

/// Whether an argument of a call that safe code may make names a descriptor.
pub(super) fn names(row: &Row, index: usize) -> Option<&'static str> {
    match row.names(index) {
        _ if !row.is_safe() => None,
        Names::Descriptor => Some("from safe code lent, or negative"),
        Names::LookedAt => Some("refused from safe code when it names a descriptor"),
        Names::Nothing(why) if is_vague(row.args[index].ty) => Some(why),
        Names::Nothing(_) | Names::Unstated => None,
    }
}

/// Whether the type says no more than that it is a number or a structure.
const fn is_vague(ty: ArgType) -> bool {
    matches!(ty, ArgType::Int | ArgType::Uint | ArgType::Pid | ArgType::In | ArgType::InOut | ArgType::Gather)
}

/// The answer to the same question in one word, for programs that read it.
pub(super) fn lent(row: &Row, index: usize) -> Option<&'static str> {
    match row.names(index) {
        _ if !row.is_safe() => None,
        Names::Descriptor => Some("lent"),
        Names::LookedAt => Some("looked at"),
        Names::Nothing(_) => Some("none"),
        Names::Unstated => None,
    }
}

/// The name of a type, as `--arg` takes it.
pub(super) fn ty(ty: ArgType) -> String {
    format!("{ty:?}").to_lowercase()
}

pub(super) fn yields(yields: Yields) -> &'static str {
    match yields {
        Yields::Nothing => "nothing",
        Yields::Fd => "fd",
        Yields::Bytes => "bytes",
        Yields::Number => "number",
        Yields::Pid => "pid",
        Yields::Address => "address",
    }
}

pub(super) fn class(class: Class) -> &'static str {
    match class {
        Class::Instant => "instant",
        Class::Storage => "storage",
        Class::Descriptor => "descriptor",
        Class::Sleeps => "sleeps",
    }
}

pub(super) fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Process => "process",
        Scope::ReadsThread => "reads-thread",
        Scope::WritesThread => "writes-thread",
        Scope::BoundToThread => "bound-to-thread",
        Scope::EngineLife(_) => "engine-life",
    }
}

pub(super) fn descriptors(descriptors: Descriptors) -> String {
    match descriptors {
        Descriptors::Kept => "kept".to_owned(),
        Descriptors::Closes(arg) => format!("closes arg {arg}"),
        Descriptors::Replaces(arg) => format!("replaces arg {arg}"),
        Descriptors::ClosesRange => "closes a range".to_owned(),
    }
}

pub(super) fn memory(memory: Memory) -> &'static str {
    match memory {
        Memory::Kept => "kept",
        Memory::Maps => "maps",
        Memory::Unmaps => "unmaps",
        Memory::Moves => "moves",
        Memory::Changes => "changes",
    }
}

/// The word for a way to go on after EINTR.
pub(super) fn restart(restart: Restart) -> String {
    match restart {
        Restart::Uninterrupted => "uninterrupted".to_owned(),
        Restart::Again => "again".to_owned(),
        Restart::Shortened(arg) => format!("arg {arg} shortened"),
        Restart::Left(from, to) if from == to => format!("arg {to} is shortened"),
        Restart::Left(from, to) => format!("arg {from} as arg {to}"),
        Restart::Never(_) => "never".to_owned(),
    }
}

/// The word for whether a submitter that is held in the call is taken out of it.
pub(super) fn kick(kick: Kick) -> &'static str {
    match kick {
        Kick::Again => "yes",
        Kick::OnPipes => "on pipes",
        Kick::Never(_) => "no",
    }
}

/// Every class the call can be of, with the arguments that make it so: the usual one first.
pub(super) fn classes(row: &Row) -> Vec<(Class, Option<String>)> {
    let when = row.when.iter().map(|when| (when.class, Some(when.given.to_string())));
    [(row.class, None)].into_iter().chain(when).collect()
}

/// Every scope the call can have, in the same way.
pub(super) fn scopes(row: &Row) -> Vec<(Scope, Option<String>)> {
    let when = row.scope_when.iter().map(|when| {
        let also = when.also.map_or(String::new(), |also| format!(" and {also}"));
        (when.scope, Some(format!("{}{also}", when.given)))
    });
    [(row.scope, None)].into_iter().chain(when).collect()
}

/// Every answer to EINTR, in the same way.
pub(super) fn restarts(row: &Row) -> Vec<(Restart, Option<String>)> {
    let when = row.restart_when.iter().map(|when| (when.restart, Some(when.given.to_string())));
    [(row.restart, None)].into_iter().chain(when).collect()
}

/// The non-blocking attempt, or the reason for which there is none.
pub(super) fn nonblocking(row: &Row) -> Option<String> {
    let none = || row.blocking_only.map(|why| format!("none: {why}"));
    row.nonblocking.map(|form| form.to_string()).or_else(none)
}

/// The names of all argument types that some row uses.
pub(crate) fn argument_types() -> impl Iterator<Item = &'static str> {
    static NAMES: LazyLock<BTreeSet<String>> =
        LazyLock::new(|| rows().iter().flat_map(|row| row.args).map(|arg| ty(arg.ty)).collect());
    NAMES.iter().map(String::as_str)
}
