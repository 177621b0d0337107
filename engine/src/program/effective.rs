//! An atom's call with every number in it known: what it is given by other atoms and by registers is put in its place.

use syslet_abi::{ArgKind, Atom, CALL_ARGS_OFFSET, Call};
use syslet_syscalls::{Direction, Len, Row, Scope, check_arguments};

use super::machine::Machine;
use super::value::Value;

/// Where the kinds of the arguments stand.
const KINDS_WORD: usize = 3;

/// Room for one call.
#[derive(Debug, Default)]
pub(crate) struct Effective {
    words: Vec<u64>,
    /// Whether anything in it that decides about others was not known at the door. What is a descriptor does not.
    pub(super) is_dynamic: bool,
}

impl Effective {
    /// Puts the numbers in. `None` stands for those that nobody knows yet: they are zero.
    #[inline]
    pub(super) fn fill(&mut self, atom: &Atom<'_>, row: Option<&Row>, machine: Option<&Machine>) {
        self.words.clear();
        self.words.extend_from_slice(bytemuck::cast_slice(atom.bytes()));
        self.is_dynamic = false;
        let mut kinds = atom.kinds();
        for index in atom.kinds().not_values() {
            let operand = atom.value(index);
            let number = match ArgKind(operand.kind) {
                ArgKind::RESULT | ArgKind::REGISTER => {
                    kinds = kinds.with(index, ArgKind::VALUE);
                    machine.map_or(0, |machine| machine.number(operand))
                }
                ArgKind::IN | ArgKind::OUT if operand.value > u64::from(u32::MAX) => match machine {
                    // Beyond every area: that is found at once.
                    Some(machine) => machine.offset(operand).map_or(u64::MAX, |at| at as u64),
                    None => operand.value & u64::from(u32::MAX),
                },
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
    pub(super) fn words(&self) -> &[u64] {
        &self.words
    }

    /// The call.
    pub(super) fn call<'a>(&'a self, data: &'a [u8], out_len: usize) -> Call<'a> {
        Call::sharing(bytemuck::cast_slice(&self.words), data, out_len)
    }
}

/// Checks what the door could not know; gives what the engine says in the call's place.
pub(super) fn refusal(
    row: Option<&Row>,
    call: &Call<'_>,
    is_dynamic: bool,
    out: &[u8],
    may: impl Fn(Scope) -> bool,
) -> Option<Value> {
    let row = row?;
    if is_dynamic {
        if check_arguments(row, call).is_err() {
            return Some(Value::error(libc::EFAULT));
        }
        if !row.scope_when.is_empty() && !may(row.scope_with(&call.args())) {
            return Some(Value::error(libc::EPERM));
        }
    }
    let is_open = |index: usize| is_endless(row, call, index, out);
    call.kinds().not_values().any(is_open).then(|| Value::error(libc::EFAULT))
}

/// Whether an argument is a string in the out area that does not end there.
fn is_endless(row: &Row, call: &Call<'_>, index: usize, out: &[u8]) -> bool {
    let Some(arg) = row.args.get(index) else { return false };
    let is_string = arg.ty.direction() == Direction::In && arg.len == Len::Nul;
    let at = usize::try_from(call.arg(index)).unwrap_or(usize::MAX);
    is_string
        && call.kinds().get(index) == ArgKind::OUT
        && !out.get(at..).is_some_and(|string| string.contains(&0))
}
