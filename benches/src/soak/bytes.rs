//! Bytes that are known wherever they turn up.

/// A sequence of bytes that its seed determines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bytes {
    pub(super) seed: u64,
}

/// What stands in a buffer that no call has written.
pub(super) const BLANK: u8 = 0xA5;
const MIX: u64 = 0x9E37_79B9_7F4A_7C15;

impl Bytes {
    fn at(self, at: usize) -> u8 {
        let mixed = (self.seed ^ at as u64).wrapping_mul(MIX);
        mixed.to_be_bytes()[0]
    }

    /// `len` bytes from the one at `from`.
    pub(super) fn part(self, from: usize, len: usize) -> Vec<u8> {
        (from..from + len).map(|at| self.at(at)).collect()
    }

    /// Where `found` differs from the bytes that begin at `from`.
    pub(super) fn first_difference(self, from: usize, found: &[u8]) -> Option<usize> {
        found.iter().zip(from..).position(|(&byte, at)| byte != self.at(at))
    }
}
