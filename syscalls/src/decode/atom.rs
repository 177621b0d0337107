//! One atom of a program in words: its call or step, the test of its value, and the next atom. `program` calls it for each.

use syslet_abi::{ArgKind, Atom, AtomFlags, Call, Inout, Offset, Operand, StepOp, Target, Test, Width};

use crate::constants::errno_name;
use crate::decode::names::call_name;
use crate::decode::structure::Style;
use crate::decode::{argument, number};
use crate::lookup::row;

/// The atom without its number. The call is that of the atom, with the areas of its program.
pub(super) fn shown(atom: &Atom<'_>, call: &Call<'_>, style: Style) -> String {
    let finally = if atom.flags().contains(AtomFlags::FINALLY) { "finally " } else { "" };
    let body = if atom.is_call() { made(call, style) } else { step(atom) };
    let comma = if !atom.is_call() && atom.step() == StepOp::JUMP { "" } else { "," };
    let lead = lead(atom).map_or_else(String::new, |lead| format!("{comma} {lead}"));
    format!("{finally}{body}{lead}")
}

fn made(call: &Call<'_>, style: Style) -> String {
    let arguments: Vec<String> = (0..call.argc()).map(|index| given(call, index, style)).collect();
    format!("{}({})", call_name(call.nr()), arguments.join(", "))
}

/// An argument of a call: one that is unknown before the call is made is named by its source.
fn given(call: &Call<'_>, index: usize, style: Style) -> String {
    let word = call.raw_arg(index);
    let plain = || argument::shown(row(call.nr()), call, index, None, style);
    match call.kinds().get(index) {
        kind @ (ArgKind::RESULT | ArgKind::REGISTER) => operand(Operand { kind: kind.0, value: word }),
        ArgKind::IN if word > u64::from(u32::MAX) => place(ArgKind::IN, word),
        ArgKind::OUT => place(ArgKind::OUT, word),
        ArgKind::INOUT if row(call.nr()).is_some_and(|row| index < row.args.len()) => {
            format!("{} => out@{}", plain(), Inout::unpack(word).out)
        }
        _ => plain(),
    }
}

/// A place in memory, and its end if it has a length: `in@16`, `out@16..24`, `out@16+r2..24`.
fn place(kind: ArgKind, word: u64) -> String {
    let area = match kind {
        ArgKind::IN => "in".to_owned(),
        ArgKind::OUT => "out".to_owned(),
        ArgKind(kind) => format!("kind{kind}"),
    };
    let Offset { at, register, len } = Offset::unpack(word);
    let end = len.map(|len| u64::from(at) + u64::from(len));
    match (end, register) {
        (None, None) => format!("{area}@{at}"),
        (None, Some(register)) => format!("{area}@{at}+r{register}"),
        (Some(end), None) => format!("{area}@{at}..{end}"),
        (Some(end), Some(register)) => format!("{area}@{at}+r{register}..{end}"),
    }
}

/// A number, or its source: `-5`, `#0`, `r3`.
fn operand(operand: Operand) -> String {
    let value = operand.value;
    match ArgKind(operand.kind) {
        ArgKind::VALUE => value.cast_signed().to_string(),
        ArgKind::RESULT => format!("#{value}"),
        ArgKind::REGISTER => format!("r{value}"),
        kind => place(kind, value),
    }
}

fn step(atom: &Atom<'_>) -> String {
    let register = |index: usize| format!("r{}", atom.raw_arg(index));
    let number = |index: usize| operand(atom.value(index));
    let memory = |at: usize, wide: usize| {
        format!("{} at {}", width(Width(atom.raw_arg(wide))), place(atom.kinds().get(at), atom.raw_arg(at)))
    };
    match atom.step() {
        StepOp::SET => format!("{} = {}", register(0), number(1)),
        StepOp::ADD => format!("{} += {}", register(0), number(1)),
        StepOp::SUBTRACT => format!("{} -= {}", register(0), number(1)),
        StepOp::COMPARE => number(0),
        StepOp::JUMP => "jump".to_owned(),
        StepOp::LOAD => format!("{} = {}", register(0), memory(1, 2)),
        StepOp::STORE => format!("{} = {}", memory(0, 1), number(2)),
        StepOp::TOGETHER => format!("together({}, {})", number(0), number(1)),
        StepOp(op) => format!("step_{op:#x}(...)"),
    }
}

/// `u16`, `i64`; an unknown width by its number.
fn width(width: Width) -> String {
    match width.bytes() {
        Some(bytes) => format!("{}{}", if width.is_signed() { "i" } else { "u" }, 8 * bytes),
        None => format!("width {:#x}", width.0),
    }
}

/// The target of the atom, if it is not simply the next.
fn lead(atom: &Atom<'_>) -> Option<String> {
    let (then, otherwise) = (atom.then(), atom.otherwise());
    if atom.test() == Test::ALWAYS {
        return (then != Target::NEXT).then(|| target(then));
    }
    let test = test(atom.test(), atom.operand());
    Some(match (then, otherwise) {
        (Target::NEXT, Target::NEXT) => format!("if {test} next"),
        (Target::NEXT, otherwise) => format!("unless {test} {}", target(otherwise)),
        (then, Target::NEXT) => format!("if {test} {}", target(then)),
        (then, otherwise) => format!("if {test} {} else {}", target(then), target(otherwise)),
    })
}

fn target(target: Target) -> String {
    match target {
        Target::NEXT => "next".to_owned(),
        Target::STOP => "stop".to_owned(),
        Target(atom) => format!("to {atom}"),
    }
}

fn test(test: Test, with: Operand) -> String {
    match test {
        Test::ZERO => "== 0".to_owned(),
        Test::NON_ZERO => "!= 0".to_owned(),
        Test::NEGATIVE => "< 0".to_owned(),
        Test::NON_POSITIVE => "<= 0".to_owned(),
        Test::EQUAL => format!("== {}", operand(with)),
        Test::LESS => format!("< {}", operand(with)),
        Test::GREATER => format!("> {}", operand(with)),
        Test::MASK if with.kind == ArgKind::VALUE.0 => format!("& {}", number::hex(with.value)),
        Test::MASK => format!("& {}", operand(with)),
        Test::ERRNO => errnos(with.value),
        Test::ERROR => "error".to_owned(),
        Test(test) => format!("test_{test}"),
    }
}

/// Up to four error numbers of sixteen bits each; a zero stands for none.
fn errnos(set: u64) -> String {
    let each = (0..4).map(|index| number::int(set >> (16 * index) & 0xffff)).filter(|errno| *errno != 0);
    let names: Vec<String> =
        each.map(|errno| errno_name(errno).map_or_else(|| format!("errno {errno}"), str::to_owned)).collect();
    if names.is_empty() { "never".to_owned() } else { names.join("|") }
}
