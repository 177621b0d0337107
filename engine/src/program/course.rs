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
        if self.next >= self.finally {
            return Some(Ended::Stopped);
        }
        loop {
            if self.steps == self.budget {
                return Some(Ended::Exhausted);
            }
            let index = self.next;
            let atom = self.atom(program, index);
            let (value, behind) = self.one(&atom, index, caller)?;
            self.last = index;
            self.steps += 1;
            let next = self.leads(&atom, value.raw, behind);
            let has_next = next < self.finally;
            if caller.is_cancelled() && (has_next || value.was_interrupted()) {
                self.cut((has_next && !value.was_interrupted()).then_some(next));
                return Some(Ended::Cancelled);
            }
            if !has_next {
                return Some(Ended::Stopped);
            }
            self.next = next;
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
            let Some((value, behind)) = self.one(&atom, index, caller) else { return false };
            if atom.is_call() && value.is_error() && self.finally_failed.is_none() {
                self.finally_failed = Some(index);
            }
            self.next = self.leads(&atom, value.raw, behind);
        }
        true
    }

    /// Runs one atom, and keeps its value; gives it, and which atom is behind. Nothing when somebody else has to go on.
    #[inline(always)]
    fn one(&mut self, atom: &Atom<'_>, index: usize, caller: &mut impl Caller) -> Option<(Value, usize)> {
        let (value, behind) = if atom.is_call() {
            (caller.call(self, atom, index)?, index + 1)
        } else if atom.step() == StepOp::TOGETHER {
            (caller.together(self, index)?, index + 1 + members(atom))
        } else {
            (step(self, atom, caller), index + 1)
        };
        self.keep(index, value);
        if atom.is_call()
            && let Some(closed) = closes(atom)
        {
            self.close(closed);
        }
        Some((value, behind))
    }

    /// Which atom is next; none of them at the end.
    #[inline(always)]
    fn leads(&self, atom: &Atom<'_>, value: u64, behind: usize) -> usize {
        let test = atom.test();
        let operand = if test.has_operand() { self.number(atom.operand()) } else { 0 };
        let target = if test.holds(value, operand) { atom.then() } else { atom.otherwise() };
        // STOP is the number of no atom.
        if target == Target::NEXT { behind } else { usize::from(target.0) }
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
