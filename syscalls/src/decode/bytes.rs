//! Bytes between quotes. Paths, buffers and unknown structures are printed by these.

use core::fmt::Write;

/// The bytes as a C string shows them, without quotes: bytes that are not printable are escaped, in octal where C
/// has no letter for them.
#[must_use]
pub fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for (index, &byte) in bytes.iter().enumerate() {
        let digit_follows = bytes.get(index + 1).is_some_and(|next| (b'0'..=b'7').contains(next));
        match byte {
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            b'\r' => text.push_str("\\r"),
            0x0b => text.push_str("\\v"),
            0x0c => text.push_str("\\f"),
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            0x20..=0x7e => text.push(char::from(byte)),
            // With fewer digits, C would read the next one as part of the number.
            _ if digit_follows => put(&mut text, format_args!("\\{byte:03o}")),
            _ => put(&mut text, format_args!("\\{byte:o}")),
        }
    }
    text
}

/// A quoted string of at most `bytes_max` bytes, `...` behind it when there are more.
#[must_use]
pub fn quoted(bytes: &[u8], bytes_max: usize) -> String {
    let shown = &bytes[..bytes.len().min(bytes_max)];
    format!("\"{}\"{}", escaped(shown), more(bytes, shown))
}

/// The same with every byte in hex: for a structure without a known shape.
pub(super) fn in_hex(bytes: &[u8], bytes_max: usize) -> String {
    let shown = &bytes[..bytes.len().min(bytes_max)];
    let mut text = String::from("\"");
    shown.iter().for_each(|byte| put(&mut text, format_args!("\\x{byte:02x}")));
    format!("{text}\"{}", more(bytes, shown))
}

fn more(all: &[u8], shown: &[u8]) -> &'static str {
    if shown.len() < all.len() { "..." } else { "" }
}

fn put(text: &mut String, what: core::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(what);
}
