//! The tree of a group as it was written, before any name or number is looked up.

use crate::script::source::Spanned;
use crate::script::syntax::{After, Attribute, Call, Operand, Value};

/// `syslet NAME budget(N) in order @attribute { … }`
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    /// The word `syslet`: where messages about all of it point.
    pub(crate) word: Spanned<()>,
    pub(crate) budget: Option<Spanned<Value>>,
    /// Whether the repetitions for `$@` run one after the other.
    pub(crate) in_order: bool,
    pub(crate) after: Vec<After>,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) items: Vec<Spanned<Item>>,
}

/// A statement of a group.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    /// `name = area(N)`, `name = scratch(N)`
    Area {
        name: Spanned<String>,
        size: Spanned<Value>,
        comes_back: bool,
    },
    /// `name = call(…) @attribute`
    Call {
        name: Option<Spanned<String>>,
        call: Call,
    },
    /// `register = value`, `register += value`, `register -= value`
    Change {
        register: Spanned<String>,
        change: Change,
        by: Operand,
    },
    /// `stop if …`, `break`, `continue`
    Leave {
        how: Leave,
        when: Option<Condition>,
    },
    If {
        when: Condition,
        then: Vec<Spanned<Item>>,
        otherwise: Vec<Spanned<Item>>,
    },
    Loop(Vec<Spanned<Item>>),
    Finally(Vec<Spanned<Item>>),
    /// `together(enough) { … }`
    Together {
        enough: Option<Spanned<Value>>,
        items: Vec<Spanned<Item>>,
    },
}

/// How a register is changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Change {
    Set,
    Add,
    Subtract,
}

/// Where a statement without a call leads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Leave {
    Stop,
    Break,
    Continue,
}

/// The question that a condition asks of a register or a result.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition {
    pub(crate) of: Spanned<String>,
    pub(crate) asked: Asked,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Asked {
    Compared(Comparison, Value),
    /// `errno(name, EEXIST)`
    Errno(Vec<Spanned<String>>),
    /// `error(name)`
    Error,
}

/// `==` and the like; signed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// Whether they share a bit.
    Mask,
}

impl Change {
    pub(crate) const ALL: [(Change, &'static str); 3] =
        [(Change::Set, "="), (Change::Add, "+="), (Change::Subtract, "-=")];

    pub(crate) fn sign(self) -> &'static str {
        Change::ALL.iter().find(|(change, _)| *change == self).map_or("=", |(_, sign)| sign)
    }
}

impl Leave {
    pub(crate) const ALL: [(Leave, &'static str); 3] =
        [(Leave::Stop, "stop"), (Leave::Break, "break"), (Leave::Continue, "continue")];

    pub(crate) fn word(self) -> &'static str {
        Leave::ALL.iter().find(|(leave, _)| *leave == self).map_or("stop", |(_, word)| word)
    }
}

impl Comparison {
    pub(crate) const ALL: [(Comparison, &'static str); 7] = [
        (Comparison::Equal, "=="),
        (Comparison::NotEqual, "!="),
        (Comparison::Less, "<"),
        (Comparison::LessOrEqual, "<="),
        (Comparison::Greater, ">"),
        (Comparison::GreaterOrEqual, ">="),
        (Comparison::Mask, "&"),
    ];

    pub(crate) fn sign(self) -> &'static str {
        Comparison::ALL.iter().find(|(comparison, _)| *comparison == self).map_or("==", |(_, sign)| sign)
    }
}

/// Words that cannot be names in a group, beside those that never can.
pub(crate) const GROUP_WORDS: [&str; 14] = [
    "stop", "break", "continue", "if", "else", "loop", "finally", "together", "area", "scratch", "errno",
    "error", "in", "budget",
];
