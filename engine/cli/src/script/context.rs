//! The surroundings of an argument, which `lower`, `pack` and groups need to turn it into a part of the plan.

use crate::plan::Plan;
use crate::script::assigned::Assigned;
use crate::script::given::Given;
use crate::script::syntax::{Term, Value};

/// The script, its names, the command's arguments, and the plan so far.
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
