//! The names of a group, and the numbers that values come to in it.

use crate::names;
use crate::plan::Source;
use crate::plan::group::Arg;
use crate::plan::{Operand, Passed, Shown};
use crate::script::assigned::Named;
use crate::script::error::ScriptError;
use crate::script::group::lowering::{Local, Lowering};
use crate::script::number::bits;
use crate::script::source::{Span, Spanned};
use crate::script::syntax::{Term, Value};

/// A program has so many registers.
const REGISTERS: usize = 16;

impl Lowering<'_> {
    /// A new name.
    pub(crate) fn assign(&mut self, name: &Spanned<String>, local: Local) -> Result<(), ScriptError> {
        let word = &name.value;
        if names::constant(word).is_some() {
            return Err(ScriptError::new(name.span, format!("`{word}` is a constant")));
        }
        if self.names.contains_key(word) || self.context.assigned.get(word).is_some() {
            let message = format!("`{word}` is already assigned above");
            return Err(ScriptError::new(name.span, message)
                .help("the name of a result is given once; a register is a name that was given a number"));
        }
        self.names.insert(word.clone(), local);
        Ok(())
    }

    /// The register of this name, a new one if there is none.
    pub(crate) fn register(&mut self, name: &Spanned<String>, is_set: bool) -> Result<u8, ScriptError> {
        match self.names.get(&name.value) {
            Some(Local::Register(register)) => return Ok(*register),
            Some(_) => {
                let message = format!("`{}` is no register, and cannot be changed", name.value);
                return Err(ScriptError::new(name.span, message));
            }
            None if !is_set && self.context.assigned.get(&name.value).is_none() => {
                return Err(self.unknown(&name.value, name.span, "register"));
            }
            None => {}
        }
        self.registers += 1;
        let register = self.room_for_registers(name.span)?;
        self.assign(name, Local::Register(register))?;
        Ok(register)
    }

    /// The register taken last: names take them from the highest down, numbers from outside from the lowest up.
    fn room_for_registers(&self, span: Span) -> Result<u8, ScriptError> {
        if self.registers + self.inputs.len() > REGISTERS {
            let message = format!(
                "a group has {REGISTERS} registers, results from outside included, and this is one more"
            );
            return Err(ScriptError::new(span, message));
        }
        Ok(u8::try_from(REGISTERS.saturating_sub(self.registers)).unwrap_or_default())
    }

    /// A number from outside: the register that begins with it.
    pub(crate) fn input(&mut self, source: Source, shown: Shown, span: Span) -> Result<Arg, ScriptError> {
        let known = |operand: &Operand| matches!(operand.passed, Passed::Value(known) if known == source);
        let index = self.inputs.iter().position(known);
        let index = match index {
            Some(index) => index,
            None => {
                self.inputs.push(Operand { passed: Passed::Value(source), shown, span });
                self.room_for_registers(span)?;
                self.inputs.len() - 1
            }
        };
        Ok(Arg::Register(u8::try_from(index).unwrap_or_default()))
    }

    /// A number, a register or a result.
    pub(crate) fn number(&mut self, value: &Value) -> Result<Arg, ScriptError> {
        let span = value.span();
        let Some(word) = value.word() else { return self.fixed(value) };
        match (self.names.get(word), self.context.assigned.get(word)) {
            (Some(Local::Result(atom)), _) => Ok(Arg::Result(*atom)),
            (Some(Local::Register(register)), _) => Ok(Arg::Register(*register)),
            (Some(Local::Area(_)), _) => {
                Err(ScriptError::new(span, format!("`{word}` is memory, and no number")))
            }
            (None, Some(Named::Step(step))) => {
                self.input(Source::Result(step), Shown::Number(word.to_owned()), span)
            }
            (None, Some(Named::Atom(step, atom))) => {
                self.input(Source::Atom(step, atom), Shown::Number(word.to_owned()), span)
            }
            (None, Some(Named::Buffer(_))) => {
                Err(ScriptError::new(span, format!("`{word}` is a buffer, and no number")))
            }
            (None, None) => self.fixed(value),
        }
    }

    /// A number that is known before anything runs.
    fn fixed(&self, value: &Value) -> Result<Arg, ScriptError> {
        self.check_words(value)?;
        let number = self.context.assigned.number(value, self.context.given)?;
        Ok(Arg::Value(bits(number)))
    }

    /// Checks that every word is known, and can stand where it does.
    pub(crate) fn check_words(&self, value: &Value) -> Result<(), ScriptError> {
        for term in &value.0 {
            let Term::Word(word) = &term.value else { continue };
            if self.names.contains_key(word) {
                let message = format!("`{word}` is known when the group runs: it can only stand alone here");
                return Err(ScriptError::new(term.span, message));
            }
            if names::constant(word).is_none() && self.context.assigned.get(word).is_none() {
                return Err(self.unknown(word, term.span, "constant or name"));
            }
        }
        Ok(())
    }

    pub(crate) fn unknown(&self, word: &str, span: Span, kind: &str) -> ScriptError {
        let known = self.names.keys().map(String::as_str);
        ScriptError::new(span, format!("unknown {kind} `{word}`"))
            .nearest(word, known.chain(self.context.assigned.words()).chain(names::constants()))
    }
}
