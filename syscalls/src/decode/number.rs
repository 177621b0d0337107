//! Numbers without names. Every other part of the decoder prints its plain numbers by these.

/// The bits that the kernel takes of an int, as a signed number.
#[allow(clippy::cast_possible_truncation, reason = "the kernel takes the low 32 bits")]
pub(super) fn int(value: u64) -> i32 {
    (value as u32).cast_signed()
}

/// The bits that the kernel takes of an unsigned int.
pub(super) fn uint(value: u64) -> u32 {
    int(value).cast_unsigned()
}

/// Octal, with C's leading zero and three digits at least.
pub(super) fn octal(value: u64) -> String {
    format!("0{value:02o}")
}

/// Hex; zero is `0`.
pub(super) fn hex(value: u64) -> String {
    if value == 0 { "0".to_owned() } else { format!("{value:#x}") }
}

/// An address, or NULL.
pub(super) fn address(value: u64) -> String {
    if value == 0 { "NULL".to_owned() } else { format!("{value:#x}") }
}
