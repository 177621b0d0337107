//! The bytes that a call moved, as far as a checksum knows them.

/// How many bytes were moved, and their CRC-32C (Castagnoli, as iSCSI and ext4 use it).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Transferred {
    /// How many.
    pub bytes: u64,
    /// Of all of them in order; 0 of none.
    pub crc32c: u32,
}

impl Transferred {
    /// The same with more bytes behind them.
    #[must_use]
    pub fn then(self, more: &[u8]) -> Transferred {
        Transferred {
            bytes: self.bytes + more.len() as u64,
            crc32c: crc32c::crc32c_append(self.crc32c, more),
        }
    }
}
