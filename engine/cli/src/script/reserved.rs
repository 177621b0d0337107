//! Words of the language, which no statement can have as its name.

use crate::script::error::ScriptError;
use crate::script::source::Spanned;
use crate::script::syntax::Width;

pub(crate) const RESERVED: [&str; 4] = ["after", "buffer", "out", "pack"];

/// Refuses them.
pub(crate) fn check_name(name: &Spanned<String>) -> Result<(), ScriptError> {
    if RESERVED.contains(&&*name.value) || Width::named(&name.value).is_some() {
        return Err(ScriptError::new(name.span, format!("`{}` is a word of the language", name.value)));
    }
    if name.value.contains('.') {
        return Err(ScriptError::new(
            name.span,
            format!("`{}` is a result of a group, and no new name", name.value),
        ));
    }
    Ok(())
}
