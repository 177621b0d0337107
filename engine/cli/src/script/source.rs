//! The text of a script, and places in it.

use std::ops::Range;

/// A script is at most this long.
pub(crate) const SCRIPT_BYTES_MAX: usize = 16 << 20;

/// A script as it was given.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The file's name, `-` or `-e`.
    pub(crate) name: String,
    /// All of it.
    pub(crate) text: String,
}

/// A part of the text, in bytes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    /// From the start of this one to the end of `other`.
    pub(crate) fn to(self, other: Span) -> Span {
        Span { start: self.start, end: other.end }
    }

    pub(crate) fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// A value and its place in the script. Comparisons leave the place out.
#[derive(Clone, Debug)]
pub(crate) struct Spanned<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

impl<T> Spanned<T> {
    pub(crate) fn new(value: T, span: Span) -> Spanned<T> {
        Spanned { value, span }
    }
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Spanned<T>) -> bool {
        self.value == other.value
    }
}
