//! The tree of a script: its statements.

use crate::script::group::syntax::Group;
use crate::script::source::Spanned;
use crate::script::syntax::{Argument, Attribute, Call, Value};

/// A script: its statements in order.
pub(crate) type Script = Vec<Statement>;

/// One line, or a group.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Statement {
    pub(crate) name: Option<Spanned<String>>,
    pub(crate) body: Body,
    /// Counts from 1.
    pub(crate) line: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    /// `buffer(N)`, `buffer(N) = pack(…)`
    Buffer { size: Spanned<Value>, holds: Option<Spanned<Argument>> },
    /// A call, with its arguments and modifiers.
    Call(Call),
    /// `default @name`: attributes of the statements below.
    Default(Vec<Attribute>),
    /// `syslet { … }`
    Group(Group),
}
