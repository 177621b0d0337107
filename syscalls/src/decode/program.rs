//! Programs in words: the registers that they begin with, and each atom by its number. The decoder calls it for records of
//! programs.

use syslet_abi::{Atom, CALL_ARGS_OFFSET, Call, Glance, Kind, StepOp};

use crate::decode::atom;
use crate::decode::reader::Reader;
use crate::decode::structure::Style;
use crate::lookup::row;

/// Whether the record's kind is that of a program.
pub(super) fn is_program(record: &[u8]) -> bool {
    Reader(record).u16(4) == Some(Kind::SYSLET.0)
}

/// The whole program in one line.
pub(super) fn shown(record: &[u8], style: Style) -> String {
    let Some(glance) = Glance::of(record) else { return "syslet {...}".to_owned() };
    let registers: Vec<String> = glance
        .registers()
        .enumerate()
        .map(|(index, contents)| format!("r{index}={}", contents.cast_signed()))
        .collect();
    let registers = if registers.is_empty() { String::new() } else { format!("({})", registers.join(", ")) };
    format!("syslet{registers} {{ {} }}", atoms(&glance, style).join("; "))
}

/// Its atoms, one by one, as far as they can be found.
pub(super) fn atoms(glance: &Glance<'_>, style: Style) -> Vec<String> {
    let line = |(number, atom): (usize, Option<Atom<'_>>)| match atom {
        Some(atom) => format!("{number}: {}", atom::shown(&atom, &call(&atom, glance), style)),
        None => format!("{number}: ..."),
    };
    glance.atoms().map(|found| found.atom).enumerate().map(line).collect()
}

/// The atom that byte `at` lies in, and its argument or field: `atom 3, argument 2, buf`.
pub(super) fn place_of(record: &[u8], at: usize) -> Option<String> {
    let (number, found) = Glance::of(record)?.atom_at(at)?;
    let at = at - found.offset;
    let field = Atom::field(at).unwrap_or("attributes");
    let Some(atom) = found.atom else { return Some(format!("atom {number}, {field}")) };
    let index = at.checked_sub(CALL_ARGS_OFFSET).map(|at| at / 8).filter(|index| *index < atom.own().argc());
    let Some(index) = index else { return Some(format!("atom {number}, {field}")) };
    let name = argument_name(&atom, index).map_or_else(String::new, |name| format!(", {name}"));
    Some(format!("atom {number}, argument {}{name}", index + 1))
}

fn argument_name(atom: &Atom<'_>, index: usize) -> Option<&'static str> {
    if atom.is_call() {
        return row(atom.own().nr()).and_then(|row| row.args.get(index)).map(|arg| arg.name);
    }
    let names: &[&str] = match atom.step() {
        StepOp::SET | StepOp::ADD | StepOp::SUBTRACT => &["register", "number"],
        StepOp::COMPARE => &["number"],
        StepOp::LOAD => &["register", "place", "width"],
        StepOp::STORE => &["place", "width", "number"],
        StepOp::TOGETHER => &["calls", "enough"],
        _ => &[],
    };
    names.get(index).copied()
}

/// The call of an atom, with the areas of its program.
fn call<'a>(atom: &Atom<'a>, glance: &Glance<'a>) -> Call<'a> {
    atom.call(glance.data(), glance.area_len())
}
