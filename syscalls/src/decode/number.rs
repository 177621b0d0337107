//! Numbers without names.

/// What the kernel sees of an int.
#[allow(clippy::cast_possible_truncation, reason = "the kernel takes the low 32 bits")]
pub(super) fn int(value: u64) -> i32 {
    (value as u32).cast_signed()
}

/// What the kernel sees of an unsigned int.
pub(super) fn uint(value: u64) -> u32 {
    int(value).cast_unsigned()
}

/// Octal, with C's leading zero and three digits at least.
pub(super) fn octal(value: u64) -> String {
    format!("0{value:02o}")
}

/// Hex, but for zero.
pub(super) fn hex(value: u64) -> String {
    if value == 0 { "0".to_owned() } else { format!("{value:#x}") }
}

/// An address, or NULL.
pub(super) fn address(value: u64) -> String {
    if value == 0 { "NULL".to_owned() } else { format!("{value:#x}") }
}
