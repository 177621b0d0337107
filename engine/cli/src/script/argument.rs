//! The part of the parser for arguments: numbers, strings, and the forms that describe memory.

use crate::script::cursor::Cursor;
use crate::script::error::ScriptError;
use crate::script::number::Number;
use crate::script::source::Spanned;
use crate::script::syntax::{Argument, Field, Operand, Part, Piece, Term, Text, Value, View, Width};
use crate::script::token::Token;

impl Cursor<'_> {
    pub(crate) fn argument(&mut self) -> Result<Spanned<Argument>, ScriptError> {
        let start = self.here();
        let argument = match self.peek() {
            Some(Token::Text(text)) => {
                self.take();
                Argument::Text(text.clone())
            }
            Some(Token::Word(word)) if self.second_is('(') && !self.is_length() => self.form(word)?,
            _ => match self.number()? {
                Operand::Value(value) => Argument::Value(value),
                Operand::View(view) => Argument::View(view),
                Operand::Part(part) => Argument::Part(part),
                Operand::Bit(of) => Argument::Bit(of),
            },
        };
        Ok(Spanned::new(argument, self.since(start)))
    }

    /// A value, `name + NUMBER` or `1 << name`.
    pub(crate) fn number(&mut self) -> Result<Operand, ScriptError> {
        let value = self.value()?;
        let span = value.span();
        if self.takes_sign("<<") {
            let is_one = matches!(&value.0[..], [Spanned { value: Term::Integer(1), .. }]);
            return if is_one { self.bit() } else { Err(ScriptError::new(span, "only 1 can be shifted")) };
        }
        if !self.takes_sign("+") {
            return Ok(Operand::Value(value));
        }
        let Some(word) = value.word() else {
            return Err(ScriptError::new(
                span,
                "`+` stands behind the name of an area, a buffer or a result",
            )
            .help("only `|` joins numbers"));
        };
        let of = Spanned::new(word.to_owned(), span);
        let offset = self.value()?;
        let span = offset.span();
        Ok(Operand::Part(Part { of, offset: Spanned::new(offset, span) }))
    }

    /// The name or the view behind `1 <<`.
    fn bit(&mut self) -> Result<Operand, ScriptError> {
        let span = self.here();
        let of = match self.peek() {
            Some(Token::Word(word)) => match Width::named(word).filter(|_| self.second_is('(')) {
                Some(width) => Operand::View(self.view(width)?),
                None => Operand::Value(Value(vec![self.term()?])),
            },
            _ => return Err(ScriptError::new(span, "the bit of a name or of i32(NAME, OFFSET) is wanted")),
        };
        match &of {
            Operand::Value(value) if value.word().is_none() => self.expected("the name of a result"),
            _ => Ok(Operand::Bit(Box::new(of))),
        }
    }

    /// `out(…)`, `pack(…)` or a view.
    fn form(&mut self, word: &str) -> Result<Argument, ScriptError> {
        let span = self.here();
        if let Some(width) = Width::named(word) {
            return self.view(width).map(Argument::View);
        }
        if word != "out" && word != "pack" {
            return Err(ScriptError::new(span, format!("`{word}` cannot be called in an argument"))
                .help("an argument is a number, a name, a string, out(N), pack(…) or i32(NAME, OFFSET)"));
        }
        self.take();
        self.mark('(')?;
        if word == "out" {
            return self.sized().map(Argument::Out);
        }
        let fields = self.list(Cursor::field)?;
        if fields.is_empty() {
            return Err(ScriptError::new(self.since(span), "pack needs at least one field"));
        }
        Ok(Argument::Pack(fields))
    }

    /// A value and `)`.
    pub(crate) fn sized(&mut self) -> Result<Spanned<Value>, ScriptError> {
        let value = self.value()?;
        let span = value.span();
        self.mark(')')?;
        Ok(Spanned::new(value, span))
    }

    pub(crate) fn view(&mut self, width: Width) -> Result<View, ScriptError> {
        self.take();
        self.mark('(')?;
        let of = self.word("the name of a buffer or of an earlier statement")?;
        self.mark(',')?;
        let offset = self.sized()?;
        Ok(View { width, of, offset: Spanned::new(Box::new(offset.value), offset.span) })
    }

    fn field(&mut self) -> Result<Spanned<Field>, ScriptError> {
        let start = self.here();
        if let Some(Token::Text(text)) = self.peek() {
            self.take();
            return Ok(Spanned::new(Field::Text(text.clone()), start));
        }
        let word = self.word("a type (u8 … i64) or a string")?;
        let width = Width::named(&word.value).ok_or_else(|| {
            ScriptError::new(word.span, format!("`{}` is no type", word.value))
                .help("a field of pack is a type and a number: i64 5")
        })?;
        let operand = match self.peek() {
            Some(Token::Word(inner)) if self.second_is('(') && !self.is_length() => match Width::named(inner)
            {
                Some(inner) => Operand::View(self.view(inner)?),
                None => return self.expected("a number, a name or i32(NAME, OFFSET)"),
            },
            _ => self.number()?,
        };
        Ok(Spanned::new(Field::Number(width, operand), self.since(start)))
    }

    pub(crate) fn value(&mut self) -> Result<Value, ScriptError> {
        let mut terms = vec![self.term()?];
        while self.takes('|') {
            terms.push(self.term()?);
        }
        Ok(Value(terms))
    }

    /// Whether `length(…)` is next, which is a number.
    pub(crate) fn is_length(&self) -> bool {
        self.peek() == Some(&Token::Word(Term::LENGTH.to_owned())) && self.second_is('(')
    }

    /// `length("…")`, or of an argument of the command.
    fn length(&mut self) -> Result<Spanned<Term>, ScriptError> {
        let start = self.here();
        self.take();
        self.mark('(')?;
        let at = self.here();
        let text = match self.peek() {
            Some(Token::Text(text)) => text.clone(),
            Some(Token::Parameter(parameter)) => Text(vec![Spanned::new(Piece::Parameter(*parameter), at)]),
            _ => return self.expected("a string, or an argument of the command"),
        };
        self.take();
        self.mark(')')?;
        Ok(Spanned::new(Term::Length(text), self.since(start)))
    }

    fn term(&mut self) -> Result<Spanned<Term>, ScriptError> {
        if self.is_length() {
            return self.length();
        }
        let span = self.here();
        let term = match self.peek() {
            Some(Token::Number(Number::Plain(number))) => Term::Integer(*number),
            Some(Token::Number(Number::WithUnit(..))) => {
                return Err(ScriptError::new(span, "units belong to attributes; write the number"));
            }
            Some(Token::Word(word)) => Term::Word(word.clone()),
            Some(Token::Parameter(parameter)) => Term::Parameter(*parameter),
            _ => return self.expected("an argument"),
        };
        self.take();
        Ok(Spanned::new(term, span))
    }
}
