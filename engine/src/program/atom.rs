//! What an atom says of other atoms.

use syslet_abi::{ArgKind, Atom, StepOp};
use syslet_syscalls::{Descriptors, row};

/// How many atoms behind this one are members of its group.
#[inline(always)]
pub(crate) fn members(atom: &Atom<'_>) -> usize {
    if !atom.is_call() && atom.step() == StepOp::TOGETHER {
        usize::try_from(atom.raw_arg(0)).unwrap_or_default()
    } else {
        0
    }
}

/// The atom whose descriptor this one closes.
pub(crate) fn closes(atom: &Atom<'_>) -> Option<usize> {
    if !atom.is_call() || atom.kinds().all_values() {
        return None;
    }
    let Descriptors::Closes(argument) = row(atom.nr())?.descriptors else { return None };
    let operand = atom.value(argument.into());
    if operand.kind == ArgKind::RESULT.0 { usize::try_from(operand.value).ok() } else { None }
}
