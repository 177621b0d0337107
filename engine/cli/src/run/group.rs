//! Groups for `submit`: the submission of a group, and the answers of its atoms.

use syslet::abi::{AttributeFlags, AttributeId, CallFlags, Returns};
use syslet::attrs::AtomsValue;
use syslet::program::Program;
use syslet::{Completion, DoneFlags};

use crate::plan::group::{Asked, Group};
use crate::plan::{Operand, Passed, Step, StepId};
use crate::report::{AtomAnswer, Data};
use crate::run::resolve::Known;
use crate::run::values::answered;
use crate::run::words::Words;

/// The flags of the submission: SYNC where a call is bound to its thread, and for every group without workers.
pub(crate) fn flags(step: &Step, group: &Group, has_workers: bool) -> CallFlags {
    if step.is_private {
        CallFlags::PRIVATE
    } else if group.is_bound || !has_workers {
        CallFlags::SYNC
    } else {
        CallFlags::NONE
    }
}

/// The submission of a group, or the reason for which there is none.
pub(crate) fn build(
    step: &Step,
    group: &Group,
    id: StepId,
    known: &Known,
    has_workers: bool,
) -> Result<Program, String> {
    let number = |operand: &Operand| match operand.passed {
        Passed::Value(source) => known.number(source),
        _ => Ok(0),
    };
    let registers = step.operands.iter().map(number).collect::<Result<Vec<u64>, String>>()?;
    let mut asked: Vec<Asked> = Vec::new();
    for ask in &step.asks {
        let patch = ask.patch.map(|(patch, _)| patch);
        asked.push((ask.id, ask.flags, known.filled(&ask.payload, patch.as_slice())?));
    }
    // Asked or not: the output has the outcome of each atom, and the thread that ran them.
    for id in [AttributeId::WORKER, AttributeId::ATOMS] {
        if !step.asks.iter().any(|ask| ask.id == id) {
            asked.push((id, AttributeFlags::NONE, Vec::new()));
        }
    }
    let program = group.build(&registers, flags(step, group, has_workers), &asked);
    let mut program = program.map_err(|fault| format!("refused: {}", fault.refusal))?;
    program.set_user_data(id as u64);
    Ok(program)
}

/// The contents of the named areas; none if the group did not run.
pub(crate) fn data(group: &Group, done: &Completion<'_>) -> Vec<Data> {
    let Some(came) = done.data() else { return Vec::new() };
    let area = |(argument, area): (usize, &crate::plan::group::AreaSpec)| {
        let bytes = came.get(area.at..area.at + area.bytes)?.to_vec();
        Some(Data { argument, name: Some(area.name.clone()), bytes })
    };
    group.areas.iter().enumerate().filter_map(area).collect()
}

/// The results of calls that succeeded, by atom, but for those that the group has closed.
pub(crate) fn results(group: &Group, atoms: &[AtomAnswer]) -> Vec<(u16, u64)> {
    let succeeded = |atom: usize| {
        let answer = atoms.iter().find(|answer| answer.atom == atom && answer.runs > 0)?;
        answer.value.decode().ok().filter(|_| !answer.flags.contains(DoneFlags::NOT_RUN))
    };
    let is_left = |atom: u16| group.closers(atom).all(|(closer, _)| succeeded(closer).is_none());
    let numbered = (0..).zip(&group.atoms).filter(|(_, atom)| atom.is_call());
    numbered.filter_map(|(atom, _)| Some((atom, succeeded(atom.into())?)).filter(|_| is_left(atom))).collect()
}

/// The outcomes of the atoms that ran.
pub(crate) fn atoms(group: &Group, done: &Completion<'_>, words: &Words) -> Vec<AtomAnswer> {
    let Some(value) = done.attribute(AttributeId::ATOMS).and_then(|atoms| AtomsValue::parse(atoms.value))
    else {
        return Vec::new();
    };
    let entries = value.entries().map(|entry| {
        let atom = usize::from(entry.atom);
        let asks = group.atoms.get(atom).map_or(&[][..], |atom| &atom.asks);
        AtomAnswer {
            atom,
            runs: entry.runs,
            value: entry.value,
            words: words.value(entry.value, entry.flags),
            flags: entry.flags,
            attributes: answered(asks, |id| {
                Returns::of(entry.returned).into_iter().flatten().find(|returned| returned.id == id)
            }),
        }
    });
    entries.collect()
}
