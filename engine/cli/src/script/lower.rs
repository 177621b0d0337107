//! From an argument as it is written to the way it is passed, by the table's description of its position. `check` calls it.

use syslet::syscalls::{Arg, ArgType, Direction, Yields, row_by_name};

use crate::plan::{Operand, Passed, Shown, Source, Way};
use crate::script::assigned::Named;
use crate::script::context::Context;
use crate::script::error::ScriptError;
use crate::script::number::bits;
use crate::script::pack::pack;
use crate::script::source::{Span, Spanned};
use crate::script::syntax::{Argument, Term, Value};

/// An out area is at most this long.
pub(crate) const OUT_BYTES_MAX: usize = 64 << 20;

/// One position of one call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position<'a> {
    pub(crate) call: &'a str,
    /// From 0.
    pub(crate) index: usize,
    /// The table's description; `None` for a call without a row.
    pub(crate) arg: Option<&'static Arg>,
}

/// The table's description of an argument, in the form that the numbers known before anything runs select. A number remains
/// a word of any kind: buffers fit there.
pub(crate) fn formed(arg: &'static Arg, fixed: impl Fn(usize) -> Option<u64>) -> &'static Arg {
    let formed = arg.formed(fixed);
    if formed.ty.direction() == Direction::Value { arg } else { formed }
}

impl Position<'_> {
    /// Structures with addresses in them are written with those of buffers, and held by the command.
    pub(crate) fn direction(&self) -> Direction {
        let arg = self.arg.filter(|arg| !arg.ty.has_addresses());
        arg.map_or(Direction::Opaque, |arg| arg.ty.direction())
    }

    fn is_address(&self) -> bool {
        self.arg.is_some_and(|arg| arg.ty == ArgType::Address)
    }

    /// How memory written down in the script reaches the call here; nothing where the call takes none.
    fn way(&self) -> Option<Way> {
        match self.direction() {
            Direction::In => Some(Way::In),
            Direction::Out => Some(Way::Out),
            Direction::InOut => Some(Way::InOut),
            Direction::Opaque if !self.is_address() => Some(Way::Held),
            Direction::Opaque | Direction::Value => None,
        }
    }

    /// How memory that holds bytes before the call reaches it.
    pub(crate) fn way_in(&self, span: Span, given: &str) -> Result<Way, ScriptError> {
        self.way().filter(|way| *way != Way::Out).ok_or_else(|| self.wrong(span, given))
    }

    /// How memory that only the call writes reaches it.
    fn way_out(&self, span: Span) -> Result<Way, ScriptError> {
        let way = self.way().filter(|way| matches!(way, Way::Out | Way::Held));
        way.ok_or_else(|| self.wrong(span, "out(…)"))
    }

    /// Whether any number can stand here, addresses not among them.
    pub(crate) fn takes_numbers(&self) -> bool {
        self.direction() == Direction::Value || self.way() == Some(Way::Held)
    }

    fn is_string(&self) -> bool {
        self.arg.is_some_and(|arg| matches!(arg.ty, ArgType::Path | ArgType::Text))
    }

    /// The position in words.
    pub(crate) fn describe(&self) -> String {
        // A form of an argument has no name of its own.
        let known = row_by_name(self.call).and_then(|row| row.args.get(self.index));
        let name = known.or(self.arg).map_or(String::new(), |arg| format!(" ({})", arg.name));
        format!("argument {} of {}{name}", self.index + 1, self.call)
    }

    fn wants(&self) -> &'static str {
        match self.direction() {
            Direction::Value => {
                "it is a number: write an integer, constants or the name of an earlier statement"
            }
            Direction::In => "the call reads it: write a string, pack(…) or the name of a buffer",
            Direction::Out => "the call writes it: write out(N) or the name of a buffer",
            Direction::InOut => "the call reads and writes it: write pack(…) or the name of a buffer",
            Direction::Opaque => "it is an address: write 0 or the name of a buffer",
        }
    }

    pub(crate) fn wrong(&self, span: Span, given: &str) -> ScriptError {
        ScriptError::new(span, format!("{} cannot be {given}", self.describe())).help(self.wants())
    }
}

impl Context<'_> {
    /// Lowers `argument` at `position`.
    pub(crate) fn lower(
        &mut self,
        argument: &Spanned<Argument>,
        position: Position<'_>,
    ) -> Result<Operand, ScriptError> {
        let span = argument.span;
        let (passed, shown) = match &argument.value {
            Argument::Value(value) => self.value(value, position)?,
            Argument::Text(text) => self.string(self.given.text(text)?, span, position)?,
            Argument::Out(size) => {
                let way = position.way_out(span)?;
                let bytes = self.assigned.size(size, OUT_BYTES_MAX, self.given)?;
                (Passed::Out { bytes, way }, Shown::Written(format!("out({bytes})")))
            }
            Argument::Pack(fields) => {
                let way = position.way_in(span, "pack(…)")?;
                let given = self.given;
                let packed = pack(fields, given, |width, operand, span| self.content(width, operand, span))?;
                let shown = Shown::Written(format!("pack({})", packed.shown));
                (Passed::Memory { way, patches: packed.patches(), bytes: packed.bytes }, shown)
            }
            Argument::Part(part) => {
                let named = self.assigned.find(&part.of)?;
                self.named(&part.of.value, named, span, position)?;
                (Passed::Value(self.part(part)?), Shown::Number(part.to_string()))
            }
            Argument::Bit(_) if !position.takes_numbers() => {
                return Err(position.wrong(span, "a bit"));
            }
            Argument::Bit(of) => {
                let shown = Shown::Number(format!("1 << {of}"));
                (Passed::Value(self.bit(of, span)?), shown)
            }
            Argument::View(_) if !position.takes_numbers() => {
                return Err(position.wrong(span, "a number from memory"));
            }
            Argument::View(view) => {
                let source = self.assigned.view(view, self.given, self.plan)?;
                (Passed::Value(source), Shown::Number(view.to_string()))
            }
        };
        Ok(Operand { passed, shown, span })
    }

    fn value(&mut self, value: &Value, position: Position<'_>) -> Result<(Passed, Shown), ScriptError> {
        let named = value.word().and_then(|word| Some((word, self.assigned.get(word)?)));
        if let Some((word, named)) = named {
            return self.named(word, named, value.span(), position);
        }
        if let [Spanned { value: Term::Parameter(parameter), span }] = &value.0[..]
            && position.direction() == Direction::In
        {
            let bytes = self.given.bytes(*parameter, *span)?.into_owned();
            return self.string(bytes, *span, position);
        }
        let number = self.assigned.number(value, self.given)?;
        if number != 0 && !position.takes_numbers() {
            let message = format!(
                "{} is an address, and an address cannot be written in a script",
                position.describe()
            );
            return Err(ScriptError::new(value.span(), message).help(position.wants()));
        }
        let shown = self.written(value, number);
        Ok((Passed::Value(Source::Fixed(bits(number))), Shown::Written(shown)))
    }

    /// A name as an argument: a result, or a buffer's address.
    fn named(
        &self,
        word: &str,
        named: Named,
        span: Span,
        position: Position<'_>,
    ) -> Result<(Passed, Shown), ScriptError> {
        match named {
            Named::Buffer(_) if position.direction() == Direction::Value => {
                Err(position.wrong(span, "a buffer"))
            }
            Named::Buffer(id) => {
                Ok((Passed::Value(Source::Address(id)), Shown::Written(self.plan.buffers[id].name.clone())))
            }
            Named::Step(id) | Named::Atom(id, _) => {
                let step = &self.plan.steps[id];
                let (row, source) = match (named, &step.group) {
                    (Named::Atom(_, atom), Some(group)) => {
                        (group.atoms[usize::from(atom)].row, Source::Atom(id, atom))
                    }
                    _ => (step.row, Source::Result(id)),
                };
                let yields = row.map(|row| row.yields);
                if !position.takes_numbers() && yields.is_some_and(|yields| yields != Yields::Address) {
                    let given = format!("`{word}`, which is a number");
                    return Err(position.wrong(span, &given));
                }
                Ok((Passed::Value(source), Shown::Number(word.to_owned())))
            }
        }
    }

    /// A string: its bytes, and the NUL behind them.
    fn string(
        &self,
        bytes: Vec<u8>,
        span: Span,
        position: Position<'_>,
    ) -> Result<(Passed, Shown), ScriptError> {
        let way = position.way_in(span, "a string")?;
        if position.is_string() && bytes.contains(&0) {
            let message = format!("{} ends at its first NUL, and this has one inside", position.describe());
            return Err(ScriptError::new(span, message));
        }
        let mut terminated = bytes.clone();
        terminated.push(0);
        let memory = Passed::Memory { way, bytes: terminated, patches: Vec::new() };
        Ok((memory, Shown::Bytes(bytes)))
    }
}
