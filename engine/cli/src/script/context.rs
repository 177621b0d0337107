//! What turning arguments into a plan needs to know besides the argument.

use crate::plan::Plan;
use crate::script::assigned::Assigned;
use crate::script::given::Given;
use crate::script::syntax::{Term, Value};

/// The script, what it has assigned and was given, and the plan so far.
pub(crate) struct Context<'a> {
    /// The script's text.
    pub(crate) text: &'a str,
    pub(crate) assigned: &'a Assigned,
    pub(crate) given: Given<'a>,
    pub(crate) plan: &'a mut Plan,
}

impl Context<'_> {
    /// A value as it was written, or the number if an argument of the command stands in it.
    pub(crate) fn written(&self, value: &Value, number: i128) -> String {
        let given = value.0.iter().any(|term| matches!(term.value, Term::Parameter(_) | Term::Length(_)));
        let text = self.text.get(value.span().range()).filter(|_| !given);
        text.map_or_else(|| number.to_string(), str::to_owned)
    }
}
