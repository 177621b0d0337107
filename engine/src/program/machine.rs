//! What a program is in the middle of: its registers, the values of its atoms, and which is next. It travels with the
//! program when another thread goes on.

use syslet_abi::{ATOMS_MAX, Atom, DoneFlags, Operand, Program, REGISTERS_MAX, RawResult, Target};
use syslet_abi::{ArgKind, AtomFlags, StepOp};

use super::flow::closes;
use super::step;
use crate::run::observe::Seen;

/// How far a program is.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(super) registers: [u64; REGISTERS_MAX],
    /// What each atom has come to.
    pub(super) kept: [Kept; ATOMS_MAX],
    /// Where each atom begins in the record.
    offsets: [u32; ATOMS_MAX],
    pub(super) atom_count: usize,
    /// The first atom of the way out; `atom_count` if there is none.
    finally: usize,
    /// The atom that is next.
    next: usize,
    /// Atoms that may be run.
    budget: u32,
    /// Atoms that were, in the main part.
    pub(super) steps: u32,
    /// The one whose value is the program's result.
    pub(super) last: usize,
    /// How the main part ended, once it has.
    pub(super) ended: Option<Ended>,
    /// The first call of the way out that failed.
    pub(super) finally_failed: Option<usize>,
    /// What the attributes of single calls returned, the last time; by atom.
    returns: Vec<(usize, Vec<u8>)>,
    /// When the program began, if anybody wants to know.
    pub(super) started_ns: u64,
    /// What was seen of it in other threads, if anybody wants to know.
    pub(super) seen: Option<Box<Seen>>,
    /// How many threads have had it.
    pub(super) threads: u32,
}

/// What one atom has come to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kept {
    /// Its value, the last time.
    pub(super) value: u64,
    /// How often it has run.
    pub(super) runs: u32,
    /// What is special about the value.
    pub(super) flags: u16,
    /// Whether the value can be used: the atom has run, and what it opened was not closed.
    pub(super) is_present: bool,
}

/// Why the main part is over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ended {
    /// It came to its end, or an atom has stopped it.
    Stopped,
    /// Nothing of its budget is left.
    Exhausted,
    /// Somebody wanted it to stop, or its deadline passed.
    Cancelled,
}

/// What an atom came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Value {
    pub(super) raw: u64,
    pub(super) flags: DoneFlags,
}

impl Value {
    pub(super) fn plain(raw: u64) -> Value {
        Value { raw, flags: DoneFlags::NONE }
    }

    /// What the engine says in place of a call.
    pub(super) fn error(errno: i32) -> Value {
        let raw = i64::from(-errno).cast_unsigned();
        Value { raw, flags: DoneFlags::ENGINE_RESULT.with(DoneFlags::NOT_RUN) }
    }

    /// A call that did not begin because the program is to stop.
    pub(super) fn cancelled() -> Value {
        let value = Value::error(libc::ECANCELED);
        Value { flags: value.flags.with(DoneFlags::CANCELLED), ..value }
    }

    /// Whether a signal could have cut the call short, or kept it from beginning.
    fn was_interrupted(self) -> bool {
        self.raw.cast_signed() == -i64::from(libc::EINTR) || self.flags.contains(DoneFlags::CANCELLED)
    }

    pub(super) fn result(self) -> RawResult {
        RawResult(self.raw.cast_signed())
    }

    pub(super) fn is_error(self) -> bool {
        (-4095..0).contains(&self.raw.cast_signed())
    }
}

/// Who makes the calls of a program.
pub(super) trait Caller {
    /// Makes the call of atom `index`; nothing when somebody else has to go on from there.
    fn call(&mut self, machine: &mut Machine, atom: &Atom<'_>, index: usize) -> Option<Value>;

    /// Runs the members of a group, which begins behind atom `index`; gives how many have succeeded. Nothing as above.
    fn together(&mut self, machine: &mut Machine, atom: &Atom<'_>, index: usize) -> Option<Value>;

    /// What the submission brought.
    fn data(&self) -> &[u8];

    /// The out area.
    fn out(&mut self) -> &mut [u8];

    /// Whether the program is to stop.
    fn is_cancelled(&self) -> bool;

    /// No cancel reaches the program from here on.
    fn shield(&mut self);
}

impl Machine {
    pub(crate) fn new() -> Box<Machine> {
        Box::new(Machine {
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
        })
    }

    /// Stands before the first atom.
    pub(super) fn begin(&mut self, program: &Program<'_>) {
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
        self.returns.iter_mut().for_each(|(_, bytes)| bytes.clear());
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
    pub(super) fn atom<'a>(&self, program: &Program<'a>, index: usize) -> Atom<'a> {
        program.atom_at(self.offsets[index % ATOMS_MAX] as usize)
    }

    /// A number that the program knows.
    #[inline(always)]
    pub(super) fn number(&self, operand: Operand) -> u64 {
        // The door has checked kinds and numbers; the masks only keep them in the compiler's sight.
        #[allow(clippy::cast_possible_truncation, reason = "masked")]
        let index = operand.value as usize;
        match ArgKind(operand.kind) {
            ArgKind::RESULT => self.kept[index % ATOMS_MAX].value,
            ArgKind::REGISTER => self.registers[index % REGISTERS_MAX],
            _ => operand.value,
        }
    }

    /// Whether the value of an atom can be used.
    pub(super) fn is_present(&self, atom: usize) -> bool {
        self.kept[atom % ATOMS_MAX].is_present
    }

    /// What an atom opened is closed.
    pub(super) fn close(&mut self, atom: usize) {
        self.kept[atom % ATOMS_MAX].is_present = false;
    }

    /// Keeps what an atom came to.
    #[inline(always)]
    pub(super) fn keep(&mut self, index: usize, value: Value) {
        let kept = &mut self.kept[index % ATOMS_MAX];
        let runs = kept.runs.saturating_add(1);
        *kept = Kept { value: value.raw, runs, flags: value.flags.0, is_present: true };
    }

    /// Keeps what the attributes of an atom returned.
    pub(super) fn keep_returns(&mut self, index: usize, bytes: &[u8]) {
        match self.returns.iter_mut().find(|(atom, _)| *atom == index) {
            Some((_, kept)) => {
                kept.clear();
                kept.extend_from_slice(bytes);
            }
            None => self.returns.push((index, bytes.to_vec())),
        }
    }

    /// What the attributes of an atom returned.
    pub(super) fn returned(&self, index: usize) -> &[u8] {
        self.returns.iter().find(|(atom, _)| *atom == index).map_or(&[], |(_, bytes)| bytes)
    }

    /// Goes on until the program is over; false when somebody else has to go on.
    pub(super) fn run(&mut self, program: &Program<'_>, caller: &mut impl Caller) -> bool {
        if self.ended.is_none() {
            let Some(ended) = self.run_main(program, caller) else { return false };
            self.ended = Some(ended);
            self.next = self.finally;
        }
        if self.next < self.atom_count {
            caller.shield();
        }
        self.run_finally(program, caller)
    }

    /// The program is to stop: the atom that would be next does not begin.
    #[cold]
    fn cut(&mut self, next: Option<usize>) {
        if let Some(next) = next {
            self.keep(next, Value::cancelled());
            self.last = next;
        }
    }

    #[inline(always)]
    fn run_main(&mut self, program: &Program<'_>, caller: &mut impl Caller) -> Option<Ended> {
        loop {
            if self.next >= self.finally {
                return Some(Ended::Stopped);
            }
            if self.steps == self.budget {
                return Some(Ended::Exhausted);
            }
            let index = self.next;
            let atom = self.atom(program, index);
            let value = self.one(&atom, index, caller)?;
            self.keep(index, value);
            if let Some(closed) = closes(&atom) {
                self.close(closed);
            }
            self.last = index;
            self.steps += 1;
            let next = self.leads(&atom, value.raw, index + 1 + members(&atom));
            let next = next.filter(|next| *next < self.finally);
            if caller.is_cancelled() && (next.is_some() || value.was_interrupted()) {
                self.cut(next.filter(|_| !value.was_interrupted()));
                return Some(Ended::Cancelled);
            }
            match next {
                Some(next) => self.next = next,
                None => return Some(Ended::Stopped),
            }
        }
    }

    fn run_finally(&mut self, program: &Program<'_>, caller: &mut impl Caller) -> bool {
        while self.next < self.atom_count {
            let index = self.next;
            let atom = self.atom(program, index);
            if self.is_pointless(&atom) {
                self.next += 1;
                continue;
            }
            let Some(value) = self.one(&atom, index, caller) else { return false };
            self.keep(index, value);
            if atom.is_call() && value.is_error() && self.finally_failed.is_none() {
                self.finally_failed = Some(index);
            }
            self.next = self.leads(&atom, value.raw, index + 1).unwrap_or(self.atom_count);
        }
        true
    }

    #[inline(always)]
    fn one(&mut self, atom: &Atom<'_>, index: usize, caller: &mut impl Caller) -> Option<Value> {
        if atom.is_call() {
            caller.call(self, atom, index)
        } else if atom.step() == StepOp::TOGETHER {
            caller.together(self, atom, index)
        } else {
            Some(step::step(self, atom, caller))
        }
    }

    /// Which atom is next; nothing at the end.
    #[inline(always)]
    fn leads(&self, atom: &Atom<'_>, value: u64, behind: usize) -> Option<usize> {
        let test = atom.test();
        let operand = if test.has_operand() { self.number(atom.operand()) } else { 0 };
        let target = if test.holds(value, operand) { atom.then() } else { atom.otherwise() };
        match target {
            Target::NEXT => Some(behind),
            Target::STOP => None,
            Target(index) => Some(usize::from(index)),
        }
    }

    /// Whether an atom of the way out is given what is not there, or is an error.
    fn is_pointless(&self, atom: &Atom<'_>) -> bool {
        atom.kinds().not_values().any(|at| {
            let operand = atom.value(at);
            let index = usize::try_from(operand.value).unwrap_or(usize::MAX);
            operand.kind == ArgKind::RESULT.0
                && (!self.is_present(index) || Value::plain(self.kept[index % ATOMS_MAX].value).is_error())
        })
    }
}

/// How many atoms behind this one are members of its group.
#[inline(always)]
pub(super) fn members(atom: &Atom<'_>) -> usize {
    if !atom.is_call() && atom.step() == StepOp::TOGETHER {
        usize::try_from(atom.arg(0)).unwrap_or_default()
    } else {
        0
    }
}
