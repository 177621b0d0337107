//! Conditions on a call's arguments, under which a column of a row has another value. Rows hold them and ask them.

use crate::narrowed::Narrowed;
use crate::nature::{Class, Scope};
use crate::restart::Restart;

/// A condition on the bits that the kernel takes of an argument: `argument & mask == equals`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Condition {
    /// The argument that decides.
    pub arg: u8,
    /// The bits of it that decide.
    pub mask: u64,
    /// The value that they must have.
    pub equals: u64,
}

impl Condition {
    /// Whether it holds for these arguments.
    #[must_use]
    pub fn holds(&self, args: Narrowed<'_>) -> bool {
        args.get(self.arg.into()) & self.mask == self.equals
    }
}

impl core::fmt::Display for Condition {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Condition { arg, mask, equals } = self;
        match *mask {
            u64::MAX | 0xffff_ffff => write!(f, "arg {arg} is {equals}"),
            mask if mask == *equals => write!(f, "arg {arg} has {equals:#x}"),
            mask => write!(f, "arg {arg} & {mask:#x} is {equals:#x}"),
        }
    }
}

/// A row's class is another one when the condition holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct When {
    /// The condition.
    pub given: Condition,
    /// The class then.
    pub class: Class,
}

/// A row's scope is another one when its conditions hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ScopeWhen {
    /// The condition.
    pub given: Condition,
    /// A further condition, which must hold as well.
    pub also: Option<Condition>,
    /// The scope then.
    pub scope: Scope,
}

impl ScopeWhen {
    /// Whether all conditions hold for these arguments.
    #[must_use]
    pub fn holds(&self, args: Narrowed<'_>) -> bool {
        self.given.holds(args) && self.also.is_none_or(|also| also.holds(args))
    }
}

/// A row's answer to EINTR is another one when the condition holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RestartWhen {
    /// The condition.
    pub given: Condition,
    /// The answer then.
    pub restart: Restart,
}
