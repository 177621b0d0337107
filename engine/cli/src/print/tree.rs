//! The atoms of a group below their group.

use std::io::{self, Write};

use serde_json::{Value, json};

use syslet::DoneFlags;

use crate::plan::group::{Atom, Group};
use crate::print::errno_name;
use crate::print::json::attributes;
use crate::print::text::{attribute, result};
use crate::report::{Answer, AtomAnswer};

/// A line for each atom that ran and was written in the script, indented by the blocks it stands in.
pub(crate) fn text(group: &Group, answer: &Answer, out: &mut impl Write) -> io::Result<()> {
    for (atom, answer) in ran(group, answer).filter(|(atom, _)| !atom.words.is_empty()) {
        let name = match &atom.name {
            Some(name) if atom.row.is_some() => format!("{name} = "),
            _ => String::new(),
        };
        let runs = if answer.runs == 1 { String::new() } else { format!("  ({} times)", answer.runs) };
        let attributes: String = answer.attributes.iter().map(attribute).collect();
        let value = result(answer.value, &answer.words);
        let indent = 4 + 2 * atom.depth;
        let (line, words) = (atom.line, &atom.words);
        // A change of a register has a sign of its own.
        let sign = if atom.is_call() { "=" } else { "->" };
        writeln!(out, "{:indent$}{line}: {name}{words} {sign} {value}{runs}{attributes}", "")?;
    }
    answer.areas.iter().try_for_each(|(name, holds)| writeln!(out, "      {name}: {holds}"))
}

/// The atoms that ran, as objects.
pub(crate) fn objects(group: &Group, answer: &Answer) -> Vec<Value> {
    let object = |(atom, answer): (&Atom, &AtomAnswer)| {
        let error = answer.value.decode().err().filter(|_| atom.is_call());
        json!({
            "atom": answer.atom,
            "line": atom.line,
            "depth": atom.depth,
            "name": atom.name,
            "call": atom.call_name(),
            "text": atom.words,
            "finally": atom.is_finally,
            "runs": answer.runs,
            "value": answer.value.0,
            "error": error.map(|errno| errno_name(errno.0)),
            "made": !answer.flags.contains(DoneFlags::ENGINE_RESULT),
            "attributes": attributes(&answer.attributes),
        })
    };
    ran(group, answer).map(object).collect()
}

fn ran<'a>(group: &'a Group, answer: &'a Answer) -> impl Iterator<Item = (&'a Atom, &'a AtomAnswer)> {
    answer.atoms.iter().filter_map(|answer| Some((group.atoms.get(answer.atom)?, answer)))
}
