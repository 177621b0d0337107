//! A line's tokens, taken one by one by the parser.

use crate::script::error::ScriptError;
use crate::script::source::{Span, Spanned};
use crate::script::token::Token;

/// The rest of a line.
pub(crate) struct Cursor<'a> {
    pub(crate) tokens: &'a [Spanned<Token>],
    /// The token taken last.
    last: Span,
    /// Where the line ends.
    end: Span,
}

impl<'a> Cursor<'a> {
    /// All of a line; its text ends at `end`.
    pub(crate) fn new(tokens: &'a [Spanned<Token>], end: usize) -> Cursor<'a> {
        let end = Span { start: end, end };
        Cursor { tokens, last: end, end }
    }

    pub(crate) fn peek(&self) -> Option<&'a Token> {
        self.tokens.first().map(|token| &token.value)
    }

    pub(crate) fn take(&mut self) {
        if let Some((first, rest)) = self.tokens.split_first() {
            self.last = first.span;
            self.tokens = rest;
        }
    }

    /// Where the next token stands.
    pub(crate) fn here(&self) -> Span {
        self.tokens.first().map_or(self.end, |token| token.span)
    }

    /// From `start` to the token taken last.
    pub(crate) fn since(&self, start: Span) -> Span {
        start.to(self.last)
    }

    /// Whether the next token but one is `mark`.
    pub(crate) fn second_is(&self, mark: char) -> bool {
        self.tokens.get(1).is_some_and(|token| token.value == Token::Mark(mark))
    }

    pub(crate) fn takes(&mut self, mark: char) -> bool {
        let found = self.peek() == Some(&Token::Mark(mark));
        if found {
            self.take();
        }
        found
    }

    pub(crate) fn takes_sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        if found {
            self.take();
        }
        found
    }

    pub(crate) fn takes_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(found)) if found == word);
        if found {
            self.take();
        }
        found
    }

    pub(crate) fn sign(&mut self, sign: &str) -> Result<(), ScriptError> {
        if self.takes_sign(sign) { Ok(()) } else { self.expected(&format!("`{sign}`")) }
    }

    pub(crate) fn expected<T>(&self, wanted: &str) -> Result<T, ScriptError> {
        let found = self.peek().map_or("the end of the line".to_owned(), Token::describe);
        Err(ScriptError::new(self.here(), format!("expected {wanted}, found {found}")))
    }

    pub(crate) fn mark(&mut self, mark: char) -> Result<(), ScriptError> {
        if self.takes(mark) { Ok(()) } else { self.expected(&format!("`{mark}`")) }
    }

    pub(crate) fn word(&mut self, wanted: &str) -> Result<Spanned<String>, ScriptError> {
        match self.peek() {
            Some(Token::Word(word)) => {
                self.take();
                Ok(Spanned::new(word.clone(), self.last))
            }
            _ => self.expected(wanted),
        }
    }

    pub(crate) fn finished(&self, before: &str) -> Result<(), ScriptError> {
        if self.tokens.is_empty() { Ok(()) } else { self.expected(&format!("nothing behind {before}")) }
    }

    /// The items between `(`, already taken, and `)`.
    pub(crate) fn list<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, ScriptError>,
    ) -> Result<Vec<T>, ScriptError> {
        let mut items = Vec::new();
        if self.takes(')') {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            if self.takes(')') {
                return Ok(items);
            }
            if !self.takes(',') {
                return self.expected("`,` or `)`");
            }
        }
    }
}
