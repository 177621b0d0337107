//! The explanation of one call: every column in words.

use std::io::{self, Write};

use syslet::syscalls::{ArgType, Class, Descriptors, Memory, Row, Scope, Written, Yields};

use super::kernel::Known;
use super::{json, words};

pub(super) fn print(row: &Row, known: &Known, as_json: bool, out: &mut impl Write) -> io::Result<()> {
    if as_json {
        let mut object = json::object(row);
        object["this_kernel"] = known.word().into();
        return writeln!(out, "{object}");
    }
    writeln!(out, "{}", words::prototype(row))?;
    let on = |number: Option<u16>| number.map_or("-".to_owned(), |number| number.to_string());
    let numbers = format!("x86_64 {}, aarch64 {}", on(row.numbers.x86_64), on(row.numbers.aarch64));
    line(out, "number", &numbers)?;
    line(out, "this kernel", &known.to_string())?;
    if let Some(why) = row.gone {
        line(out, "gone", &format!("{why}: the kernel answers ENOSYS"))?;
    }
    line(out, "gives", &format!("{}: {}", words::yields(row.yields), yields(row.yields)))?;
    let class_line = |class| format!("{}: {}", words::class(class), class_means(class));
    column(out, "class", words::classes(row), class_line)?;
    let scope_line = |scope| format!("{}: {}", words::scope(scope), scope_means(scope));
    column(out, "scope", words::scopes(row), scope_line)?;
    line(out, "descriptors", &descriptors(row.descriptors))?;
    line(out, "memory", &format!("{}: {}", words::memory(row.memory), memory(row.memory)))?;
    line(out, "nonblocking", &words::nonblocking(row).unwrap_or_else(|| "none".to_owned()))?;
    column(out, "after EINTR", words::restarts(row), |restart| restart.to_string())?;
    line(out, "kicked", &row.kick.to_string())?;
    line(out, "as bytes", self_contained(row))?;
    let safe = if row.is_safe() { "may make it" } else { "must not make it" };
    line(out, "safe code", &row.danger.map_or(safe.to_owned(), |danger| format!("{safe}: {danger}")))?;
    arguments(row, out)
}

fn line(out: &mut impl Write, title: &str, text: &str) -> io::Result<()> {
    writeln!(out, "{title:<12} {text}")
}

/// The usual value, then a line for each other one.
fn column<T>(
    out: &mut impl Write,
    title: &str,
    all: Vec<(T, Option<String>)>,
    word: impl Fn(T) -> String,
) -> io::Result<()> {
    for (at, (value, given)) in all.into_iter().enumerate() {
        let title = if at == 0 { title } else { "" };
        let given = given.map_or(String::new(), |given| format!("when {given}, "));
        line(out, title, &format!("{given}{}", word(value)))?;
    }
    Ok(())
}

fn arguments(row: &Row, out: &mut impl Write) -> io::Result<()> {
    for (index, arg) in row.args.iter().enumerate() {
        let (direction, kind) = (words::direction(arg), words::ty(arg.ty));
        let length = words::length(arg).map(|len| format!("length {len}"));
        let length = length.as_deref().or(words::width(arg)).unwrap_or_default();
        let text = format!("arg {index}        {:<14} {kind:<12} {direction:<7} {length}", arg.name);
        let means = [Some(argument(arg.ty)), written(arg.written), words::names(row, index)];
        let means: Vec<&str> = means.into_iter().flatten().collect();
        writeln!(out, "{}", text.trim_end())?;
        writeln!(out, "{:<12} {}", "", means.join("; "))?;
        for formed in words::forms(row, arg) {
            form(&formed, out)?;
        }
    }
    Ok(())
}

/// The widest line of a form's names.
const COLUMNS: usize = 120;

/// A form, and under it the names for which it holds, where they are too many for its line.
fn form(formed: &words::Formed, out: &mut impl Write) -> io::Result<()> {
    let length = words::length(&formed.arg).map_or(String::new(), |len| format!(", length {len}"));
    let width = words::width(&formed.arg).map_or(String::new(), |width| format!(", {width}"));
    let head = format!("{:<12} {}{length}{width} when {}", "", words::ty(formed.arg.ty), formed.given);
    let danger = formed.danger.map_or(String::new(), |why| format!("; safe code must not: {why}"));
    let whole = format!("{head} {}{danger}", formed.among.join(" or "));
    if whole.len() <= COLUMNS || formed.among.len() == 1 {
        return writeln!(out, "{whole}");
    }
    writeln!(out, "{head} one of{danger}")?;
    let mut line = String::new();
    for name in &formed.among {
        if !line.is_empty() && 15 + line.len() + name.len() > COLUMNS {
            writeln!(out, "{:<14}{line}", "")?;
            line.clear();
        }
        line += &format!(" {name}");
    }
    writeln!(out, "{:<14}{line}", "")
}

fn yields(yields: Yields) -> &'static str {
    match yields {
        Yields::Nothing => "zero",
        Yields::Fd => "a new descriptor",
        Yields::Bytes => "a count of bytes",
        Yields::Number => "another count or number",
        Yields::Pid => "a process or thread",
        Yields::Address => "an address",
    }
}

fn class_means(class: Class) -> &'static str {
    match class {
        Class::Instant => "it never sleeps for anything but the processor and a short lock",
        Class::Storage => "it may wait for storage, or for the server behind a file system",
        Class::Descriptor => "the kind of the descriptor decides how long it keeps its thread",
        Class::Sleeps => "it may sleep for ever",
    }
}

fn scope_means(scope: Scope) -> &'static str {
    match scope {
        Scope::Process => "any thread may make it",
        Scope::ReadsThread => "it answers about the thread that makes it: a worker, unless SYNC is set",
        Scope::WritesThread => "it changes the thread that makes it: only with PRIVATE",
        Scope::BoundToThread => "it acts for the thread that makes it beyond the call: only with SYNC",
        Scope::EngineLife(harm) => harm.why(),
    }
}

fn descriptors(effect: Descriptors) -> String {
    let means = match effect {
        Descriptors::Kept => "it closes and replaces none",
        Descriptors::Closes(_) => "its number is free afterwards, even if the call fails",
        Descriptors::Replaces(_) => "its number stands for another file afterwards",
        Descriptors::ClosesRange => "all between two numbers",
    };
    format!("{}: {means}", words::descriptors(effect))
}

fn memory(memory: Memory) -> &'static str {
    match memory {
        Memory::Kept => "nothing beyond the bytes of its arguments",
        Memory::Maps => "new memory appears",
        Memory::Unmaps => "memory disappears",
        Memory::Moves => "memory gets another address",
        Memory::Changes => "memory changes its protection or its contents",
    }
}

fn self_contained(row: &Row) -> &'static str {
    if row.is_self_contained() {
        "self-contained: everything it needs can travel in the submission"
    } else {
        "not self-contained: it needs addresses, or changes the meaning of addresses"
    }
}

fn argument(ty: ArgType) -> &'static str {
    match ty {
        ArgType::Fd => "an open descriptor",
        ArgType::DirFd => "a descriptor of a directory, or AT_FDCWD",
        ArgType::Path => "a path, up to its NUL",
        ArgType::Text => "a string, up to its NUL",
        ArgType::In => "bytes or a structure that the call reads",
        ArgType::SocketAddress => "an address of a socket",
        ArgType::Out => "bytes or a structure that the call writes",
        ArgType::InOut => "a structure that the call reads and writes",
        ArgType::Descriptors => "structures or bits that name descriptors, read and written",
        ArgType::Gather => "buffers that the call reads, by offset and length",
        ArgType::Scatter => "buffers that the call writes, by offset and length",
        ArgType::SendMessage => "a message that is sent, with offsets for addresses",
        ArgType::ReceiveMessage => "room for a message, with offsets for addresses",
        ArgType::SendMessages => "messages that are sent, with offsets for addresses",
        ArgType::ReceiveMessages => "room for messages, with offsets for addresses",
        ArgType::Size => "a length or count of memory",
        ArgType::Flags => "a set of bits",
        ArgType::Mode => "file mode bits",
        ArgType::Int => "a signed integer",
        ArgType::Uint => "an unsigned integer",
        ArgType::Offset => "a position in a file",
        ArgType::Pid => "a process, thread or process group",
        ArgType::Id => "a user or group",
        ArgType::Signal => "a signal number",
        ArgType::Clock => "a clock",
        ArgType::Command => "the operation of the call",
        ArgType::Address => "an address that is itself the point",
        ArgType::Opaque => {
            "memory with pointers in it, or a word with a meaning that another argument decides"
        }
    }
}

/// How much of an argument's bytes come back.
fn written(written: Written) -> Option<&'static str> {
    match written {
        Written::Never => None,
        Written::Whole => Some("all of it comes back when the call succeeds"),
        Written::Result => Some("as many bytes come back as the result says"),
        Written::Perhaps => Some("as many bytes come back as the result says, some perhaps as they were"),
        Written::Plus(_) => Some("as many bytes come back as the result says, and those before them"),
        Written::Times(_) => Some("as many elements come back as the result says"),
        Written::At(_) => Some("as many bytes come back as the length beside it says after the call"),
        Written::AtTimes(..) => {
            Some("as many elements come back as the number beside it says after the call")
        }
        Written::Interrupted => Some("it comes back when the call was interrupted"),
    }
}
