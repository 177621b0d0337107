//! Selects rows: by name, by number, or by their columns.

use syslet::syscalls::{self, Memory, Row, Scope};

use super::{uring, words};
use crate::options::{Column, Filters, MissingIn};
use crate::script::error::nearest;

/// The rows that were asked for.
#[derive(Debug)]
pub(super) struct Selected {
    pub(super) rows: Vec<&'static Row>,
    /// A remark for people about the answer.
    pub(super) remark: Option<String>,
}

/// The rows for which all filters hold.
pub(super) fn rows(filters: &Filters) -> Selected {
    let uring = filters.missing_in.map(|MissingIn::IoUring| uring::calls());
    let is_there = |row: &Row| uring.as_ref().is_some_and(|uring| uring.calls.contains(row.name));
    let rows = syscalls::rows()
        .iter()
        .filter(|row| matches(row, filters) && !is_there(row) && (uring.is_none() || row.gone.is_none()))
        .collect();
    Selected { rows, remark: uring.map(|uring| uring.source) }
}

fn matches(row: &Row, filters: &Filters) -> bool {
    let classes = words::classes(row);
    let scopes = words::scopes(row);
    let has_class = |name: &str| classes.iter().any(|(class, _)| words::class(*class) == name);
    let has_scope = |name: &str| scopes.iter().any(|(scope, _)| words::scope(*scope) == name);
    let has_arg = |name: &String| row.args.iter().any(|arg| words::ty(arg.ty) == *name);
    filters.class.as_deref().is_none_or(has_class)
        && filters.scope.as_deref().is_none_or(has_scope)
        && filters.arg.iter().all(has_arg)
        && filters.has.iter().all(|column| has(row, *column))
}

/// Whether a column says something out of the ordinary.
fn has(row: &Row, column: Column) -> bool {
    match column {
        Column::Nonblocking => row.nonblocking.is_some(),
        Column::Memory => row.memory != Memory::Kept,
        Column::Descriptors => row.descriptors != syscalls::Descriptors::Kept,
        Column::Private => words::scopes(row).iter().any(|(scope, _)| *scope == Scope::WritesThread),
        Column::Condition => {
            !(row.when.is_empty() && row.scope_when.is_empty() && row.restart_when.is_empty())
        }
        Column::Restart => {
            words::restarts(row).iter().any(|(restart, _)| *restart != syscalls::Restart::Uninterrupted)
        }
        Column::Kick => row.kick.is_possible(),
        Column::Danger => row.danger.is_some(),
        Column::SelfContained => row.is_self_contained(),
        Column::Safe => row.is_safe(),
        Column::Gone => row.gone.is_some(),
    }
}

/// The calls that were meant.
pub(super) enum Found {
    One(&'static Row),
    /// Those with the part in their names, or with names that match the pattern; never none.
    Several(Vec<&'static Row>),
}

/// The call of this name or number, or the calls that have a part of a name, or match a pattern.
pub(super) fn find(call: &str) -> Result<Found, String> {
    let hex = call.strip_prefix("0x").map(|digits| u32::from_str_radix(digits, 16).ok());
    let is_number = call.bytes().all(|byte| byte.is_ascii_digit()) && !call.is_empty();
    if hex.is_some() || is_number {
        let row = hex.unwrap_or_else(|| call.parse().ok()).and_then(syscalls::row);
        return row.map(Found::One).ok_or_else(|| {
            format!("the table has no call with number {call}; a script can write syscall({call}, …), with plain values")
        });
    }
    if let Some(row) = syscalls::row_by_name(call) {
        return Ok(Found::One(row));
    }
    let is_pattern = call.contains(['*', '?']);
    let is_meant = |row: &&Row| {
        if is_pattern { glob(call.as_bytes(), row.name.as_bytes()) } else { row.name.contains(call) }
    };
    let several: Vec<&Row> = syscalls::rows().iter().filter(is_meant).collect();
    if !several.is_empty() && !call.is_empty() {
        return Ok(Found::Several(several));
    }
    Err({
        let near = nearest(call, syscalls::rows().iter().map(|row| row.name));
        let near = near.map_or(String::new(), |near| format!("; the nearest name is `{near}`"));
        format!("the table has no call `{call}`{near}")
    })
}

/// Whether a name matches a pattern: `*` is any text, `?` any character.
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => (0..=name.len()).any(|at| glob(rest, &name[at..])),
        (Some((b'?', rest)), Some((_, behind))) => glob(rest, behind),
        (Some((wanted, rest)), Some((found, behind))) => wanted == found && glob(rest, behind),
        (None, Some(_)) | (Some(_), None) => false,
    }
}
