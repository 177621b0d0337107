//! Bytes as a C string shows them.

/// The bytes between quotes, escaped so that a script reads the same bytes back.
pub(crate) fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for (index, &byte) in bytes.iter().enumerate() {
        match byte {
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            b'\r' => text.push_str("\\r"),
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            0x20..=0x7e => text.push(char::from(byte)),
            _ if bytes.get(index + 1).is_some_and(|next| (b'0'..=b'7').contains(next)) => {
                text.push_str(&format!("\\{byte:03o}"));
            }
            _ => text.push_str(&format!("\\{byte:o}")),
        }
    }
    text
}

/// A quoted string of at most `bytes_max` bytes, `...` behind it when there are more.
pub(crate) fn quoted(bytes: &[u8], bytes_max: usize) -> String {
    let shown = &bytes[..bytes.len().min(bytes_max)];
    let more = if shown.len() < bytes.len() { "..." } else { "" };
    format!("\"{}\"{more}", escaped(shown))
}
