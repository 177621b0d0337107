//! The arguments that decide about a call before it is made, by its row alone: admission asks which changes of an argument
//! leave a verdict as it is.

use crate::argument::{Arg, Direction, Len};
use crate::row::Row;

/// Which arguments decide: one bit for each. An argument without a bit may have any value, and the answer is the same.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Deciders {
    /// Class, scope, and the bits that the kernel takes of an address.
    pub nature: u8,
    /// The bytes that other arguments reach; it matters where one of them is no value.
    pub extents: u8,
    /// The check of [`check_safe`](crate::check_safe).
    pub safety: u8,
    /// Addresses: whether one is zero decides, and nothing else about it.
    pub addresses: u8,
}

impl Deciders {
    /// The arguments that decide about a call of this row; `None` is a number without a row.
    #[must_use]
    pub fn of(row: Option<&Row>) -> Deciders {
        let Some(row) = row else {
            // Any argument may be an address.
            return Deciders { addresses: u8::MAX, ..Deciders::default() };
        };
        let forms = each(row, forms);
        let classes = row.when.iter().map(|when| when.given);
        let scopes = row.scope_when.iter().flat_map(|when| [Some(when.given), when.also]).flatten();
        let conditions = classes.chain(scopes).fold(0, |all, given| all | bit(given.arg.into()));
        // How many bits count of such an argument depends on those that select its form.
        let unsteady = each_index(row, |_, index| if row.widths.is_formed(index) { bit(index) } else { 0 });
        let narrowed = row.addresses & unsteady;
        let widths = if (conditions | narrowed) & unsteady == 0 { 0 } else { forms };
        let extents = forms | each(row, extents);
        Deciders {
            nature: conditions | narrowed | widths,
            extents,
            safety: extents | each_index(row, |arg, index| if is_looked_at(arg) { bit(index) } else { 0 }),
            addresses: row.addresses & !narrowed,
        }
    }
}

fn bit(index: usize) -> u8 {
    1 << index
}

fn each(row: &Row, of: fn(&Arg) -> u8) -> u8 {
    row.args.iter().fold(0, |all, arg| all | of(arg))
}

fn each_index(row: &Row, of: impl Fn(&Arg, usize) -> u8) -> u8 {
    row.args.iter().enumerate().fold(0, |all, (index, arg)| all | of(arg, index))
}

/// The arguments that select a form.
fn forms(arg: &Arg) -> u8 {
    let also = |also: Option<(u8, u32)>| also.map_or(0, |(by, _)| bit(by.into()));
    arg.forms.iter().fold(0, |all, form| all | bit(form.by.into()) | also(form.also))
}

/// The arguments that say how far this one reaches, in any form.
fn extents(arg: &Arg) -> u8 {
    arg.forms.iter().fold(counted_by(arg.len), |all, form| all | counted_by(form.arg.len))
}

fn counted_by(len: Len) -> u8 {
    match len {
        Len::Arg(by)
        | Len::Times(by, _)
        | Len::Plus(by, _)
        | Len::Bits(by)
        | Len::At(by)
        | Len::AtLeast(by, _)
        | Len::AtTimes(by, _)
        | Len::ArgLeast(by, _)
        | Len::Pages(by) => bit(by.into()),
        Len::None | Len::Const(_) | Len::Nul | Len::Counted { .. } | Len::Sized(..) | Len::Headed(_) => 0,
    }
}

/// Whether safe code may pass the argument with some values only: it names a descriptor, or may be an address.
fn is_looked_at(arg: &Arg) -> bool {
    let is_looked_at = |arg: &Arg| arg.ty.is_descriptor() || arg.ty.direction() != Direction::Value;
    is_looked_at(arg) || arg.forms.iter().any(|form| is_looked_at(&form.arg))
}
