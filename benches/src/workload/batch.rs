//! The calls that a workload gives, and what has to be done before they are made again; for the turns.

use std::ops::Deref;
use std::os::fd::BorrowedFd;

use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};

use crate::call::RawCall;

/// Calls to be made over and over.
#[derive(Clone, Debug)]
pub struct Batch<'a> {
    calls: Vec<RawCall<'a>>,
    /// A file whose pages must not be in memory when the calls are made.
    cold: Option<BorrowedFd<'a>>,
}

impl<'a> From<Vec<RawCall<'a>>> for Batch<'a> {
    fn from(calls: Vec<RawCall<'a>>) -> Batch<'a> {
        Batch { calls, cold: None }
    }
}

impl<'a> Batch<'a> {
    /// Reads of a file that has nothing to be written back; each page is read once.
    #[must_use]
    pub fn cold(calls: Vec<RawCall<'a>>, file: BorrowedFd<'a>) -> Batch<'a> {
        Batch { calls, cold: Some(file) }
    }

    /// Whether the calls may be made only once before [`Batch::renew`].
    #[must_use]
    pub fn is_once(&self) -> bool {
        self.cold.is_some()
    }

    /// Makes the world again as it is before the calls. Not part of the work.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn renew(&self) -> Result<(), String> {
        let Some(file) = self.cold else { return Ok(()) };
        posix_fadvise(file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED)
            .map_err(|error| format!("dropping pages: {error}"))
    }
}

impl<'a> Deref for Batch<'a> {
    type Target = [RawCall<'a>];

    fn deref(&self) -> &[RawCall<'a>] {
        &self.calls
    }
}
