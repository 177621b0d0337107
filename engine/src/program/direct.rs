//! Calls of which the door knew all but descriptors: nothing is checked again, and their arguments go straight to the kernel.

use syslet_abi::{ARGS_MAX, ArgKind, Atom, Offset, Operand};
use syslet_syscalls::{Len, RawArgs, Row};

use crate::program::interpreter::Interpreter;

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

/// Puts the arguments of a call into `args` as the kernel gets them; false when anybody has to look at it first.
///
/// They are written where they are read: copied in pieces of another size they would wait for the processor's stores.
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
