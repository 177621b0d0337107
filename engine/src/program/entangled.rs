//! Members of a group that rely on bytes which others of the group may write.

use std::ops::Range;

use syslet_abi::{ATOMS_MAX, Call};
use syslet_syscalls::{Row, check_arguments, kept, reached, row};

use super::machine::Machine;
use super::making::Calls;

/// The members that are not called.
#[derive(Debug)]
pub(super) struct Entangled([bool; ATOMS_MAX]);

impl Entangled {
    /// Whether this atom is one.
    pub(super) fn contains(&self, atom: usize) -> bool {
        self.0[atom]
    }
}

impl Calls<'_, '_> {
    /// The members of a group whose strings and lengths another member may write: checked now, they could be others when
    /// the kernel looks, and the call would reach beyond the out area.
    pub(super) fn entangled(&mut self, machine: &Machine, members: Range<usize>) -> Entangled {
        let mut entangled = Entangled([false; ATOMS_MAX]);
        let mut all_kept: Vec<(usize, Range<usize>)> = Vec::new();
        self.each_checked(machine, members.clone(), |atom, row, call, out| {
            all_kept.extend(kept(row, call, out).map(|kept| (atom, kept)));
        });
        if all_kept.is_empty() {
            return entangled;
        }
        self.each_checked(machine, members, |writer, row, call, _| {
            for written in reached(row, call) {
                for (atom, kept) in &all_kept {
                    let meets = kept.start < written.end && written.start < kept.end;
                    entangled.0[*atom] |= meets && *atom != writer;
                }
            }
        });
        entangled
    }

    /// Looks at the members that have memory, all numbers known; not at those that are refused anyway.
    fn each_checked(
        &mut self,
        machine: &Machine,
        members: Range<usize>,
        mut look: impl FnMut(usize, &Row, &Call<'_>, &[u8]),
    ) {
        for at in members {
            let atom = machine.atom(&self.program, at);
            let Some(row) = row(atom.own().nr()).filter(|_| !atom.kinds().all_values()) else { continue };
            self.effective.fill(&atom, Some(row), Some(machine));
            let call = self.effective.call(self.data, self.out.len());
            if check_arguments(row, &call).is_ok() {
                look(at, row, &call, self.out);
            }
        }
    }
}
