//! Numbers in payloads and values, in the machine's byte order, and the rule by which payloads grow. The file of each
//! attribute reads and writes its bytes with these.

use syslet_abi::Status;

/// The first `known` bytes of a payload: the fields that this version knows. A later version adds fields at the end,
/// and zero in them means "as before".
///
/// # Errors
/// INVALID when the payload is shorter than `known` bytes, or has a byte behind them that is not zero.
pub fn known_part(payload: &[u8], known: usize) -> Result<&[u8], Status> {
    match payload.split_at_checked(known) {
        Some((head, tail)) if tail.iter().all(|&byte| byte == 0) => Ok(head),
        _ => Err(Status::INVALID),
    }
}

/// The 16-bit number at offset `at`; none when `bytes` ends before its end.
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_ne_bytes)
}

/// The 32-bit number at offset `at`; none when `bytes` ends before its end.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes)
}

/// The 64-bit number at offset `at`; none when `bytes` ends before its end.
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at + 8)?.try_into().ok().map(u64::from_ne_bytes)
}

/// Writes 32-bit numbers from offset `at`, one behind the other. Panics when `value` is too short.
pub(crate) fn put_u32s(value: &mut [u8], at: usize, numbers: &[u32]) {
    for (to, number) in value[at..at + 4 * numbers.len()].chunks_exact_mut(4).zip(numbers) {
        to.copy_from_slice(&number.to_ne_bytes());
    }
}

/// Writes 64-bit numbers from offset `at`, one behind the other. Panics when `value` is too short.
pub(crate) fn put_u64s(value: &mut [u8], at: usize, numbers: &[u64]) {
    for (to, number) in value[at..at + 8 * numbers.len()].chunks_exact_mut(8).zip(numbers) {
        to.copy_from_slice(&number.to_ne_bytes());
    }
}

/// The 8 bytes of two 32-bit numbers.
pub(crate) fn u32_pair(first: u32, second: u32) -> [u8; 8] {
    let mut bytes = [0; 8];
    put_u32s(&mut bytes, 0, &[first, second]);
    bytes
}

/// The 16 bytes of a 64-bit number, a 32-bit number and four zeros.
pub(crate) fn u64_and_u32(first: u64, second: u32) -> [u8; 16] {
    let mut bytes = [0; 16];
    put_u64s(&mut bytes, 0, &[first]);
    put_u32s(&mut bytes, 8, &[second]);
    bytes
}
