//! Reading pages of a regular file that are in the page cache.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::AsFd;

use super::{Workload, scratch};
use crate::call::RawCall;

const READ_BYTES: usize = 4096;
const PAGES: u32 = 256;
/// Steps through all pages, each once, in no order that read-ahead or a prefetcher knows.
const PAGE_STEP: u32 = 101;

/// `pread64` of 4 KiB at varying offsets.
#[derive(Debug)]
pub struct PreadCached {
    file: File,
    /// One buffer for each call in flight.
    buffers: Vec<[u8; READ_BYTES]>,
}

impl PreadCached {
    /// Writes the file, to storage too so that no write-back disturbs, and reads it once.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn prepare(depth: usize) -> io::Result<PreadCached> {
        let mut file = tempfile::tempfile_in(scratch::folder()?)?;
        let mut bytes = vec![b'x'; READ_BYTES * PAGES as usize];
        file.write_all(&bytes)?;
        file.sync_all()?;
        file.rewind()?;
        file.read_exact(&mut bytes)?;
        Ok(PreadCached { file, buffers: vec![[0; READ_BYTES]; depth] })
    }
}

impl Workload for PreadCached {
    fn note(&self) -> String {
        format!("4 KiB reads of a cached 1 MiB file on {}", scratch::file_system(&self.file))
    }

    fn batch(&mut self, count: usize) -> Vec<RawCall<'_>> {
        let file = self.file.as_fd();
        let buffers: Vec<&[Cell<u8>]> = self
            .buffers
            .iter_mut()
            .map(|buffer| Cell::from_mut(&mut buffer[..]).as_slice_of_cells())
            .collect();
        let pages = (0..PAGES).cycle().step_by(PAGE_STEP as usize);
        let calls = buffers.into_iter().cycle().zip(pages);
        calls.take(count).map(|(buffer, page)| RawCall::pread(file, buffer, page * 4096)).collect()
    }
}

#[test]
fn a_batch_reads_every_page_before_it_reads_one_twice() {
    let mut workload = PreadCached::prepare(3).unwrap();
    let batch = workload.batch(PAGES as usize);
    let mut offsets: Vec<u64> = batch.iter().map(|call| call.args()[3]).collect();
    assert_ne!(offsets[1], offsets[0] + 4096, "not in order");
    offsets.sort_unstable();
    offsets.dedup();
    assert_eq!(offsets.len(), PAGES as usize);
}

#[test]
fn calls_in_flight_together_have_buffers_of_their_own() {
    let mut workload = PreadCached::prepare(3).unwrap();
    let buffers: Vec<u64> = workload.batch(9).iter().map(|call| call.args()[1]).collect();
    assert!(buffers.windows(3).all(|w| w[0] != w[1] && w[1] != w[2] && w[0] != w[2]), "{buffers:?}");
    assert_eq!(buffers[0], buffers[3], "and no more buffers than that");
}
