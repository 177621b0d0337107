//! Tokens as a tree, by descent. Nothing nests but the blocks of groups.

use crate::script::cursor::Cursor;
use crate::script::error::ScriptError;
use crate::script::group::parse as group;
use crate::script::number::Number;
use crate::script::reserved::check_name;
use crate::script::source::{Source, Spanned};
use crate::script::statement::{Body, Script, Statement};
use crate::script::syntax::{After, Attribute, Call, Choice, Setting, Value};
use crate::script::token::{Token, tokens};

/// Reads a script. Its faults are those of all lines; behind a group that cannot be cut into tokens there are no more.
pub(crate) fn parse(source: &Source) -> Result<Script, Vec<ScriptError>> {
    let (mut script, mut faults) = (Vec::new(), Vec::new());
    let mut base = 0;
    let mut lines = source.text.split('\n').enumerate();
    while let Some((index, line)) = lines.next() {
        let tokens = if group::begins(line) {
            let rest = lines.by_ref().map(|(_, line)| line);
            let read = group_lines(line, rest, &mut base);
            if let Err(fault) = read {
                faults.push(fault);
                break;
            }
            read
        } else {
            let end = base + line.trim_end().len();
            let tokens = self::tokens(line, base);
            base += line.len() + 1;
            tokens.map(|tokens| (tokens, end))
        };
        let statement = tokens.and_then(|(tokens, end)| {
            let mut cursor = Cursor::new(&tokens, end);
            match (tokens.is_empty(), group::begins(line)) {
                (true, _) => Ok(None),
                (_, true) => cursor.group(index + 1).map(Some),
                (_, false) => cursor.statement(index + 1).map(Some),
            }
        });
        match statement {
            Ok(statement) => script.extend(statement),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() { Ok(script) } else { Err(faults) }
}

/// The tokens of a group that begins with `first`, and where it ends.
fn group_lines<'a>(
    first: &'a str,
    mut rest: impl Iterator<Item = &'a str>,
    base: &mut usize,
) -> Result<(Vec<Spanned<Token>>, usize), ScriptError> {
    let mut group = group::Lines::default();
    let mut next = Some(first);
    while let Some(line) = next {
        group.add(line, *base)?;
        *base += line.len() + 1;
        next = if group.is_open() { rest.next() } else { None };
    }
    group.finish()
}

/// Reads a value that stands alone: an argument of the command.
pub(crate) fn parse_value(text: &str) -> Result<Value, ScriptError> {
    let tokens = tokens(text, 0)?;
    let mut cursor = Cursor::new(&tokens, text.len());
    let value = cursor.value()?;
    cursor.finished("a number").map(|()| value)
}

impl Cursor<'_> {
    fn statement(&mut self, line: usize) -> Result<Statement, ScriptError> {
        let first = self.word("a call, or a name and `=`")?;
        if first.value == "default" && self.peek() == Some(&Token::Mark('@')) {
            let mut attributes = Vec::new();
            while self.takes('@') {
                attributes.push(self.attribute()?);
            }
            self.finished("attributes")?;
            return Ok(Statement { name: None, body: Body::Default(attributes), line });
        }
        let (name, call) = if self.takes('=') { (Some(first), self.word("a call")?) } else { (None, first) };
        if let Some(name) = &name {
            check_name(name)?;
        }
        self.mark('(')?;
        if call.value == "buffer" {
            let size = self.sized()?;
            let holds = if self.takes('=') { Some(self.argument()?) } else { None };
            let body = Body::Buffer { size, holds };
            if name.is_none() {
                return Err(ScriptError::new(call.span, "a buffer needs a name: b = buffer(64)"));
            }
            self.finished("a buffer")?;
            return Ok(Statement { name, body, line });
        }
        let arguments = self.list(Cursor::argument)?;
        let mut call = Call { name: call, arguments, after: Vec::new(), attributes: Vec::new() };
        while !self.tokens.is_empty() {
            self.modifier(&mut call)?;
        }
        Ok(Statement { name, body: Body::Call(call), line })
    }

    pub(crate) fn modifier(&mut self, call: &mut Call) -> Result<(), ScriptError> {
        match self.peek() {
            Some(Token::Mark('@')) => {
                self.take();
                call.attributes.push(self.attribute()?);
            }
            Some(Token::Word(word)) if word == "after" => {
                self.take();
                let whatever = self.takes('!');
                loop {
                    let name = self.word("the name of an earlier statement")?;
                    call.after.push(After { name, whatever });
                    if !self.takes(',') {
                        break;
                    }
                }
            }
            _ => return self.expected("`@attribute`, `after`, `after!` or the end of the line"),
        }
        Ok(())
    }

    pub(crate) fn attribute(&mut self) -> Result<Attribute, ScriptError> {
        let name = self.word("the name of an attribute")?;
        let required = self.takes('!');
        let options = if self.takes('(') { self.list(Cursor::choice)? } else { Vec::new() };
        if self.peek() == Some(&Token::Mark('!')) {
            return Err(ScriptError::new(self.here(), "`!` stands right behind the attribute's name"));
        }
        Ok(Attribute { name, required, options })
    }

    fn choice(&mut self) -> Result<Choice, ScriptError> {
        let is_key = matches!(self.peek(), Some(Token::Word(_))) && self.second_is('=');
        let key = if is_key { Some(self.word("a key")?) } else { None };
        if is_key {
            self.mark('=')?;
        }
        let span = self.here();
        let value = match self.peek() {
            Some(Token::Number(Number::Plain(number))) => Setting::Number(*number),
            Some(Token::Number(Number::WithUnit(count, unit))) => Setting::Quantity(*count, *unit),
            Some(Token::Word(word)) => Setting::Word(word.clone()),
            Some(Token::Text(text)) => Setting::Text(text.clone()),
            _ => return self.expected("a number, a word or a string"),
        };
        self.take();
        Ok(Choice { key, value: Spanned::new(value, span) })
    }
}
