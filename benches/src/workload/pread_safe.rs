//! Reading cached pages as safe code does: a lent file, and the bytes in the completion. Made for `compare`.
//!
//! The application looks at the first bytes of each read where they lie. A peer's lie in its buffer, an engine's in the
//! completion; whatever copying that takes is the contender's own.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::sync::Arc;

use super::{Batch, Workload, scratch};
use crate::call::{Lent, RawCall};

const READ_BYTES: u32 = 4096;
const PAGES: u32 = 256;

/// `pread64` of 4 KiB at varying offsets.
#[derive(Debug)]
pub struct PreadSafe {
    file: Arc<File>,
    /// One for each call in flight.
    lent: Vec<Lent>,
}

impl PreadSafe {
    /// Writes the file, to storage too so that no write-back disturbs, and reads it once.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn prepare(depth: usize) -> io::Result<PreadSafe> {
        let mut file = tempfile::tempfile_in(scratch::folder()?)?;
        let page = |page: u32| {
            let mut bytes = vec![b'x'; READ_BYTES as usize];
            bytes[..8].copy_from_slice(&u64::from(page * READ_BYTES).to_ne_bytes());
            bytes
        };
        let mut bytes: Vec<u8> = (0..PAGES).flat_map(page).collect();
        file.write_all(&bytes)?;
        file.sync_all()?;
        file.rewind()?;
        file.read_exact(&mut bytes)?;
        let file = Arc::new(file);
        let lent = || Lent { file: Arc::clone(&file), buffer: vec![Cell::new(0); READ_BYTES as usize] };
        Ok(PreadSafe { lent: (0..depth).map(|_| lent()).collect(), file })
    }
}

impl Workload for PreadSafe {
    fn note(&self) -> String {
        let file_system = scratch::file_system(&*self.file);
        format!(
            "4 KiB reads of a cached 1 MiB file on {file_system}; engines lend the file and read into the completion, each \
             contender looks at the first bytes where they lie"
        )
    }

    fn batch(&mut self, count: usize) -> Batch<'_> {
        let calls = self.lent.iter().cycle().zip(scratch::scattered(PAGES));
        let read = |(lent, page)| RawCall::pread_lent(lent, page * READ_BYTES);
        Batch::from(calls.take(count).map(read).collect::<Vec<_>>())
    }
}
