//! The names that a script has assigned so far, and the numbers that values come to; `check` and groups ask it.

use std::collections::HashMap;

use crate::names;
use crate::plan::{Area, BufferId, Plan, Source, StepId};
use crate::script::error::ScriptError;
use crate::script::given::Given;
use crate::script::parse::parse_value;
use crate::script::source::{Span, Spanned};
use crate::script::syntax::{Parameter, Term, Value, View, Width};

/// The meaning of a name.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Named {
    Step(StepId),
    Buffer(BufferId),
    /// A call of a group.
    Atom(StepId, u16),
}

/// The names assigned so far, and the line of each.
#[derive(Debug, Default)]
pub(crate) struct Assigned {
    names: HashMap<String, (Named, usize)>,
}

impl Assigned {
    pub(crate) fn assign(
        &mut self,
        name: &Spanned<String>,
        named: Named,
        line: usize,
    ) -> Result<(), ScriptError> {
        if names::constant(&name.value).is_some() {
            return Err(ScriptError::new(name.span, format!("`{}` is a constant", name.value)));
        }
        if let Some((_, before)) = self.names.get(&name.value) {
            let message = format!("`{}` is already assigned in line {before}", name.value);
            return Err(ScriptError::new(name.span, message).help("a name is assigned once"));
        }
        self.names.insert(name.value.clone(), (named, line));
        Ok(())
    }

    pub(crate) fn get(&self, name: &str) -> Option<Named> {
        self.names.get(name).map(|&(named, _)| named)
    }

    /// All names.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// The meaning of a name where no constant can stand.
    pub(crate) fn find(&self, name: &Spanned<String>) -> Result<Named, ScriptError> {
        self.get(&name.value).ok_or_else(|| {
            ScriptError::new(name.span, format!("no statement above is named `{}`", name.value))
                .nearest(&name.value, self.names.keys().map(String::as_str))
        })
    }

    /// The number that a value is, which must be known before anything runs.
    pub(crate) fn number(&self, value: &Value, given: Given<'_>) -> Result<i128, ScriptError> {
        let mut all = None;
        for term in &value.0 {
            let number = self.term(&term.value, term.span, given)?;
            all = Some(all.unwrap_or(0) | number);
        }
        Ok(all.unwrap_or(0))
    }

    fn term(&self, term: &Term, span: Span, given: Given<'_>) -> Result<i128, ScriptError> {
        match term {
            Term::Integer(number) => Ok(*number),
            Term::Parameter(parameter) => given_number(*parameter, span, given),
            Term::Length(text) => Ok(given.text(text)?.len() as i128),
            Term::Word(word) => names::constant(word).ok_or_else(|| self.unknown(word, span)),
        }
    }

    fn unknown(&self, word: &str, span: Span) -> ScriptError {
        if self.names.contains_key(word) {
            return ScriptError::new(span, format!("`{word}` is a result: it can only stand alone here"))
                .help("results are known when the script runs; constants and integers before");
        }
        let mut known: Vec<&str> = self.names.keys().map(String::as_str).collect();
        known.extend(names::constants());
        ScriptError::new(span, format!("unknown constant or name `{word}`")).nearest(word, known)
    }

    /// A size in bytes, from 1 to `most`.
    pub(crate) fn size(
        &self,
        value: &Spanned<Value>,
        most: usize,
        given: Given<'_>,
    ) -> Result<usize, ScriptError> {
        self.count(value, (most, "bytes"), given)
    }

    /// A number of such things, from 1 to so many.
    pub(crate) fn count(
        &self,
        value: &Spanned<Value>,
        (most, things): (usize, &str),
        given: Given<'_>,
    ) -> Result<usize, ScriptError> {
        let number = self.number(&value.value, given)?;
        usize::try_from(number).ok().filter(|size| (1..=most).contains(size)).ok_or_else(|| {
            ScriptError::new(value.span, format!("{number} {things}: it must be from 1 to {most}"))
        })
    }

    /// The number that a view reads.
    pub(crate) fn view(&self, view: &View, given: Given<'_>, plan: &mut Plan) -> Result<Source, ScriptError> {
        let number = self.number(&view.offset.value, given)?;
        let (of, bytes) = match self.find(&view.of)? {
            Named::Buffer(id) => (Area::Buffer(id), plan.buffers[id].bytes),
            Named::Atom(..) => {
                return Err(ScriptError::new(
                    view.of.span,
                    format!("nothing comes back from `{}` alone", view.of.value),
                )
                .help("a register of the group can read its areas"));
            }
            Named::Step(id) => {
                let (_, bytes) = plan.steps[id].first_area().ok_or_else(|| {
                    ScriptError::new(view.of.span, format!("nothing comes back from `{}`", view.of.value))
                        .help("a view reads a buffer, or the out(N) of a statement")
                })?;
                plan.steps[id].area_read = true;
                (Area::Step(id), bytes)
            }
        };
        let Width { bytes: width, .. } = view.width;
        let inside =
            usize::try_from(number).ok().filter(|at| at.checked_add(width).is_some_and(|end| end <= bytes));
        let offset = inside.ok_or_else(|| {
            let message = format!(
                "{} at offset {number} lies outside the {bytes} bytes of `{}`",
                view.width.name(),
                view.of.value
            );
            ScriptError::new(view.offset.span, message)
        })?;
        Ok(Source::View { width: view.width, of, offset })
    }
}

/// An argument of the command as a number.
fn given_number(parameter: Parameter, span: Span, given: Given<'_>) -> Result<i128, ScriptError> {
    let bytes = given.bytes(parameter, span)?;
    let no_number = |why: &str| {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        ScriptError::new(span, format!("\"{text}\" is no number here: {why}"))
            .help("an integer, or constants joined with `|`, is wanted")
    };
    let text = std::str::from_utf8(&bytes).map_err(|_| no_number("it is no text"))?;
    if text.contains('#') {
        return Err(no_number("unexpected '#'"));
    }
    let value = parse_value(text).map_err(|error| no_number(&error.message))?;
    let mut all = 0;
    for term in &value.0 {
        all |= match &term.value {
            Term::Integer(number) => *number,
            Term::Word(word) => names::constant(word)
                .ok_or_else(|| no_number("unknown constant").nearest(word, names::constants()))?,
            Term::Parameter(_) | Term::Length(_) => {
                return Err(no_number("it names an argument itself"));
            }
        };
    }
    Ok(all)
}
