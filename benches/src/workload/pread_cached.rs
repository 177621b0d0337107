//! Reading pages of a regular file that are in the page cache.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::AsFd;

use super::{Batch, Workload, scratch};
use crate::call::RawCall;

const FILE_BYTES: u32 = 1 << 20;

/// `pread64` of as many bytes at varying offsets.
#[derive(Debug)]
pub struct PreadCached {
    file: File,
    read_bytes: u32,
    /// One buffer for each call in flight, one behind the other.
    buffers: Vec<u8>,
}

impl PreadCached {
    /// Writes the file, to storage too so that no write-back disturbs, and reads it once. `read_bytes` is a power of two.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn prepare(depth: usize, read_bytes: u32) -> io::Result<PreadCached> {
        let mut file = tempfile::tempfile_in(scratch::folder()?)?;
        let mut bytes = vec![b'x'; FILE_BYTES as usize];
        file.write_all(&bytes)?;
        file.sync_all()?;
        file.rewind()?;
        file.read_exact(&mut bytes)?;
        Ok(PreadCached { file, read_bytes, buffers: vec![0; depth * read_bytes as usize] })
    }
}

impl Workload for PreadCached {
    fn note(&self) -> String {
        let (kib, file_system) = (self.read_bytes >> 10, scratch::file_system(&self.file));
        format!("{kib} KiB reads of a cached 1 MiB file on {file_system}")
    }

    fn batch(&mut self, count: usize) -> Batch<'_> {
        let (file, read_bytes) = (self.file.as_fd(), self.read_bytes);
        let buffers = Cell::from_mut(&mut self.buffers[..]).as_slice_of_cells();
        let buffers = buffers.chunks(read_bytes as usize).cycle();
        let calls = buffers.zip(scratch::scattered(FILE_BYTES / read_bytes));
        let read = |(buffer, piece)| RawCall::pread(file, buffer, piece * read_bytes);
        Batch::from(calls.take(count).map(read).collect::<Vec<_>>())
    }
}

#[test]
fn a_batch_reads_every_page_before_it_reads_one_twice() {
    for read_bytes in [4 << 10, 64 << 10] {
        let mut workload = PreadCached::prepare(3, read_bytes).unwrap();
        let pieces = (FILE_BYTES / read_bytes) as usize;
        let batch = workload.batch(pieces);
        assert!(batch.iter().all(|call| call.expected() == i64::from(read_bytes)));
        let mut offsets: Vec<u64> = batch.iter().map(|call| call.args()[3]).collect();
        assert_ne!(offsets[1], offsets[0] + u64::from(read_bytes), "not in order");
        offsets.sort_unstable();
        offsets.dedup();
        assert_eq!(offsets.len(), pieces);
        assert!(offsets[pieces - 1] + u64::from(read_bytes) <= u64::from(FILE_BYTES));
    }
}

#[test]
fn calls_in_flight_together_have_buffers_of_their_own() {
    let mut workload = PreadCached::prepare(3, 4096).unwrap();
    let buffers: Vec<u64> = workload.batch(9).iter().map(|call| call.args()[1]).collect();
    assert!(buffers.windows(3).all(|w| w[0] != w[1] && w[1] != w[2] && w[0] != w[2]), "{buffers:?}");
    assert_eq!(buffers[0], buffers[3], "and no more buffers than that");
}
