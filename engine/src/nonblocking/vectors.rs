//! What is left of a vector of buffers after its first bytes are done.

use crate::nonblocking::memory::Memory;

/// The most bytes that one call moves, whatever it is asked: INT_MAX without its last page.
pub(crate) const TRANSFER_MAX: u64 = 0x7fff_f000;

/// How many bytes a vector asks for, as the kernel counts them.
pub(crate) fn total(memory: Memory, vec: u64, count: u64) -> u64 {
    let sum = memory.entries(vec, count).fold(0u64, |sum, [_, len]| sum.saturating_add(len));
    sum.min(TRANSFER_MAX)
}

/// The vector without its first `done` bytes, and with no more than one call would have moved.
pub(crate) fn rest(memory: Memory, vec: u64, count: u64, done: u64) -> Vec<[u64; 2]> {
    let mut skip = done;
    let mut room = TRANSFER_MAX.saturating_sub(done);
    let mut rest = Vec::new();
    for [at, len] in memory.entries(vec, count) {
        let skipped = skip.min(len);
        skip -= skipped;
        let taken = (len - skipped).min(room);
        room -= taken;
        if taken > 0 {
            rest.push([at + skipped, taken]);
        }
    }
    rest
}
