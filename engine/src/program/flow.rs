//! Which values are there when an atom runs: what every path to it has made, and none has closed.

use syslet_abi::{
    ATOMS_MAX, ArgKind, Atom, AtomFlags, CALL_ARGS_OFFSET, Program, Refusal, Target, Test, USER_DATA_OFFSET,
};

use crate::program::atom::{closes, members};
use crate::refused::Refused;

/// One bit for each atom.
type AtomSet = [u64; ATOMS_MAX / 64];

/// What is there before each atom.
#[derive(Debug)]
pub(crate) struct Flow {
    before: Box<[AtomSet; ATOMS_MAX]>,
}

const ALL: AtomSet = [u64::MAX; ATOMS_MAX / 64];

impl Default for Flow {
    fn default() -> Flow {
        Flow { before: Box::new([ALL; ATOMS_MAX]) }
    }
}

impl Flow {
    /// Refuses a program that reads what may not be there (SYSLET-16).
    pub(crate) fn check(&mut self, program: &Program<'_>) -> Result<(), Refused> {
        let count = program.atom_count();
        self.before[..count].fill(ALL);
        self.before[0] = [0; ATOMS_MAX / 64];
        while self.pass(program) {}
        let mut group_end = 0;
        let mut before = self.before[0];
        for (index, atom) in program.atoms().enumerate() {
            if atom.flags().contains(AtomFlags::FINALLY) {
                break;
            }
            // Members of a group see what was there before it.
            if index >= group_end {
                before = self.before[index];
            }
            group_end = group_end.max(index + 1 + members(&atom));
            read(&atom, &before).map_err(|(refusal, at)| refusal.at(atom.offset() + at))?;
        }
        Ok(())
    }

    /// Follows every atom to those it leads to; says whether that has changed anything behind.
    fn pass(&mut self, program: &Program<'_>) -> bool {
        let mut again = false;
        let mut atoms = program.atoms().enumerate();
        while let Some((index, atom)) = atoms.next() {
            if atom.flags().contains(AtomFlags::FINALLY) {
                break;
            }
            let (mut after, mut next) = (after_atom(&atom, index, self.before[index]), index + 1);
            // Members have run wherever their group leads.
            for (index, member) in atoms.by_ref().take(members(&atom)) {
                (after, next) = (after_atom(&member, index, after), index + 1);
            }
            // What always holds leads one way only.
            let otherwise = if atom.test() == Test::ALWAYS { Target::STOP } else { atom.otherwise() };
            for target in [atom.then(), otherwise] {
                let to = match target {
                    Target::STOP => continue,
                    Target::NEXT => next,
                    Target(to) => usize::from(to),
                };
                let Some(before) = self.before.get_mut(to) else { continue };
                let both: AtomSet = std::array::from_fn(|word| before[word] & after[word]);
                again |= both != *before && to <= index;
                *before = both;
            }
        }
        again
    }
}

/// What is there behind an atom.
fn after_atom(atom: &Atom<'_>, index: usize, mut set: AtomSet) -> AtomSet {
    if let Some(closed) = closes(atom) {
        set[closed / 64 % set.len()] &= !(1 << (closed % 64));
    }
    set[index / 64] |= 1 << (index % 64);
    set
}

/// Whether all that an atom reads is there; where not, why and at which of its bytes.
fn read(atom: &Atom<'_>, before: &AtomSet) -> Result<(), (Refusal, usize)> {
    let is_there = |value: u64| {
        let index = usize::try_from(value).unwrap_or(usize::MAX);
        before[index / 64 % before.len()] & 1 << (index % 64) != 0
    };
    for at in atom.kinds().not_values() {
        let operand = atom.value(at);
        if operand.kind == ArgKind::RESULT.0 && !is_there(operand.value) {
            return Err((Refusal::RESULT_UNKNOWN, CALL_ARGS_OFFSET + 8 * at));
        }
    }
    let operand = atom.operand();
    if operand.kind == ArgKind::RESULT.0 && !is_there(operand.value) {
        return Err((Refusal::RESULT_UNKNOWN, USER_DATA_OFFSET));
    }
    Ok(())
}
