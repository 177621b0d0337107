//! From one atom to the next: each is run, and its value decides where the program goes.

use std::hint::cold_path;

use syslet_abi::{ATOMS_MAX, ArgKind, Atom, DoneFlags, Program, StepOp, Target};

use crate::exec::Step;
use crate::program::atom::members;
use crate::program::interpreter::{Ended, Interpreter};
use crate::program::making::Calls;
use crate::program::step::step;
use crate::program::value::Value;

impl Interpreter {
    /// Goes on until the program is over; false when somebody else has to go on.
    ///
    /// Both parts have one loop: what makes calls is there once, and stays in the processor's cache.
    #[inline(always)]
    pub(crate) fn run(&mut self, program: &Program<'_>, calls: &mut Calls<'_, '_>) -> bool {
        if self.is_leaving() {
            calls.shield();
        }
        while let Some(atom) = self.upcoming(program, calls) {
            let index = self.next;
            let (came, behind) = if atom.is_call() {
                (calls.call(self, &atom, index), index + 1)
            } else if atom.step() == StepOp::TOGETHER {
                let members = members(&atom);
                // The door has seen to it that they are no more than atoms.
                let cost = u32::try_from(members).unwrap_or(u32::MAX);
                if self.budget - self.steps <= cost {
                    self.leave(Ended::Exhausted, calls);
                    continue;
                }
                let came = calls.together(self, index);
                self.steps += if matches!(came, Step::Done(_)) { cost } else { 0 };
                (came, index + 1 + members)
            } else {
                self.take_steps(program, calls);
                continue;
            };
            let Step::Done(value) = came else { return false };
            self.go_on(&atom, value, behind, calls);
            self.note_closed(&atom, value);
        }
        true
    }

    /// Takes steps, of which one is next, as long as they follow each other in the main part. A loop without calls in it, and
    /// which ends where anything else is to be done, has all that it needs in registers.
    #[inline(never)]
    fn take_steps(&mut self, program: &Program<'_>, calls: &mut Calls<'_, '_>) {
        loop {
            let atom = self.atom(program, self.next);
            if atom.is_call() {
                return;
            }
            let Some(value) = step(self, &atom, calls) else { return };
            let goes_on = self.go_on(&atom, value, self.next + 1, calls);
            if !goes_on || self.next >= self.finally || self.steps == self.budget {
                return;
            }
        }
    }

    /// The atom that is to be run; none when the program is over.
    #[inline(always)]
    fn upcoming<'a>(&mut self, program: &Program<'a>, calls: &mut Calls<'_, '_>) -> Option<Atom<'a>> {
        if !self.is_leaving() {
            if self.next >= self.finally {
                self.leave(Ended::Stopped, calls);
            } else if self.steps == self.budget {
                self.leave(Ended::Exhausted, calls);
            } else {
                return Some(self.atom(program, self.next));
            }
        }
        while self.next < self.atom_count {
            let atom = self.atom(program, self.next);
            if !self.is_pointless(&atom) {
                return Some(atom);
            }
            self.next += 1;
        }
        None
    }

    /// An atom has come to that value: keeps it, and goes where it leads. Says whether that is in the main part.
    #[inline(always)]
    fn go_on(&mut self, atom: &Atom<'_>, value: Value, behind: usize, calls: &mut Calls<'_, '_>) -> bool {
        let index = self.next;
        self.keep(index, value);
        self.next = self.leads(atom, value.raw, behind);
        if self.is_leaving() {
            let has_failed = value.is_error() || value.flags.contains(DoneFlags::CANCELLED);
            if atom.is_call() && has_failed && self.finally_failed.is_none() {
                self.finally_failed = Some(index);
            }
            return false;
        }
        self.last = index;
        self.steps += 1;
        if calls.is_cancelled() && (self.next < self.finally || value.was_interrupted()) {
            self.cut(value);
            self.leave(Ended::Cancelled, calls);
            return false;
        }
        true
    }

    /// The main part is over: what is left is the way out.
    fn leave(&mut self, ended: Ended, calls: &mut Calls<'_, '_>) {
        self.ended = Some(ended);
        self.next = self.finally;
        if self.next < self.atom_count {
            calls.shield();
        }
    }

    /// The program is to stop: the atom that would be next does not begin, unless one was kept from it already.
    #[cold]
    fn cut(&mut self, value: Value) {
        if !value.was_interrupted() {
            self.keep(self.next, Value::cancelled());
            self.last = self.next;
        }
    }

    /// Which atom is next; none of them at the end.
    #[inline(always)]
    fn leads(&self, atom: &Atom<'_>, value: u64, behind: usize) -> usize {
        let test = atom.test();
        let operand = if test.has_operand() { self.number(atom.operand()) } else { 0 };
        let target = if test.holds(value, operand) { atom.then() } else { atom.otherwise() };
        if target != Target::NEXT {
            // A branch, which the processor guesses: a choice between two numbers would wait for them.
            cold_path();
            // STOP is the number of no atom.
            return usize::from(target.0);
        }
        behind
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
