//! Files to work with; they go when the work is over.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt as _;

use tempfile::TempDir;

use crate::workload::scratch;

/// Files of one size in one folder.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) paths: Vec<CString>,
    /// Of each of them.
    pub(super) bytes: usize,
    _folder: TempDir,
}

impl Files {
    /// Makes `count` files of `bytes` bytes each.
    pub(super) fn make(count: usize, bytes: usize) -> io::Result<Files> {
        let folder = TempDir::new_in(scratch::folder()?)?;
        let content: Vec<u8> = (0..bytes).map(|at| at.to_le_bytes()[0]).collect();
        let paths = (0..count).map(|number| {
            let path = folder.path().join(number.to_string());
            std::fs::write(&path, &content)?;
            CString::new(path.as_os_str().as_bytes()).map_err(io::Error::other)
        });
        let paths = paths.collect::<io::Result<_>>()?;
        Ok(Files { paths, bytes, _folder: folder })
    }
}
