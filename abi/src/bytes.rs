//! Native-endian numbers at byte offsets, and the compile-time proof of the offsets. Views and emitters call these. A
//! view has checked its bounds before; beyond them these panic rather than misread.

#[inline]
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    let mut raw = [0; 2];
    raw.copy_from_slice(&bytes[at..at + 2]);
    u16::from_ne_bytes(raw)
}

#[inline]
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut raw = [0; 4];
    raw.copy_from_slice(&bytes[at..at + 4]);
    u32::from_ne_bytes(raw)
}

#[inline]
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut raw = [0; 8];
    raw.copy_from_slice(&bytes[at..at + 8]);
    u64::from_ne_bytes(raw)
}

#[inline]
pub(crate) fn put(bytes: &mut [u8], at: usize, raw: &[u8]) {
    bytes[at..at + raw.len()].copy_from_slice(raw);
}

/// `bytes` rounded up to the next multiple of 8, the unit of every length in a record.
#[must_use]
pub const fn padded(bytes: usize) -> usize {
    bytes.next_multiple_of(8)
}

/// A length as the 32 bits that records carry. An emitter meets only lengths below its limits.
pub(crate) fn len32(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

pub(crate) fn all_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|&byte| byte == 0)
}

/// Whether fields of `(offset, bytes)` stand one behind the other from `start` to `end`, each aligned to its size.
pub(crate) const fn tiles(start: usize, fields: &[(usize, usize)], end: usize) -> bool {
    let (mut at, mut index) = (start, 0);
    while index < fields.len() {
        let (offset, bytes) = fields[index];
        if offset != at || !offset.is_multiple_of(bytes) {
            return false;
        }
        at += bytes;
        index += 1;
    }
    at == end
}

const _: () = assert!(tiles(0, &[(0, 4), (4, 2), (6, 2)], 8));
const _: () = assert!(!tiles(0, &[(0, 4), (4, 2)], 8), "a hole at the end");
const _: () = assert!(!tiles(0, &[(0, 4), (2, 2), (6, 2)], 8), "an overlap");
const _: () = assert!(!tiles(4, &[(4, 8)], 12), "a misaligned field");
