//! Reading pages of a regular file that are not in the page cache. Made for `compare` and `mixed-slow`.
//!
//! Before each turn, outside of the time taken, the file's pages are dropped. The file has more pages than a batch has
//! calls and read-ahead is off, so no read of a turn finds the page of another.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;

use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};

use super::{Batch, Workload, scratch};
use crate::call::RawCall;
use crate::compare::batch_calls;

const READ_BYTES: u32 = 4096;

/// `pread64` of 4 KiB, each of a page that storage has.
#[derive(Debug)]
pub struct PreadCold {
    file: File,
    pages: u32,
    /// One buffer for each call in flight, one behind the other.
    buffers: Vec<u8>,
}

impl PreadCold {
    /// Writes the file, to storage too, since a page that is not written back cannot be dropped.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn prepare(depth: usize) -> io::Result<PreadCold> {
        let mut file = tempfile::tempfile_in(scratch::folder()?)?;
        let pages = (2 * batch_calls(depth)).next_power_of_two();
        file.write_all(&vec![b'x'; pages * READ_BYTES as usize])?;
        file.sync_all()?;
        posix_fadvise(&file, 0, 0, PosixFadviseAdvice::POSIX_FADV_RANDOM)?;
        let pages = u32::try_from(pages).map_err(io::Error::other)?;
        Ok(PreadCold { file, pages, buffers: vec![0; depth * READ_BYTES as usize] })
    }
}

impl Workload for PreadCold {
    fn note(&self) -> String {
        let (mib, file_system) = ((self.pages * READ_BYTES) >> 20, scratch::file_system(&self.file));
        format!(
            "4 KiB reads of a {mib} MiB file on {file_system}, dropped from the page cache before each turn"
        )
    }

    fn batch(&mut self, count: usize) -> Batch<'_> {
        let file = self.file.as_fd();
        let buffers = Cell::from_mut(&mut self.buffers[..]).as_slice_of_cells();
        let calls = buffers.chunks(READ_BYTES as usize).cycle().zip(scratch::scattered(self.pages));
        let read = |(buffer, page)| RawCall::pread(file, buffer, page * READ_BYTES);
        Batch::cold(calls.take(count).map(read).collect(), file)
    }
}

#[test]
fn each_read_of_a_batch_is_of_a_page_of_its_own() {
    for depth in [1, 100, 1024] {
        let mut workload = PreadCold::prepare(depth).unwrap();
        let count = batch_calls(depth);
        let mut offsets: Vec<u64> = workload.batch(count).iter().map(|call| call.args()[3]).collect();
        offsets.sort_unstable();
        offsets.dedup();
        assert_eq!(offsets.len(), count, "depth {depth}");
    }
}
