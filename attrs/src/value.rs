//! Values as bytes: numbers in the machine's byte order, one behind the other.

/// The 64-bit number at `at`, if it lies inside.
pub(crate) fn word(value: &[u8], at: usize) -> Option<u64> {
    value.get(at..at + 8)?.try_into().ok().map(u64::from_ne_bytes)
}

/// The 32-bit number at `at`, if it lies inside.
pub(crate) fn half(value: &[u8], at: usize) -> Option<u32> {
    value.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes)
}

/// Writes 64-bit numbers from `at`.
pub(crate) fn put_words(value: &mut [u8], at: usize, words: &[u64]) {
    for (to, word) in value[at..at + 8 * words.len()].chunks_exact_mut(8).zip(words) {
        to.copy_from_slice(&word.to_ne_bytes());
    }
}

/// Writes 32-bit numbers from `at`.
pub(crate) fn put_halves(value: &mut [u8], at: usize, halves: &[u32]) {
    for (to, half) in value[at..at + 4 * halves.len()].chunks_exact_mut(4).zip(halves) {
        to.copy_from_slice(&half.to_ne_bytes());
    }
}
