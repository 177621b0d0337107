//! Files that all rings use.

use std::ffi::CString;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;

use super::bytes::Bytes;

/// A file with known bytes, and one to lock.
#[derive(Debug)]
pub(super) struct Scratch {
    pub(super) file: Arc<File>,
    pub(super) path: CString,
    pub(super) bytes: Bytes,
    pub(super) lock: PathBuf,
    _folder: TempDir,
}

impl Scratch {
    /// Size of the file.
    pub(super) const BYTES: usize = 64 << 10;

    pub(super) fn new(seed: u64) -> io::Result<Scratch> {
        let folder = tempfile::tempdir()?;
        let bytes = Bytes { seed };
        let (data, lock) = (folder.path().join("data"), folder.path().join("lock"));
        fs::write(&data, bytes.part(0, Scratch::BYTES))?;
        fs::write(&lock, [])?;
        let path = CString::new(data.as_os_str().as_bytes())?;
        Ok(Scratch { file: Arc::new(File::open(&data)?), path, bytes, lock, _folder: folder })
    }
}
