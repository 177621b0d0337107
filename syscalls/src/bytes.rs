//! Native-endian numbers in memory that may end before them. The rules of lengths and the readers of structures call
//! these.

/// Whether `extent` bytes from `at` lie inside `len`.
pub(crate) fn fits(at: usize, extent: usize, len: usize) -> bool {
    at.checked_add(extent).is_some_and(|end| end <= len)
}

/// A native-endian 64-bit number at `at`, if it lies inside.
pub(crate) fn u64_in(bytes: &[u8], at: usize) -> Option<u64> {
    let raw = bytes.get(at..at.checked_add(8)?)?;
    raw.try_into().ok().map(u64::from_ne_bytes)
}

/// A native-endian 32-bit number at `at`, if it lies inside.
pub(crate) fn u32_in(bytes: &[u8], at: usize) -> Option<u32> {
    let raw = bytes.get(at..at.checked_add(4)?)?;
    raw.try_into().ok().map(u32::from_ne_bytes)
}
