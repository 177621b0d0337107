//! How far a program is: its registers, the values of its atoms, and which atom is next. The state travels with the program when
//! another thread goes on; [`course`](super::course) moves it, and the validator reads atoms as it does.

use std::ops::{Deref, DerefMut, Range};

use syslet_abi::{
    ATOMS_MAX, ArgKind, Atom, AtomFlags, DoneFlags, Errno, Offset, Operand, Program, REGISTERS_MAX,
    RawResult, StepOp,
};
use syslet_attrs::{AtomEntry, AtomsHead};
use syslet_syscalls::{Descriptors, Invoked, Row, row};

use crate::exec::outcome::Outcome;
use crate::exec::usage::Seen;
use crate::nonblocking::opens_what_closes_at_once;

/// How far a program is.
#[derive(Debug)]
pub(crate) struct Interpreter {
    registers: [u64; REGISTERS_MAX],
    /// The value of each atom.
    pub(crate) kept: [Kept; ATOMS_MAX],
    /// Where each atom begins in the record.
    offsets: [u32; ATOMS_MAX],
    pub(crate) atom_count: usize,
    /// The first atom of the way out; `atom_count` if there is none.
    pub(crate) finally: usize,
    /// The atom that is next.
    pub(crate) next: usize,
    /// Atoms that may be run.
    pub(crate) budget: u32,
    /// Atoms that were, in the main part.
    pub(crate) steps: u32,
    /// The one whose value is the program's result.
    pub(crate) last: usize,
    /// How the main part ended, once it has.
    pub(crate) ended: Option<Ended>,
    /// The first call of the way out that failed.
    pub(crate) finally_failed: Option<usize>,
    /// The returns of the attributes of single calls, the last time that there were any.
    returns: Vec<Returned>,
    /// When the program began, if an attribute asks for it.
    pub(crate) started_ns: u64,
    /// The cost in other threads, if an attribute asks for it.
    pub(crate) seen: Option<Box<Seen>>,
    /// How many threads have had it.
    pub(crate) threads: u32,
}

/// The returns of the attributes of one atom.
#[derive(Debug)]
struct Returned {
    atom: usize,
    /// Of which of its runs.
    run: u32,
    bytes: Vec<u8>,
}

/// The value of one atom, as it is kept.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kept {
    /// Its value, the last time.
    pub(crate) value: u64,
    /// How often it has run.
    pub(crate) runs: u32,
    /// The flags of the value.
    pub(crate) flags: u16,
    /// Whether the value can be used: the atom has run, and the descriptor that it opened was not closed.
    pub(crate) is_present: bool,
    /// Whether a later call has said STORAGE of it: it is a descriptor of a regular local file.
    is_storage: bool,
}

/// Why the main part is over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ended {
    /// It came to its end, or an atom has stopped it.
    Stopped,
    /// Nothing of its budget is left.
    Exhausted,
    /// It was cancelled, or its deadline passed.
    Cancelled,
}

/// An interpreter in memory of its own. A slice of one: a vector can be asked for memory without an end of the process where there
/// is none (ENGINE-34), a box cannot.
#[derive(Debug)]
pub(crate) struct OwnedInterpreter(Box<[Interpreter; 1]>);

impl OwnedInterpreter {
    /// A new one; none where there is no memory for it.
    pub(crate) fn new() -> Option<OwnedInterpreter> {
        let mut one = Vec::new();
        one.try_reserve_exact(1).ok()?;
        one.push(Interpreter::new());
        one.try_into().ok().map(OwnedInterpreter)
    }
}

impl Deref for OwnedInterpreter {
    type Target = Interpreter;

    fn deref(&self) -> &Interpreter {
        let [interpreter] = &*self.0;
        interpreter
    }
}

impl DerefMut for OwnedInterpreter {
    fn deref_mut(&mut self) -> &mut Interpreter {
        let [interpreter] = &mut *self.0;
        interpreter
    }
}

impl Interpreter {
    fn new() -> Interpreter {
        Interpreter {
            registers: [0; REGISTERS_MAX],
            kept: [Kept::default(); ATOMS_MAX],
            offsets: [0; ATOMS_MAX],
            atom_count: 0,
            finally: 0,
            next: 0,
            budget: 0,
            steps: 0,
            last: 0,
            ended: None,
            finally_failed: None,
            returns: Vec::new(),
            started_ns: 0,
            seen: None,
            threads: 0,
        }
    }

    /// Stands before the first atom.
    pub(crate) fn begin(&mut self, program: &Program<'_>) {
        self.atom_count = program.atom_count();
        self.finally = self.atom_count;
        for (index, atom) in program.atoms().enumerate() {
            #[allow(clippy::cast_possible_truncation, reason = "a record's length has 32 bits")]
            let offset = atom.offset() as u32;
            self.offsets[index] = offset;
            if atom.flags().contains(AtomFlags::FINALLY) {
                self.finally = self.finally.min(index);
            }
        }
        self.kept[..self.atom_count].fill(Kept::default());
        self.registers = program.registers();
        self.budget = program.budget();
        (self.next, self.steps, self.last) = (0, 0, 0);
        (self.ended, self.finally_failed) = (None, None);
        // Their memory is for the next.
        self.returns.iter_mut().for_each(|kept| kept.bytes.clear());
        (self.started_ns, self.seen, self.threads) = (0, None, 0);
    }

    /// Whether any atom has run.
    pub(crate) fn has_begun(&self) -> bool {
        self.steps > 0 || self.ended.is_some()
    }

    /// Whether it is on its way out, where no cancel reaches it.
    pub(crate) fn is_leaving(&self) -> bool {
        self.ended.is_some()
    }

    /// The atom of that number.
    #[inline(always)]
    pub(crate) fn atom<'a>(&self, program: &Program<'a>, index: usize) -> Atom<'a> {
        program.atom_at(self.offsets[index % ATOMS_MAX] as usize)
    }

    /// A number that the program knows.
    #[inline(always)]
    pub(crate) fn number(&self, operand: Operand) -> u64 {
        // Admission has checked kinds and numbers; the masks show that to the compiler.
        #[allow(clippy::cast_possible_truncation, reason = "masked")]
        let index = operand.value as usize;
        match ArgKind(operand.kind) {
            ArgKind::RESULT => self.kept[index % ATOMS_MAX].value,
            ArgKind::REGISTER => self.registers[index % REGISTERS_MAX],
            _ => operand.value,
        }
    }

    /// A register.
    #[inline(always)]
    pub(crate) fn register(&mut self, number: u64) -> &mut u64 {
        &mut self.registers[place(number)]
    }

    /// From where an offset leads, with the register that is added to it, to where its bytes end; `None` beyond all memory.
    pub(crate) fn range(&self, offset: Offset) -> Option<Range<usize>> {
        let added = offset.register.map_or(0, |register| self.registers[place(register.into())]);
        let at = u64::from(offset.at).checked_add(added)?;
        Some(usize::try_from(at).ok()?..end(offset))
    }

    /// Whether the value of an atom can be used.
    pub(crate) fn is_present(&self, atom: usize) -> bool {
        self.kept[atom % ATOMS_MAX].is_present
    }

    /// Notes what a call has done to the descriptor that another atom has opened. One that it has closed cannot be used any more; a
    /// call that was not made has closed nothing. One of which it says STORAGE is a regular local file when it is closed, too.
    #[inline(always)]
    pub(crate) fn note(&mut self, atom: &Atom<'_>, value: Value) {
        if let Some(closed) = closes(atom).filter(|_| !value.flags.contains(DoneFlags::NOT_RUN)) {
            self.kept[closed % ATOMS_MAX].is_present = false;
        }
        if atom.flags().contains(AtomFlags::STORAGE)
            && let Some(named) = row(atom.nr()).and_then(|row| names(atom, row))
        {
            self.kept[named % ATOMS_MAX].is_storage = true;
        }
    }

    /// Whether the call closes a descriptor of which the program knows that closing it waits for no peer: an atom has opened it, and
    /// another one has said STORAGE of it since, or the files that such a call opens are closed at once.
    #[inline(always)]
    pub(crate) fn closes_at_once(&self, program: &Program<'_>, atom: &Atom<'_>) -> bool {
        closes(atom).is_some_and(|opener| {
            self.kept[opener % ATOMS_MAX].is_storage
                || row(self.atom(program, opener).nr()).is_some_and(opens_what_closes_at_once)
        })
    }

    /// Keeps the value of an atom.
    #[inline(always)]
    pub(crate) fn keep(&mut self, index: usize, value: Value) {
        let kept = &mut self.kept[index % ATOMS_MAX];
        let runs = kept.runs.saturating_add(1);
        *kept = Kept { value: value.raw, runs, flags: value.flags.0, is_present: true, is_storage: false };
    }

    /// Keeps the returns of the attributes of an atom; called before its value is kept.
    pub(crate) fn keep_returns(&mut self, index: usize, bytes: &[u8]) {
        let run = self.kept[index % ATOMS_MAX].runs.saturating_add(1);
        match self.returns.iter_mut().find(|kept| kept.atom == index) {
            Some(kept) => {
                kept.run = run;
                kept.bytes.clear();
                kept.bytes.extend_from_slice(bytes);
            }
            None => self.returns.push(Returned { atom: index, run, bytes: bytes.to_vec() }),
        }
    }

    /// The returns of the attributes of an atom, if it was made the last time.
    pub(crate) fn returned(&self, index: usize) -> &[u8] {
        let run = self.kept[index % ATOMS_MAX].runs;
        let found = self.returns.iter().find(|kept| kept.atom == index && kept.run == run);
        found.map_or(&[], |kept| &kept.bytes)
    }

    /// The program's result and its flags.
    pub(crate) fn result(&self, was_signalled: bool, is_late: bool) -> (RawResult, DoneFlags) {
        let failed = match self.finally_failed {
            Some(_) => DoneFlags::FINALLY_FAILED,
            None => DoneFlags::NONE,
        };
        if self.ended == Some(Ended::Exhausted) {
            let result = RawResult::error(Errno(libc::ELOOP));
            return (result, failed.with(DoneFlags::ENGINE_RESULT));
        }
        let value = RawResult(self.kept[self.last].value.cast_signed());
        // That one atom did not run does not mean that the program has not.
        let own = DoneFlags(self.kept[self.last].flags & !DoneFlags::NOT_RUN.0).with(failed);
        let is_cut = self.ended == Some(Ended::Cancelled)
            || was_signalled && value == RawResult::error(Errno(libc::EINTR));
        if !is_cut {
            return (value, own);
        }
        let was_kept = own.contains(DoneFlags::CANCELLED) || value == RawResult::error(Errno(libc::EINTR));
        let own = own.with(DoneFlags::CANCELLED);
        if is_late && was_kept {
            return (RawResult::error(Errno(libc::ETIME)), own.with(DoneFlags::ENGINE_RESULT));
        }
        (value, own)
    }

    /// Writes the value of ATOMS; gives its length in bytes.
    pub(crate) fn atoms(&self, value: &mut [u8]) -> usize {
        let number = |index: usize| u16::try_from(index).unwrap_or(u16::MAX);
        let finally_failed = self.finally_failed.map(number);
        AtomsHead { steps: self.steps, last: number(self.last), finally_failed }.emit(value);
        let ran = || (0..self.atom_count).filter(|index| self.kept[*index].runs > 0);
        let (mut at, mut left) = (AtomsHead::BYTES, ran().count());
        for index in ran() {
            let kept = &self.kept[index];
            let entry = AtomEntry {
                atom: number(index),
                flags: DoneFlags(kept.flags),
                runs: kept.runs,
                value: RawResult(kept.value.cast_signed()),
                returned: self.returned(index),
            };
            left -= 1;
            // The return of an attribute of the application's may have grown since admission.
            let fits = at + entry.len_bytes() + left * AtomEntry::HEAD_BYTES <= value.len();
            let entry = if fits { entry } else { AtomEntry { returned: &[], ..entry } };
            entry.emit(&mut value[at..]);
            at += entry.len_bytes();
        }
        at
    }
}

/// Where the bytes of an offset end in its area; behind all memory if that is not said.
pub(crate) fn end(offset: Offset) -> usize {
    offset.len.map_or(usize::MAX, |len| offset.at as usize + len as usize)
}

/// A register's place.
#[allow(clippy::cast_possible_truncation, reason = "masked")]
fn place(register: u64) -> usize {
    register as usize % REGISTERS_MAX
}

/// The value of an atom, with its flags.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Value {
    pub(crate) raw: u64,
    pub(crate) flags: DoneFlags,
}

impl Value {
    pub(crate) fn plain(raw: u64) -> Value {
        Value { raw, flags: DoneFlags::NONE }
    }

    /// The kernel's result of a call, or that it did not begin.
    #[inline(always)]
    pub(crate) fn made(invoked: Invoked) -> Value {
        match invoked {
            Invoked::Result(result) => Value::plain(result.cast_unsigned()),
            Invoked::NeverBegan => Value::cancelled(),
        }
    }

    /// The engine's error in place of a call.
    pub(crate) fn error(errno: i32) -> Value {
        let raw = i64::from(-errno).cast_unsigned();
        Value { raw, flags: DoneFlags::ENGINE_RESULT.with(DoneFlags::NOT_RUN) }
    }

    /// A call that did not begin because the program is to stop.
    pub(crate) fn cancelled() -> Value {
        let value = Value::error(libc::ECANCELED);
        Value { flags: value.flags.with(DoneFlags::CANCELLED), ..value }
    }

    /// Whether a signal could have cut the call short, or kept it from beginning.
    pub(crate) fn was_interrupted(self) -> bool {
        self.raw.cast_signed() == -i64::from(libc::EINTR) || self.flags.contains(DoneFlags::CANCELLED)
    }

    pub(crate) fn result(self) -> RawResult {
        RawResult(self.raw.cast_signed())
    }

    pub(crate) fn is_error(self) -> bool {
        (-4095..0).contains(&self.raw.cast_signed())
    }

    pub(crate) fn of(outcome: &Outcome) -> Value {
        Value { raw: outcome.result.0.cast_unsigned(), flags: outcome.flags }
    }
}

/// How many atoms behind this one are members of its group.
#[inline(always)]
pub(crate) fn members(atom: &Atom<'_>) -> usize {
    if !atom.is_call() && atom.step() == StepOp::TOGETHER {
        usize::try_from(atom.raw_arg(0)).unwrap_or_default()
    } else {
        0
    }
}

/// The atom that has opened the descriptor that a call is given. None where the call has a second descriptor: what is known of one
/// says nothing of the other.
fn names(atom: &Atom<'_>, row: &Row) -> Option<usize> {
    let operand = atom.value(row.descriptor?.into());
    let is_only = || row.args.iter().filter(|arg| arg.ty.is_descriptor()).count() == 1;
    if atom.is_call() && operand.kind == ArgKind::RESULT.0 && is_only() {
        usize::try_from(operand.value).ok()
    } else {
        None
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
