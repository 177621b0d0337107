//! Looking up a path and asking for the attributes of what it names.

use std::cell::Cell;
use std::ffi::CString;
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;

use tempfile::NamedTempFile;

use super::{Batch, Workload, scratch};
use crate::call::RawCall;

/// `statx` of one existing file.
pub struct Statx {
    path: CString,
    /// One structure for each call in flight.
    answers: Vec<MaybeUninit<libc::statx>>,
    /// Also keeps the file in being.
    file: NamedTempFile,
}

impl Statx {
    /// Makes the file.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn prepare(depth: usize) -> io::Result<Statx> {
        let file = NamedTempFile::new_in(scratch::folder()?)?;
        let path = CString::new(file.path().as_os_str().as_bytes())?;
        Ok(Statx { path, answers: vec![MaybeUninit::uninit(); depth], file })
    }
}

impl std::fmt::Debug for Statx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Statx").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Workload for Statx {
    fn note(&self) -> String {
        let parts = self.path.to_bytes().iter().filter(|&&byte| byte == b'/').count();
        format!("one path of {parts} parts on {}", scratch::file_system(self.file.as_file()))
    }

    fn batch(&mut self, count: usize) -> Batch<'_> {
        let path = self.path.as_c_str();
        let answers: Vec<&Cell<MaybeUninit<libc::statx>>> =
            self.answers.iter_mut().map(Cell::from_mut).collect();
        let calls = answers.into_iter().cycle().take(count);
        Batch::from(calls.map(|answer| RawCall::statx(path, answer)).collect::<Vec<_>>())
    }
}
