//! Words that are written as attributes and are flags: of a submission, or of a call of a group.

use syslet::abi::AtomFlags;

use crate::script::error::ScriptError;
use crate::script::source::Span;
use crate::script::syntax::Attribute;

/// A thread of its own.
pub(crate) const PRIVATE: &str = "private";

/// The marks that a call of a group can have.
pub(crate) const OF_ATOMS: [(&str, AtomFlags); 3] =
    [("async", AtomFlags::ASYNC), ("stoppable", AtomFlags::STOPPABLE), ("storage", AtomFlags::STORAGE)];

/// Where the flag `word` is asked for, if it is, and the other attributes.
pub(crate) fn take<'a>(
    word: &str,
    attributes: impl IntoIterator<Item = &'a Attribute>,
) -> Result<(Option<Span>, Vec<&'a Attribute>), ScriptError> {
    let (own, others): (Vec<_>, Vec<_>) =
        attributes.into_iter().partition(|attribute| attribute.name.value == word);
    let wrong = |span, fault: &str| Err(ScriptError::new(span, format!("`{word}` {fault}")));
    match &own[..] {
        [] => Ok((None, others)),
        [flag] if flag.required => wrong(flag.name.span, "is always required, and takes no `!`"),
        [flag] => match flag.options.first() {
            None => Ok((Some(flag.name.span), others)),
            Some(option) => wrong(option.value.span, "takes no value"),
        },
        [_, again, ..] => wrong(again.name.span, "is asked for twice"),
    }
}

/// The flags of a call of a group, and the other attributes.
pub(crate) fn of_atom(attributes: &[Attribute]) -> Result<(AtomFlags, Vec<&Attribute>), ScriptError> {
    let begin = (AtomFlags::NONE, attributes.iter().collect());
    OF_ATOMS.iter().try_fold(begin, |(flags, others): (AtomFlags, Vec<&Attribute>), (word, flag)| {
        let (asked, others) = take(word, others)?;
        Ok((if asked.is_some() { flags.with(*flag) } else { flags }, others))
    })
}

/// The words of these flags.
pub(crate) fn marks(flags: AtomFlags) -> impl Iterator<Item = &'static str> {
    OF_ATOMS.into_iter().filter(move |(_, flag)| flags.contains(*flag)).map(|(word, _)| word)
}
