//! A group as text again: reading it gives the same tree.

use std::fmt::{Display, Formatter, Result, Write};

use crate::script::group::syntax::{Asked, Condition, Group, Item};
use crate::script::source::Spanned;
use crate::script::statement::Statement;
use crate::script::syntax::Call;

/// A statement that is `group`.
pub(crate) fn statement(statement: &Statement, group: &Group, f: &mut Formatter<'_>) -> Result {
    f.write_str("syslet")?;
    if let Some(name) = &statement.name {
        write!(f, " {}", name.value)?;
    }
    if let Some(budget) = &group.budget {
        write!(f, " budget({})", budget.value)?;
    }
    f.write_str(if group.in_order { " in order" } else { "" })?;
    group.after.iter().try_for_each(|after| write!(f, "{after}"))?;
    group.attributes.iter().try_for_each(|attribute| write!(f, " {attribute}"))?;
    f.write_str(" ")?;
    block(&group.items, f, 0)
}

/// `{`, a line for each statement, and `}`.
fn block(items: &[Spanned<Item>], f: &mut Formatter<'_>, depth: usize) -> Result {
    f.write_str("{\n")?;
    for statement in items {
        write!(f, "{:1$}", "", 4 * (depth + 1))?;
        item(&statement.value, f, depth + 1)?;
        f.write_char('\n')?;
    }
    write!(f, "{:1$}}}", "", 4 * depth)
}

fn item(item: &Item, f: &mut Formatter<'_>, depth: usize) -> Result {
    match item {
        Item::If { when, then, otherwise } => branch(when, then, otherwise, f, depth),
        Item::Loop(items) => headed("loop ", items, f, depth),
        Item::Finally(items) => headed("finally ", items, f, depth),
        Item::Together { enough: None, items } => headed("together ", items, f, depth),
        Item::Together { enough: Some(enough), items } => {
            headed(&format!("together({}) ", enough.value), items, f, depth)
        }
        plain => plain.fmt(f),
    }
}

fn headed(head: &str, items: &[Spanned<Item>], f: &mut Formatter<'_>, depth: usize) -> Result {
    f.write_str(head)?;
    block(items, f, depth)
}

fn branch(
    when: &Condition,
    then: &[Spanned<Item>],
    otherwise: &[Spanned<Item>],
    f: &mut Formatter<'_>,
    depth: usize,
) -> Result {
    headed(&format!("if {when} "), then, f, depth)?;
    match otherwise {
        [] => Ok(()),
        [Spanned { value: Item::If { when, then, otherwise }, .. }] => {
            f.write_str(" else ")?;
            branch(when, then, otherwise, f, depth)
        }
        items => headed(" else ", items, f, depth),
    }
}

/// One line; of a block its first word.
impl Display for Item {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Item::Area { name, size, comes_back } => {
                let word = if *comes_back { "area" } else { "scratch" };
                write!(f, "{} = {word}({})", name.value, size.value)
            }
            Item::Call { name: None, call } => call.fmt(f),
            Item::Call { name: Some(name), call } => named(&name.value, call, f),
            Item::Change { register, change, by } => {
                write!(f, "{} {} {by}", register.value, change.sign())
            }
            Item::Leave { how, when: None } => f.write_str(how.word()),
            Item::Leave { how, when: Some(when) } => write!(f, "{} if {when}", how.word()),
            Item::If { when, .. } => write!(f, "if {when}"),
            Item::Loop(_) => f.write_str("loop"),
            Item::Finally(_) => f.write_str("finally"),
            Item::Together { .. } => f.write_str("together"),
        }
    }
}

fn named(name: &str, call: &Call, f: &mut Formatter<'_>) -> Result {
    write!(f, "{name} = {call}")
}

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let of = &self.of.value;
        match &self.asked {
            Asked::Compared(comparison, value) => write!(f, "{of} {} {value}", comparison.sign()),
            Asked::Error => write!(f, "error({of})"),
            Asked::Errno(errnos) => {
                write!(f, "errno({of}")?;
                errnos.iter().try_for_each(|errno| write!(f, ", {}", errno.value))?;
                f.write_str(")")
            }
        }
    }
}
