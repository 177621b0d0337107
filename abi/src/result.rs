//! The raw result of a system call, and the one place where its sign is decoded. Completions carry it.

use crate::Errno;

/// The contents of the result register: −4095 to −1 is a negated errno, all else a value.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct RawResult(pub i64);

impl RawResult {
    /// The result that stands for this error.
    #[must_use]
    #[inline]
    pub const fn error(errno: Errno) -> RawResult {
        RawResult(-(errno.0 as i64))
    }

    /// The value, or the error number.
    ///
    /// # Errors
    /// The error number, when the raw result lies between −4095 and −1.
    #[allow(clippy::cast_possible_truncation, reason = "the match arm bounds it to 4095")]
    #[allow(
        clippy::cast_sign_loss,
        reason = "a result outside −4095..=−1 is 64 bits of value, an address perhaps"
    )]
    #[inline]
    pub const fn decode(self) -> Result<u64, Errno> {
        match self.0 {
            -4095..=-1 => Err(Errno(-self.0 as i32)),
            value => Ok(value as u64),
        }
    }
}
