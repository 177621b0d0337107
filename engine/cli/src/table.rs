//! `syslet table`: the rows, and one call with every argument.

use std::io::{self, Write};

use serde_json::{Value, json};
use syslet::syscalls::{self, Arg, Direction, Len, Row};

use crate::script::error::nearest;

/// Prints all rows, or the one that `call` names. Gives what is wrong with `call` otherwise.
pub(crate) fn print(call: Option<&str>, json: bool, out: &mut impl Write) -> io::Result<Result<(), String>> {
    let Some(call) = call else {
        return all(json, out).map(Ok);
    };
    let row = match find(call) {
        Ok(row) => row,
        Err(message) => return Ok(Err(message)),
    };
    if json {
        writeln!(out, "{}", object(row))?;
    } else {
        one(row, out)?;
    }
    out.flush().map(Ok)
}

fn find(call: &str) -> Result<&'static Row, String> {
    if call.bytes().all(|byte| byte.is_ascii_digit()) && !call.is_empty() {
        let row = call.parse().ok().and_then(syscalls::row);
        return row.ok_or_else(|| {
            format!("the table has no call with number {call}; a script can write syscall({call}, …), with plain values")
        });
    }
    syscalls::row_by_name(call).ok_or_else(|| {
        let near = nearest(call, syscalls::rows().iter().map(|row| row.name));
        let near = near.map_or(String::new(), |near| format!("; the nearest name is `{near}`"));
        format!("the table has no call `{call}`{near}")
    })
}

fn all(json: bool, out: &mut impl Write) -> io::Result<()> {
    if !json {
        writeln!(out, "{:>4}  {:<24} {:<11} CALL", "NR", "NAME", "CLASS")?;
    }
    for row in syscalls::rows() {
        if json {
            writeln!(out, "{}", object(row))?;
        } else {
            let class = format!("{:?}", row.class).to_lowercase();
            writeln!(out, "{:>4}  {:<24} {class:<11} {}", number(row), row.name, prototype(row))?;
        }
    }
    out.flush()
}

fn number(row: &Row) -> String {
    row.numbers.here().map_or("-".to_owned(), |number| number.to_string())
}

fn prototype(row: &Row) -> String {
    let args: Vec<String> = row.args.iter().map(shape).collect();
    format!("{}({})", row.name, args.join(", "))
}

/// An argument as the prototype shows it: its name, which way its bytes go, how far they reach.
fn shape(arg: &Arg) -> String {
    match direction(arg) {
        "value" => arg.name.to_owned(),
        direction => {
            format!("{direction} {}{}", arg.name, length(arg).map_or(String::new(), |len| format!("[{len}]")))
        }
    }
}

fn direction(arg: &Arg) -> &'static str {
    match arg.ty.direction() {
        Direction::Value => "value",
        Direction::In => "in",
        Direction::Out => "out",
        Direction::InOut => "inout",
        Direction::Opaque => "opaque",
    }
}

/// The length rule, with arguments by number from 0.
fn length(arg: &Arg) -> Option<String> {
    match arg.len {
        Len::None => None,
        Len::Const(bytes) => Some(bytes.to_string()),
        Len::Arg(by) => Some(format!("arg {by}")),
        Len::Times(by, bytes) => Some(format!("arg {by} * {bytes}")),
        Len::Plus(by, bytes) => Some(format!("arg {by} + {bytes}")),
        Len::Bits(by) => Some(format!("arg {by} bits")),
        Len::Nul => Some("to NUL".to_owned()),
        Len::At(by) => Some(format!("*arg {by}")),
    }
}

fn one(row: &Row, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", prototype(row))?;
    let on = |number: Option<u16>| number.map_or("-".to_owned(), |number| number.to_string());
    writeln!(out, "number       x86_64 {}, aarch64 {}", on(row.numbers.x86_64), on(row.numbers.aarch64))?;
    writeln!(out, "gives        {}", lower(&row.yields))?;
    writeln!(out, "class        {}", lower(&row.class))?;
    for when in row.when {
        writeln!(out, "             {} when {}", lower(&when.class), when.given)?;
    }
    writeln!(out, "scope        {}", lower(&row.scope))?;
    for when in row.scope_when {
        writeln!(out, "             {} when {}", lower(&when.scope), when.given)?;
    }
    writeln!(out, "descriptors  {}", lower(&row.descriptors))?;
    writeln!(out, "memory       {}", lower(&row.memory))?;
    writeln!(out, "twin         {}", row.twin.map_or("none".to_owned(), |twin| twin.to_string()))?;
    writeln!(out, "safe code    {}", if row.is_safe() { "may call it" } else { "must not call it" })?;
    if let Some(danger) = row.danger {
        writeln!(out, "             {danger}")?;
    }
    for (index, arg) in row.args.iter().enumerate() {
        let length = length(arg).map_or(String::new(), |len| format!("length {len}"));
        let (name, kind) = (arg.name, lower(&arg.ty));
        let line = format!("arg {index}        {name:<14} {kind:<12} {:<7} {length}", direction(arg));
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn lower(value: &impl std::fmt::Debug) -> String {
    format!("{value:?}").to_lowercase()
}

fn object(row: &Row) -> Value {
    let args: Vec<Value> = row
        .args
        .iter()
        .map(|arg| json!({ "name": arg.name, "type": lower(&arg.ty), "direction": direction(arg), "length": length(arg) }))
        .collect();
    json!({
        "v": 1,
        "name": row.name,
        "nr": row.numbers.here(),
        "x86_64": row.numbers.x86_64,
        "aarch64": row.numbers.aarch64,
        "args": args,
        "gives": lower(&row.yields),
        "class": lower(&row.class),
        "scope": lower(&row.scope),
        "descriptors": lower(&row.descriptors),
        "memory": lower(&row.memory),
        "twin": row.twin.map(|twin| twin.to_string()),
        "safe": row.is_safe(),
    })
}
