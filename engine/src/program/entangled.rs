//! Members of a group that rely on bytes which others of the group may write.

use std::ops::Range;

use syslet_abi::{ATOMS_MAX, Call, Program};
use syslet_syscalls::{Row, kept, reached, row};

use crate::program::effective::Effective;
use crate::program::interpreter::Interpreter;

/// The members that are not called.
#[derive(Debug)]
pub(crate) struct Entangled([bool; ATOMS_MAX]);

impl Entangled {
    /// The members of a group whose strings and lengths another member may write: checked now, they could be others when
    /// the kernel looks, and the call would reach beyond the out area.
    pub(crate) fn of(
        program: &Program<'_>,
        out: &[u8],
        effective: &mut Effective,
        interpreter: &Interpreter,
        members: Range<usize>,
    ) -> Entangled {
        let mut entangled = Entangled([false; ATOMS_MAX]);
        let mut all_kept: Vec<(usize, Range<usize>)> = Vec::new();
        let data = program.head().data();
        // Looks at the members that have memory, all numbers known; not at those that are refused anyway.
        let mut each_checked = |look: &mut dyn FnMut(usize, &Row, &Call<'_>)| {
            for at in members.clone() {
                let atom = interpreter.atom(program, at);
                let Some(row) = row(atom.nr()).filter(|_| !atom.kinds().all_values()) else { continue };
                effective.fill(&atom, Some(row), Some(interpreter));
                let call = effective.call(data, out.len());
                if effective.check(row, &call).is_ok() {
                    look(at, row, &call);
                }
            }
        };
        each_checked(&mut |atom, row, call| {
            all_kept.extend(kept(row, call, out).map(|kept| (atom, kept)));
        });
        if all_kept.is_empty() {
            return entangled;
        }
        each_checked(&mut |writer, row, call| {
            for written in reached(row, call) {
                for (atom, kept) in &all_kept {
                    let meets = kept.start < written.end && written.start < kept.end;
                    entangled.0[*atom] |= meets && *atom != writer;
                }
            }
        });
        entangled
    }

    /// Whether this atom is one.
    pub(crate) fn contains(&self, atom: usize) -> bool {
        self.0[atom]
    }
}
