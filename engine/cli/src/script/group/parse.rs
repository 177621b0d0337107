//! Tokens of a group as its tree, by descent.

use crate::script::cursor::Cursor;
use crate::script::error::ScriptError;
use crate::script::group::syntax::{Asked, Change, Comparison, Condition, GROUP_WORDS, Group, Item, Leave};
use crate::script::reserved::check_name;
use crate::script::source::{Span, Spanned};
use crate::script::statement::{Body, Statement};
use crate::script::syntax::{Call, Operand, Width};
use crate::script::token::{Token, group_tokens};

/// Blocks stand in each other at most so deep.
const DEPTH_MAX: usize = 16;

/// Whether a line is the first one of a group: `syslet` as a name or a call is none.
pub(crate) fn begins(line: &str) -> bool {
    let rest = line.trim_start_matches([' ', '\t']).strip_prefix("syslet");
    let behind = |rest: &str| match rest.trim_start_matches([' ', '\t', '\r']).chars().next() {
        None | Some('{' | '@' | '#') => true,
        Some(first) => rest.starts_with([' ', '\t']) && !matches!(first, '=' | '('),
    };
    rest.is_some_and(behind)
}

/// The lines of a group, until its blocks are closed.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    tokens: Vec<Spanned<Token>>,
    depth: usize,
    end: usize,
}

impl Lines {
    pub(crate) fn add(&mut self, line: &str, base: usize) -> Result<(), ScriptError> {
        for token in group_tokens(line, base)? {
            match token.value {
                Token::Sign("{") => self.depth += 1,
                Token::Sign("}") => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
            self.tokens.push(token);
        }
        self.end = base + line.trim_end().len();
        if self.is_open() {
            self.tokens.push(Spanned::new(Token::End, Span { start: self.end, end: self.end }));
        }
        Ok(())
    }

    pub(crate) fn is_open(&self) -> bool {
        self.depth > 0
    }

    /// All tokens, and where the last line ends.
    pub(crate) fn finish(self) -> Result<(Vec<Spanned<Token>>, usize), ScriptError> {
        match self.tokens.first() {
            Some(word) if self.is_open() => {
                Err(ScriptError::new(word.span, "this group, or a block in it, has no closing `}`"))
            }
            _ => Ok((self.tokens, self.end)),
        }
    }
}

impl Cursor<'_> {
    /// A group, from the word `syslet`.
    pub(crate) fn group(&mut self, line: usize) -> Result<Statement, ScriptError> {
        let word = self.word("`syslet`")?;
        let is_name = |word: &String| !["budget", "in", "after"].contains(&word.as_str());
        let name = match self.peek() {
            Some(Token::Word(word)) if is_name(word) => Some(self.word("a name")?),
            _ => None,
        };
        name.as_ref().map_or(Ok(()), check_group_name)?;
        let header = Call { name: word, arguments: Vec::new(), after: Vec::new(), attributes: Vec::new() };
        let mut group = Group {
            word: Spanned::new((), header.name.span),
            budget: None,
            in_order: false,
            after: Vec::new(),
            attributes: Vec::new(),
            items: Vec::new(),
        };
        self.header(&mut group, header)?;
        group.items = self.block(0)?;
        self.finished("a group")?;
        Ok(Statement { name, body: Body::Group(group), line })
    }

    /// The clauses between a group's name and its block.
    fn header(&mut self, group: &mut Group, mut header: Call) -> Result<(), ScriptError> {
        loop {
            match self.peek() {
                Some(Token::Sign("{")) => break,
                Some(Token::Word(word)) if word == "budget" => {
                    self.take();
                    self.mark('(')?;
                    group.budget = Some(self.sized()?);
                }
                Some(Token::Word(word)) if word == "in" => {
                    self.take();
                    if !self.takes_word("order") {
                        return self.expected("`order`");
                    }
                    group.in_order = true;
                }
                Some(Token::Mark('@')) => self.modifier(&mut header)?,
                Some(Token::Word(word)) if word == "after" => self.modifier(&mut header)?,
                _ => return self.expected("`budget(N)`, `in order`, `after`, `@attribute` or `{`"),
            }
        }
        (group.after, group.attributes) = (header.after, header.attributes);
        Ok(())
    }

    /// `{ … }`
    fn block(&mut self, depth: usize) -> Result<Vec<Spanned<Item>>, ScriptError> {
        if depth > DEPTH_MAX {
            return Err(ScriptError::new(
                self.here(),
                format!("blocks stand in each other {DEPTH_MAX} deep at most"),
            ));
        }
        self.sign("{")?;
        let mut items = Vec::new();
        loop {
            while self.peek() == Some(&Token::End) {
                self.take();
            }
            if self.takes_sign("}") {
                return Ok(items);
            }
            let start = self.here();
            items.push(Spanned::new(self.item(depth)?, start));
            if !matches!(self.peek(), Some(Token::End | Token::Sign("}"))) {
                return self.expected("the end of the line or `}`");
            }
        }
    }

    fn item(&mut self, depth: usize) -> Result<Item, ScriptError> {
        let first = self.word("a statement")?;
        let leave = Leave::ALL.into_iter().find(|(_, word)| *word == first.value);
        match (first.value.as_str(), leave) {
            (_, Some((how, _))) => {
                let when = if self.takes_word("if") { Some(self.condition()?) } else { None };
                Ok(Item::Leave { how, when })
            }
            ("if", _) => self.branch(depth),
            ("loop", _) => self.block(depth + 1).map(Item::Loop),
            ("finally", _) => self.block(depth + 1).map(Item::Finally),
            ("together", _) => {
                let enough = if self.takes('(') { Some(self.sized()?) } else { None };
                Ok(Item::Together { enough, items: self.block(depth + 1)? })
            }
            ("syslet", _)
                if matches!(self.peek(), Some(Token::Word(_) | Token::Sign("{") | Token::Mark('@'))) =>
            {
                Err(ScriptError::new(first.span, "a group cannot stand in another")
                    .help("blocks in a group are `if`, `loop`, `together` and `finally`"))
            }
            ("else", _) => Err(ScriptError::new(first.span, "`else` stands right behind the `}` of an `if`")),
            _ => self.plain(first),
        }
    }

    fn branch(&mut self, depth: usize) -> Result<Item, ScriptError> {
        let when = self.condition()?;
        let then = self.block(depth + 1)?;
        let mut otherwise = Vec::new();
        if self.takes_word("else") {
            let start = self.here();
            otherwise = if self.takes_word("if") {
                if depth >= DEPTH_MAX {
                    return Err(ScriptError::new(start, "too many conditions behind each other"));
                }
                vec![Spanned::new(self.branch(depth + 1)?, start)]
            } else {
                self.block(depth + 1)?
            };
        }
        Ok(Item::If { when, then, otherwise })
    }

    /// A statement that begins with a name or a call.
    fn plain(&mut self, first: Spanned<String>) -> Result<Item, ScriptError> {
        if self.takes('(') {
            return self.called(None, first);
        }
        let change = Change::ALL.into_iter().skip(1).find(|(_, sign)| self.takes_sign(sign));
        let change = change.map(|(change, _)| change).or_else(|| self.takes('=').then_some(Change::Set));
        let Some(change) = change else { return self.expected("`(`, `=`, `+=` or `-=`") };
        check_group_name(&first)?;
        let is_form = self.second_is('(') && !self.is_length();
        let (Some(Token::Word(word)), true, Change::Set) = (self.peek(), is_form, change) else {
            let by = Operand::Value(self.value()?);
            return Ok(Item::Change { register: first, change, by });
        };
        if let Some(width) = Width::named(word) {
            let by = Operand::View(self.view(width)?);
            return Ok(Item::Change { register: first, change, by });
        }
        let call = self.word("a call")?;
        self.mark('(')?;
        match call.value.as_str() {
            "area" => Ok(Item::Area { name: first, size: self.sized()?, comes_back: true }),
            "scratch" => Ok(Item::Area { name: first, size: self.sized()?, comes_back: false }),
            _ => self.called(Some(first), call),
        }
    }

    fn called(&mut self, name: Option<Spanned<String>>, call: Spanned<String>) -> Result<Item, ScriptError> {
        if GROUP_WORDS.contains(&call.value.as_str()) {
            return Err(ScriptError::new(call.span, format!("`{}` is no call", call.value)));
        }
        let arguments = self.list(Cursor::argument)?;
        let mut attributes = Vec::new();
        while self.takes('@') {
            attributes.push(self.attribute()?);
        }
        Ok(Item::Call { name, call: Call { name: call, arguments, after: Vec::new(), attributes } })
    }

    fn condition(&mut self) -> Result<Condition, ScriptError> {
        let first = self.word("a name, `errno(…)` or `error(…)`")?;
        if self.takes('(') {
            if !["errno", "error"].contains(&first.value.as_str()) {
                return Err(ScriptError::new(
                    first.span,
                    format!("a condition cannot be `{}(…)`", first.value),
                )
                .nearest(&first.value, ["errno", "error"])
                .or_help("it asks a result by name: make the call above, as `NAME = …`"));
            }
            let mut words = self.list(|cursor| cursor.word("a name"))?.into_iter();
            let of = words.next().ok_or_else(|| ScriptError::new(first.span, "a name is missing"))?;
            let errnos: Vec<_> = words.collect();
            return match (first.value.as_str(), errnos.is_empty()) {
                ("errno", false) => Ok(Condition { of, asked: Asked::Errno(errnos) }),
                ("errno", true) => Err(ScriptError::new(first.span, "errno wants error numbers by name")
                    .help("errno(NAME, EEXIST); any error is error(NAME)")),
                (_, true) => Ok(Condition { of, asked: Asked::Error }),
                (_, false) => Err(ScriptError::new(first.span, "error wants one name")
                    .help("certain ones are errno(NAME, EEXIST)")),
            };
        }
        let comparison = Comparison::ALL.into_iter().find(|(_, sign)| self.takes_sign(sign));
        let Some((comparison, _)) = comparison else {
            return self.expected("one of == != < <= > >= &");
        };
        Ok(Condition { of: first, asked: Asked::Compared(comparison, self.value()?) })
    }
}

fn check_group_name(name: &Spanned<String>) -> Result<(), ScriptError> {
    if GROUP_WORDS.contains(&name.value.as_str()) {
        return Err(ScriptError::new(name.span, format!("`{}` is a word of the language", name.value)));
    }
    check_name(name)
}
