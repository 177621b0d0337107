//! Cuts a line's text into tokens, for the parser.

use crate::script::error::ScriptError;
use crate::script::number::{self, Number};
use crate::script::source::{Span, Spanned};
use crate::script::syntax::{Parameter, Text};
use crate::script::text;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    Word(String),
    Number(Number),
    Text(Text),
    Parameter(Parameter),
    /// One of `( ) , = | @ !`
    Mark(char),
    /// One of `SIGNS`, in a statement outside of groups one of `STATEMENT_SIGNS`.
    Sign(&'static str),
    /// In a group, the end of a line, or `;`.
    End,
}

/// The signs that stand in groups only; the longer ones come first.
const SIGNS: [&str; 13] = ["<<", "==", "!=", "<=", ">=", "+=", "-=", "<", ">", "&", "+", "{", "}"];

/// The signs of statements outside of groups.
const STATEMENT_SIGNS: [&str; 2] = ["<<", "+"];

/// The tokens of one line of a group.
pub(crate) fn group_tokens(line: &str, base: usize) -> Result<Vec<Spanned<Token>>, ScriptError> {
    all(line, base, |at| {
        let sign = SIGNS.into_iter().find(|sign| line[at..].starts_with(sign));
        let end = line[at..].starts_with(';').then_some((Token::End, at + 1));
        sign.map(|sign| (Token::Sign(sign), at + sign.len())).or(end)
    })
}

/// The tokens of one line, comments left out. `base` is where the line stands in the script.
pub(crate) fn tokens(line: &str, base: usize) -> Result<Vec<Spanned<Token>>, ScriptError> {
    all(line, base, |at| {
        let sign = STATEMENT_SIGNS.into_iter().find(|sign| line[at..].starts_with(sign))?;
        Some((Token::Sign(sign), at + sign.len()))
    })
}

/// The tokens of one line; `special` gives one that only some lines have, and where it ends.
fn all(
    line: &str,
    base: usize,
    special: impl Fn(usize) -> Option<(Token, usize)>,
) -> Result<Vec<Spanned<Token>>, ScriptError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = line[at..].chars().next() {
        if first == '#' {
            break;
        }
        if matches!(first, ' ' | '\t' | '\r') {
            at += 1;
            continue;
        }
        let (token, end) = special(at).map_or_else(|| token(line, at, base), Ok)?;
        tokens.push(Spanned::new(token, Span { start: base + at, end: base + end }));
        at = end;
    }
    Ok(tokens)
}

/// The token at `at`, and where it ends.
fn token(line: &str, at: usize, base: usize) -> Result<(Token, usize), ScriptError> {
    let rest = &line[at..];
    let first = rest.chars().next().unwrap_or(' ');
    match first {
        '"' => text::read(line, at, base).map(|(text, end)| (Token::Text(text), end)),
        '(' | ')' | ',' | '=' | '|' | '@' | '!' => Ok((Token::Mark(first), at + 1)),
        '$' => parameter(rest, at, base),
        'a'..='z' | 'A'..='Z' | '_' => {
            let mut len = word_len(rest);
            // A result of a group: `group.name`.
            let behind = rest[len..]
                .strip_prefix('.')
                .filter(|behind| behind.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'));
            len += behind.map_or(0, |behind| 1 + word_len(behind));
            Ok((Token::Word(rest[..len].to_owned()), at + len))
        }
        '0'..='9' | '-' => {
            let len = 1 + word_len(&rest[1..]);
            let span = Span { start: base + at, end: base + at + len };
            number::read(&rest[..len], span).map(|number| (Token::Number(number), at + len))
        }
        other => {
            let span = Span { start: base + at, end: base + at + other.len_utf8() };
            Err(unexpected(other, span))
        }
    }
}

fn unexpected(found: char, span: Span) -> ScriptError {
    let error = ScriptError::new(span, format!("unexpected {found:?}"));
    match found {
        '\'' => error.help("strings stand in double quotes"),
        ';' => error.help("a statement ends with its line"),
        '\u{feff}' => error.help("this is a byte order mark: save the script without it"),
        '{' | '[' => error.help("write a struct or an array as pack(…)"),
        '&' => error.help("memory that statements share is a buffer: b = buffer(64)"),
        '*' | '/' | '<' | '~' | '^' => error.help("only `|` joins numbers"),
        _ => error,
    }
}

fn parameter(rest: &str, at: usize, base: usize) -> Result<(Token, usize), ScriptError> {
    let len = match rest.as_bytes().get(1) {
        Some(b'@' | b'#') => 2,
        _ => 1 + rest[1..].bytes().take_while(u8::is_ascii_digit).count(),
    };
    let span = Span { start: base + at, end: base + at + len };
    let parameter = text::parameter(&rest[1..len])
        .ok_or_else(|| ScriptError::new(span, "an argument of the command is $1, $2 …, $@ or $#"))?;
    Ok((Token::Parameter(parameter), at + len))
}

fn word_len(text: &str) -> usize {
    text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count()
}

impl Token {
    /// The token in words, for messages.
    pub(crate) fn describe(&self) -> String {
        match self {
            Token::Word(word) => format!("`{word}`"),
            Token::Number(_) => "a number".to_owned(),
            Token::Text(_) => "a string".to_owned(),
            Token::Parameter(_) => "an argument of the command".to_owned(),
            Token::Mark(mark) => format!("`{mark}`"),
            Token::Sign(sign) => format!("`{sign}`"),
            Token::End => "the end of the line".to_owned(),
        }
    }
}
