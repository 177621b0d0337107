//! A fault in a script: its place, its message, and a hint. Every station from tokens to plan gives it, `command` prints it.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::exit::Exit;
use crate::script::source::{Source, Span};

/// A message has about so many characters at most.
const SHOWN_MAX: usize = 240;

/// A fault in a script. Nothing has run then.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ScriptError {
    /// Where it stands.
    pub(crate) span: Span,
    /// The fault, in one sentence without a full stop.
    pub(crate) message: String,
    /// The text to write instead.
    pub(crate) help: Option<String>,
    /// The exit code of the command.
    pub(crate) exit: Exit,
}

impl ScriptError {
    pub(crate) fn new(span: Span, message: impl Into<String>) -> ScriptError {
        ScriptError { span, message: message.into(), help: None, exit: Exit::Usage }
    }

    pub(crate) fn help(self, help: impl Into<String>) -> ScriptError {
        ScriptError { help: Some(help.into()), ..self }
    }

    /// Names the nearest of `known` to `word`, if one is near.
    pub(crate) fn nearest<'a>(self, word: &str, known: impl IntoIterator<Item = &'a str>) -> ScriptError {
        match nearest(word, known) {
            Some(near) => self.help(format!("the nearest known name is `{near}`")),
            None => self,
        }
    }

    /// Helps so if nothing else does.
    pub(crate) fn or_help(self, help: &str) -> ScriptError {
        if self.help.is_some() { self } else { self.help(help) }
    }

    /// Names the nearest of `known` to `word`, or all of them, which are few.
    pub(crate) fn one_of(self, word: &str, known: &[&str]) -> ScriptError {
        if known.is_empty() || nearest(word, known.iter().copied()).is_some() {
            return self.nearest(word, known.iter().copied());
        }
        let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
        self.help(format!("known are {}", known.join(", ")))
    }

    /// The message with file, line, column, the line itself and a caret.
    pub(crate) fn render(&self, source: &Source, renderer: &Renderer) -> String {
        let (line, number, span) = self.line(&source.text);
        let place = AnnotationKind::Primary.span(span.range());
        let snippet = Snippet::source(line).path(&source.name).line_start(number).annotation(place);
        let message = shortened(&self.message);
        let mut group = Level::ERROR.primary_title(&message).element(snippet);
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help));
        }
        renderer.render(&[group])
    }

    /// The line at fault, its number, and the span within it. No fault spans two lines.
    fn line<'a>(&self, text: &'a str) -> (&'a str, usize, Span) {
        let before = &text[..self.span.start];
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = text[start..].lines().next().unwrap_or_default();
        let end = (self.span.end - start).min(line.len());
        let span = Span { start: (self.span.start - start).min(end), end };
        (line, 1 + before.matches('\n').count(), span)
    }
}

/// The message, if it is not too long; else its begin and its end, as it may quote most of the script.
fn shortened(message: &str) -> String {
    let count = message.chars().count();
    if count <= SHOWN_MAX {
        return message.to_owned();
    }
    let shown = SHOWN_MAX / 2;
    let (begin, end) = (message.chars().take(shown), message.chars().skip(count - shown));
    begin.chain("...".chars()).chain(end).collect()
}

/// The known name most like `word`, unless all are far from it.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |name: &&str| strsim::damerau_levenshtein(&word.to_lowercase(), &name.to_lowercase());
    let most = 1 + word.len() / 3;
    // No word is nearer than their lengths say; only a few are compared with one that is very long.
    let near =
        known.into_iter().filter(|name| name.len().abs_diff(word.len()) <= most).min_by_key(distance)?;
    (distance(&near) <= most).then_some(near)
}
