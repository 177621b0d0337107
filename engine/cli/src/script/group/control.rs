//! Lowers conditions, loops and leaving to tests of atoms and their targets.

use syslet::abi::{Operand, StepOp, Test};

use crate::names;
use crate::plan::group::{Arg, Lead};
use crate::script::error::ScriptError;
use crate::script::group::lowering::{Draft, Local, Loop, Lowering};
use crate::script::group::syntax::{Asked, Comparison, Condition, Item, Leave};
use crate::script::source::{Span, Spanned};
use crate::script::syntax::{Term, Value};

/// A question as an atom asks it: its test, whether the answer is turned round, and the number compared with.
struct Question {
    test: Test,
    operand: Operand,
    negated: bool,
}

impl Lowering<'_> {
    pub(crate) fn leave(
        &mut self,
        how: Leave,
        when: Option<&Condition>,
        span: Span,
    ) -> Result<(), ScriptError> {
        let to = match (how, self.loops.last()) {
            (Leave::Stop, _) => Lead::Stop,
            (Leave::Break, Some(around)) => Lead::To(around.end),
            (Leave::Continue, Some(around)) => Lead::To(around.begin),
            (Leave::Break | Leave::Continue, None) => {
                return Err(ScriptError::new(span, format!("`{}` stands in no loop", how.word())));
            }
        };
        match when {
            None => self.jump(to, span),
            Some(when) => self.ask(when, to, Lead::Next),
        }
    }

    pub(crate) fn branch(
        &mut self,
        when: &Condition,
        then: &[Spanned<Item>],
        otherwise: &[Spanned<Item>],
        span: Span,
    ) -> Result<(), ScriptError> {
        let (no, end) = (self.label(), self.label());
        self.ask(when, Lead::Next, Lead::To(no))?;
        // The question leads to the next atom with one answer only, so a jump cannot become its target.
        self.is_free = false;
        self.block(then)?;
        if !otherwise.is_empty() {
            self.jump(Lead::To(end), span)?;
        }
        self.bind(no);
        self.block(otherwise)?;
        self.bind(end);
        Ok(())
    }

    pub(crate) fn repeat(&mut self, items: &[Spanned<Item>], span: Span) -> Result<(), ScriptError> {
        if self.in_finally {
            return Err(ScriptError::new(span, "the way out leads forward only: there are no loops in it"));
        }
        let around = Loop { begin: self.label(), end: self.label() };
        let first = self.group.atoms.len();
        self.bind(around.begin);
        self.loops.push(around);
        self.block(items)?;
        self.loops.pop();
        if self.group.atoms.len() == first {
            return Err(ScriptError::new(span, "nothing happens in this loop"));
        }
        self.jump(Lead::To(around.begin), span)?;
        self.bind(around.end);
        Ok(())
    }

    fn label(&mut self) -> usize {
        self.group.labels.push(usize::MAX);
        self.group.labels.len() - 1
    }

    /// The label stands before the next atom.
    fn bind(&mut self, label: usize) {
        self.group.labels[label] = self.group.atoms.len();
        self.is_free = false;
    }

    /// Goes there: the atom before does, if it does not ask and nothing else leads here.
    fn jump(&mut self, to: Lead, span: Span) -> Result<(), ScriptError> {
        if self.is_free
            && let Some(last) = self.group.atoms.last_mut()
        {
            last.then = to;
        } else {
            let atom = self.step(StepOp::JUMP, Vec::new(), String::new(), span);
            self.push(Draft { then: to, ..atom })?;
        }
        self.is_free = false;
        Ok(())
    }

    /// Asks: in the atom before if it made the value and asks nothing yet, else in one of its own.
    fn ask(&mut self, when: &Condition, yes: Lead, no: Lead) -> Result<(), ScriptError> {
        let span = when.of.span;
        let of = self.number(&Value(vec![Spanned::new(Term::Word(when.of.value.clone()), span)]))?;
        if matches!(of, Arg::Value(_)) {
            let message = format!("`{}` is a constant, and always the same", when.of.value);
            return Err(ScriptError::new(span, message));
        }
        let question = self.question(&when.asked)?;
        if !(self.is_free && self.made_last(&when.of.value)) {
            let words = when.to_string();
            let atom = self.step(StepOp::COMPARE, vec![(of, span)], words, span);
            self.push(atom)?;
        }
        let (then, otherwise) = if question.negated { (no, yes) } else { (yes, no) };
        if let Some(last) = self.group.atoms.last_mut() {
            (last.test, last.operand) = (question.test, question.operand);
            (last.then, last.otherwise, last.asked) = (then, otherwise, span);
        }
        self.is_free = false;
        Ok(())
    }

    /// Whether the name stands for the last atom's value.
    fn made_last(&self, name: &str) -> bool {
        let last = self.group.atoms.len().checked_sub(1);
        match self.names.get(name) {
            Some(Local::Result(atom)) => last == Some(usize::from(*atom)),
            Some(Local::Register(_)) => {
                self.group.atoms.last().is_some_and(|last| last.name.as_deref() == Some(name))
            }
            _ => false,
        }
    }

    fn question(&mut self, asked: &Asked) -> Result<Question, ScriptError> {
        let plain = |test, operand| Question { test, operand, negated: false };
        match asked {
            Asked::Error => Ok(plain(Test::ERROR, Operand::number(0))),
            Asked::Errno(errnos) => {
                let numbers: Vec<i32> = errnos.iter().map(errno).collect::<Result<_, _>>()?;
                let operand = Test::errnos(&numbers).ok_or_else(|| {
                    ScriptError::new(errnos[4.min(errnos.len() - 1)].span, "four error numbers are the most")
                })?;
                Ok(plain(Test::ERRNO, Operand::number(operand)))
            }
            Asked::Compared(comparison, value) => {
                let operand = self.number(value)?.operand();
                Ok(compared(*comparison, operand))
            }
        }
    }
}

/// Which test asks it.
fn compared(comparison: Comparison, operand: Operand) -> Question {
    let is_zero = operand == Operand::number(0);
    let (test, with_zero, negated) = match comparison {
        Comparison::Equal => (Test::EQUAL, Some(Test::ZERO), false),
        Comparison::NotEqual => (Test::EQUAL, Some(Test::ZERO), true),
        Comparison::Less => (Test::LESS, Some(Test::NEGATIVE), false),
        Comparison::LessOrEqual if is_zero => (Test::NON_POSITIVE, Some(Test::NON_POSITIVE), false),
        Comparison::LessOrEqual => (Test::GREATER, None, true),
        Comparison::Greater => (Test::GREATER, None, false),
        Comparison::GreaterOrEqual => (Test::LESS, Some(Test::NEGATIVE), true),
        Comparison::Mask => (Test::MASK, None, false),
    };
    let test = with_zero.filter(|_| is_zero).unwrap_or(test);
    Question { test, operand, negated }
}

fn errno(name: &Spanned<String>) -> Result<i32, ScriptError> {
    let is_errno = |word: &str| {
        let number = names::constant(word).and_then(|number| i32::try_from(number).ok());
        number.filter(|number| (1..4096).contains(number) && word.starts_with('E'))
    };
    is_errno(&name.value).ok_or_else(|| {
        ScriptError::new(name.span, format!("unknown error number `{}`", name.value))
            .nearest(&name.value, names::constants().filter(|known| is_errno(known).is_some()))
    })
}
