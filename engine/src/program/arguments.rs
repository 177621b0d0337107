//! The arguments of an atom's call, with every number in them known: those of calls that need no further check, those of all others,
//! and those that members of a group write for each other. The validator and the calls of a program fill and check them here.

use std::ops::Range;

use syslet_abi::{
    ARGS_MAX, ATOMS_MAX, ArgKind, Atom, CALL_ARGS_OFFSET, Call, Fault, Offset, Operand, Program,
};
use syslet_syscalls::{Direction, Len, RawArgs, Row, Scope, check_arguments, check_end, kept, reached, row};

use crate::program::interpreter::{Interpreter, Value, end};

/// Where the kinds of the arguments stand.
const KINDS_WORD: usize = 3;

/// Room for one call.
#[derive(Debug, Default)]
pub(crate) struct Effective {
    words: Vec<u64>,
    /// Where the bytes of each argument end in their area; behind all memory where the atom does not say.
    ends: [usize; ARGS_MAX],
    /// Whether a number on which the check depends was not known at admission. Descriptors are no such numbers.
    pub(crate) is_dynamic: bool,
}

impl Effective {
    /// Puts the numbers in. Without an interpreter they are not known yet, and are zero.
    #[inline]
    pub(crate) fn fill(&mut self, atom: &Atom<'_>, row: Option<&Row>, interpreter: Option<&Interpreter>) {
        self.words.clear();
        self.words.extend_from_slice(bytemuck::cast_slice(atom.bytes()));
        (self.ends, self.is_dynamic) = ([usize::MAX; ARGS_MAX], false);
        let mut kinds = atom.kinds();
        for index in atom.kinds().not_values() {
            let operand = atom.value(index);
            let number = match ArgKind(operand.kind) {
                ArgKind::RESULT | ArgKind::REGISTER => {
                    kinds = kinds.with(index, ArgKind::VALUE);
                    interpreter.map_or(0, |interpreter| interpreter.number(operand))
                }
                ArgKind::IN | ArgKind::OUT if operand.value > u64::from(u32::MAX) => {
                    let offset = Offset::unpack(operand.value);
                    self.ends[index] = end(offset);
                    if offset.register.is_none() {
                        self.words[CALL_ARGS_OFFSET / 8 + index] = offset.at.into();
                        continue;
                    }
                    // An offset beyond all memory is beyond every area, as the check finds.
                    interpreter
                        .map_or(Some(offset.at as usize), |interpreter| {
                            Some(interpreter.range(offset)?.start)
                        })
                        .map_or(u64::MAX, |at| at as u64)
                }
                _ => continue,
            };
            let arg = row.and_then(|row| row.args.get(index));
            self.is_dynamic |= !arg.is_some_and(|arg| arg.ty.is_descriptor());
            self.words[CALL_ARGS_OFFSET / 8 + index] = number;
        }
        let others = self.words[KINDS_WORD] & !u64::from(u32::MAX);
        self.words[KINDS_WORD] = others | u64::from(kinds.0);
    }

    /// The call's words.
    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }

    /// The call.
    pub(crate) fn call<'a>(&'a self, data: &'a [u8], out_len: usize) -> Call<'a> {
        Call::sharing(bytemuck::cast_slice(&self.words), data, out_len)
    }

    /// Checks the call, as far as its numbers are known: the demands of the table, and that every argument keeps to its own
    /// bytes.
    pub(crate) fn check(&self, row: &Row, call: &Call<'_>) -> Result<(), Fault> {
        check_arguments(row, call)?;
        call.kinds().not_values().try_for_each(|index| check_end(row, call, index, self.ends[index]))
    }

    /// Checks the numbers that admission could not know; gives the value that stands in the call's place, if it may not be made.
    pub(crate) fn refusal(
        &self,
        row: Option<&Row>,
        call: &Call<'_>,
        out: &[u8],
        may: impl Fn(Scope) -> bool,
    ) -> Option<Value> {
        let row = row?;
        if self.is_dynamic {
            if self.check(row, call).is_err() {
                return Some(Value::error(libc::EFAULT));
            }
            if !row.scope_when.is_empty() && !may(row.scope_with(&RawArgs::known(call))) {
                return Some(Value::error(libc::EPERM));
            }
        }
        let is_open = |index: usize| self.is_endless(row, call, index, out);
        call.kinds().not_values().any(is_open).then(|| Value::error(libc::EFAULT))
    }

    /// Whether an argument is a string in the out area that does not end where it should.
    fn is_endless(&self, row: &Row, call: &Call<'_>, index: usize, out: &[u8]) -> bool {
        let Some(arg) = row.args.get(index) else { return false };
        let is_string = arg.ty.direction() == Direction::In && arg.len == Len::Nul;
        let at = usize::try_from(call.raw_arg(index)).unwrap_or(usize::MAX);
        is_string
            && call.kinds().get(index) == ArgKind::OUT
            && !out.get(at..self.ends[index].min(out.len())).is_some_and(|string| string.contains(&0))
    }
}

/// Where the areas of a program are in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Areas {
    data: u64,
    out: u64,
}

impl Areas {
    #[inline(always)]
    pub(crate) fn of(data: &[u8], out: &mut [u8]) -> Areas {
        Areas {
            data: data.as_ptr().expose_provenance() as u64,
            out: out.as_mut_ptr().expose_provenance() as u64,
        }
    }
}

/// Puts the arguments of a call into `args` as the kernel gets them; false when the call needs a check first.
///
/// They are written where they are read: a copy in pieces of another size would wait for the processor's stores.
#[inline(always)]
pub(crate) fn direct(
    atom: &Atom<'_>,
    row: Option<&Row>,
    interpreter: &Interpreter,
    areas: Areas,
    args: &mut RawArgs,
) -> bool {
    for index in 0..ARGS_MAX {
        args.set(index, atom.raw_arg(index));
    }
    let kinds = atom.kinds();
    if kinds.all_values() {
        return true;
    }
    let Some(row) = row.filter(|row| !row.is_built) else { return false };
    for index in kinds.not_values() {
        let Some(about) = row.args.get(index) else { return false };
        let (kind, value) = (kinds.get(index), atom.raw_arg(index));
        let offset = Offset::unpack(value);
        let is_fixed = offset.register.is_none();
        let word = match kind {
            ArgKind::RESULT | ArgKind::REGISTER if about.ty.is_descriptor() => {
                interpreter.number(Operand { kind: kind.0, value })
            }
            ArgKind::IN if is_fixed => areas.data + u64::from(offset.at),
            // Whether a string there has an end is not known before.
            ArgKind::OUT if is_fixed && about.len != Len::Nul => areas.out + u64::from(offset.at),
            _ => return false,
        };
        args.set(index, word);
    }
    true
}

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
