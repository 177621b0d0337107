//! From one atom to the next: each is run, and its value decides where the program goes.

use syslet_abi::{ATOMS_MAX, ArgKind, Atom, Program, StepOp, Target};

use super::atom::{closes, members};
use super::caller::Caller;
use super::machine::{Ended, Machine};
use super::step::step;
use super::value::Value;

impl Machine {
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
            if let Some(closed) = closes(&atom) {
                self.close(closed);
            }
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
            Some(step(self, atom, caller))
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
