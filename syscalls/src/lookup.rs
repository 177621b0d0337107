//! The row of a number or of a name. Admission looks a call up here once; the decoder and the command do by name, too.

use std::sync::LazyLock;

use crate::row::Row;
use crate::table::ROWS;

/// Numbers above this have no row.
const NUMBERS_MAX: usize = 512;
/// Marks a number without a row.
const NONE: u16 = u16::MAX;

/// Position in the table by number on this architecture.
static BY_NUMBER: [u16; NUMBERS_MAX] = index();

#[allow(clippy::cast_possible_truncation, reason = "the table is shorter than NONE, asserted below")]
const fn index() -> [u16; NUMBERS_MAX] {
    let mut index = [NONE; NUMBERS_MAX];
    let mut at = 0;
    while at < ROWS.len() {
        if let Some(number) = ROWS[at].numbers.here() {
            assert!(index[number as usize] == NONE, "two rows have the same number");
            index[number as usize] = at as u16;
        }
        at += 1;
    }
    index
}

const _: () = assert!(ROWS.len() < NONE as usize);

/// The row of a call number on this architecture.
#[must_use]
#[inline]
pub fn row(nr: u32) -> Option<&'static Row> {
    let at = *BY_NUMBER.get(nr as usize)?;
    ROWS.get(usize::from(at))
}

/// Set in a number of the x32 interface.
const FOREIGN_BIT: u32 = if cfg!(target_arch = "x86_64") { 0x4000_0000 } else { 0 };

/// Whether the number belongs to another system call interface than this architecture's own.
#[must_use]
#[inline]
pub const fn is_foreign(nr: u32) -> bool {
    nr > i32::MAX.cast_unsigned() || nr & FOREIGN_BIT != 0
}

/// The answer of [`Row::is_safe`] for each number: safe code needs it for every call.
static SAFE: LazyLock<[bool; NUMBERS_MAX]> = LazyLock::new(|| {
    std::array::from_fn(|nr| u32::try_from(nr).ok().and_then(row).is_some_and(Row::is_safe))
});

/// [`Row::is_safe`], computed once for all rows.
#[inline]
pub(crate) fn is_safe(row: &Row) -> bool {
    let known = row.numbers.here().and_then(|nr| SAFE.get(usize::from(nr)));
    known.map_or_else(|| row.is_safe(), |is_safe| *is_safe)
}

/// The row of that name.
#[must_use]
pub fn row_by_name(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == name)
}

/// All rows, in the table's order.
#[must_use]
pub fn rows() -> &'static [Row] {
    ROWS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_a_number_is_what_its_row_says() {
        for row in ROWS {
            assert_eq!(is_safe(row), row.is_safe(), "{}", row.name);
        }
    }
}
