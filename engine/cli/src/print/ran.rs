//! The atoms of a group that ran, each beside its statement; both printers walk them.

use crate::plan::group::{Atom, Group};
use crate::report::{Answer, AtomAnswer};

pub(crate) fn ran<'a>(
    group: &'a Group,
    answer: &'a Answer,
) -> impl Iterator<Item = (&'a Atom, &'a AtomAnswer)> {
    answer.atoms.iter().filter_map(|answer| Some((group.atoms.get(answer.atom)?, answer)))
}
