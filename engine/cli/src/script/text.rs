//! Strings: C's escapes, and `${1}` for an argument of the command.

use crate::script::error::ScriptError;
use crate::script::source::{Span, Spanned};
use crate::script::syntax::{Parameter, Piece, Text};

/// Reads the string that opens at `start` of `line`; gives it and its end.
///
/// `base` is where the line stands in the script.
pub(crate) fn read(line: &str, start: usize, base: usize) -> Result<(Text, usize), ScriptError> {
    let mut reader = Reader { line, at: start + 1, base, pieces: Vec::new() };
    loop {
        match reader.next() {
            None => {
                let span = Span { start: base + start, end: base + line.len() };
                return Err(ScriptError::new(span, "the string has no closing quote on this line"));
            }
            Some('"') => return Ok((Text(reader.pieces), reader.at)),
            Some('\\') => reader.escape()?,
            Some('$') => reader.dollar()?,
            Some(other) => reader.push(other.encode_utf8(&mut [0; 4]).as_bytes(), other.len_utf8()),
        }
    }
}

struct Reader<'a> {
    line: &'a str,
    at: usize,
    base: usize,
    pieces: Vec<Spanned<Piece>>,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.line[self.at..]
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest().chars().next()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// The `len` bytes of the line before here.
    fn last(&self, len: usize) -> Span {
        Span { start: self.base + self.at - len, end: self.base + self.at }
    }

    /// Adds bytes that took `len` bytes of the line.
    fn push(&mut self, bytes: &[u8], len: usize) {
        let span = self.last(len);
        match self.pieces.last_mut() {
            Some(Spanned { value: Piece::Bytes(before), span: place }) => {
                before.extend_from_slice(bytes);
                place.end = span.end;
            }
            _ => self.pieces.push(Spanned::new(Piece::Bytes(bytes.to_vec()), span)),
        }
    }

    fn escape(&mut self) -> Result<(), ScriptError> {
        let unfinished = ScriptError::new(self.last(1), "the string ends within an escape");
        let letter = self.next().ok_or(unfinished)?;
        let byte = match letter {
            'n' => b'\n',
            't' => b'\t',
            'r' => b'\r',
            'a' => 7,
            'b' => 8,
            'f' => 12,
            'v' => 11,
            'e' => 27,
            '\\' | '"' | '\'' | '?' | '$' => return self.plain(letter),
            'x' => return self.hex(),
            '0'..='7' => return self.octal(),
            other => {
                let span = self.last(1 + other.len_utf8());
                return Err(ScriptError::new(span, format!("unknown escape `\\{other}`"))
                    .help(r"known are \n \t \r \a \b \f \v \e \\ \' \? \$, three octal digits, \x and two hex digits"));
            }
        };
        self.push(&[byte], 2);
        Ok(())
    }

    fn plain(&mut self, letter: char) -> Result<(), ScriptError> {
        self.push(letter.encode_utf8(&mut [0; 4]).as_bytes(), 2);
        Ok(())
    }

    fn hex(&mut self) -> Result<(), ScriptError> {
        let digits = self.rest().get(..2).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) else {
            return Err(ScriptError::new(self.last(2), "two hex digits must follow \\x"));
        };
        self.at += 2;
        self.push(&[byte], 4);
        Ok(())
    }

    fn octal(&mut self) -> Result<(), ScriptError> {
        self.at -= 1;
        let len = self.rest().bytes().take(3).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
        let byte = u8::from_str_radix(&self.rest()[..len], 8);
        self.at += len;
        let byte = byte.map_err(|_| ScriptError::new(self.last(len + 1), "this is more than a byte"))?;
        self.push(&[byte], len + 1);
        Ok(())
    }

    fn dollar(&mut self) -> Result<(), ScriptError> {
        if !self.rest().starts_with('{') {
            return match self.rest().chars().next() {
                Some(next) if next.is_ascii_digit() || next == '@' || next == '#' => {
                    self.at += 1;
                    Err(ScriptError::new(self.last(2), "in a string an argument stands in braces").help(
                        format!("write ${{{next}}}, or \\${next} if the string shall have a dollar sign"),
                    ))
                }
                _ => {
                    self.push(b"$", 1);
                    Ok(())
                }
            };
        }
        let Some(end) = self.rest().find('}') else {
            return Err(ScriptError::new(self.last(1), "`${` without `}`"));
        };
        let inside = &self.rest()[1..end];
        let parameter = parameter(inside);
        self.at += end + 1;
        let span = self.last(end + 2);
        let parameter = parameter.ok_or_else(|| {
            ScriptError::new(span, "only ${1}, ${2} …, ${@} and ${#} can stand in a string")
        })?;
        self.pieces.push(Spanned::new(Piece::Parameter(parameter), span));
        Ok(())
    }
}

/// The parameter behind a dollar sign.
pub(crate) fn parameter(text: &str) -> Option<Parameter> {
    match text {
        "@" => Some(Parameter::Each),
        "#" => Some(Parameter::Count),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0') => {
            digits.parse().ok().map(Parameter::Number)
        }
        _ => None,
    }
}
