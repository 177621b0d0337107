//! Flags in words, for `Debug`.

use core::fmt::{Formatter, Result};

/// Writes `DoneFlags(NOT_RUN|CANCELLED)`: the names of the bits, from the lowest on, 0 if none is set, and those without a
/// name as a number.
pub(crate) fn write(f: &mut Formatter<'_>, flags: &str, bits: u64, names: &[&str]) -> Result {
    write!(f, "{flags}(")?;
    let mut left = bits;
    for (bit, name) in names.iter().enumerate() {
        if left & 1 << bit != 0 {
            left &= !(1 << bit);
            write!(f, "{name}{}", if left == 0 { "" } else { "|" })?;
        }
    }
    match (bits, left) {
        (0, _) => f.write_str("0)"),
        (_, 0) => f.write_str(")"),
        _ => write!(f, "{left:#x})"),
    }
}
