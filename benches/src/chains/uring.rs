//! io_uring: open, statx, read and close of one file as a chain of linked entries, the file in a direct descriptor.
#![allow(unsafe_code, reason = "hands addresses to the kernel")]

use std::sync::Arc;

use ::io_uring::squeue::{Entry, Flags};
use ::io_uring::{IoUring, opcode, types};

use super::Doer;
use super::files::Files;

/// Chains in flight at once, each with a direct descriptor.
const DEPTH: u32 = 128;
/// Entries of a chain.
const LINKS: usize = 4;

/// One ring.
pub(super) struct Linked {
    ring: IoUring,
    files: Arc<Files>,
    /// One for each chain in flight: for what statx says, and what is read.
    buffers: Vec<(Box<libc::statx>, Vec<u8>)>,
}

impl Linked {
    pub(super) fn prepare(files: Arc<Files>) -> Result<Linked, String> {
        let entries = DEPTH * u32::try_from(LINKS).unwrap_or(4);
        let ring = IoUring::builder()
            .setup_single_issuer()
            .build(entries)
            .map_err(|error| format!("io_uring_setup: {error}"))?;
        ring.submitter()
            .register_files_sparse(DEPTH)
            .map_err(|error| format!("direct descriptors: {error}"))?;
        // SAFETY: zeros are such a structure.
        let about = || Box::new(unsafe { std::mem::zeroed::<libc::statx>() });
        let buffers = (0..DEPTH).map(|_| (about(), vec![0; files.bytes])).collect();
        Ok(Linked { ring, files, buffers })
    }

    fn chain(&mut self, slot: usize, piece: usize) -> Result<[Entry; LINKS], String> {
        let number = u32::try_from(slot).map_err(|error| error.to_string())?;
        let direct =
            types::DestinationSlot::try_from_slot_target(number).map_err(|_| "no slot".to_owned())?;
        let path = self.files.paths[piece].as_ptr();
        let (about, buffer) = &mut self.buffers[slot];
        let about: *mut libc::statx = &raw mut **about;
        let bytes = u32::try_from(self.files.bytes).map_err(|error| error.to_string())?;
        let at = types::Fd(libc::AT_FDCWD);
        let open = opcode::OpenAt::new(at, path).flags(libc::O_RDONLY).file_index(Some(direct));
        let statx = opcode::Statx::new(at, path, about.cast()).mask(libc::STATX_SIZE);
        let read = opcode::Read::new(types::Fixed(number), buffer.as_mut_ptr(), bytes);
        let close = opcode::Close::new(types::Fixed(number));
        let linked = |entry: Entry| entry.flags(Flags::IO_LINK);
        let last = close.build().user_data(2);
        Ok([linked(open.build()), linked(statx.build()), linked(read.build()).user_data(1), last])
    }
}

impl Doer for Linked {
    fn turn(&mut self) -> Result<u64, String> {
        let mut moved = 0;
        let pieces: Vec<usize> = (0..self.files.paths.len()).collect();
        for window in pieces.chunks(DEPTH as usize) {
            for (slot, piece) in window.iter().enumerate() {
                let chain = self.chain(slot, *piece)?;
                // SAFETY: paths, structures and buffers outlive the window, which is waited for below.
                unsafe { self.ring.submission().push_multiple(&chain) }.map_err(|error| error.to_string())?;
            }
            let mut left = window.len() * LINKS;
            let mut failed = None;
            while left > 0 {
                self.ring.submit_and_wait(left).map_err(|error| error.to_string())?;
                for done in self.ring.completion() {
                    left -= 1;
                    match u64::try_from(done.result()) {
                        Ok(read) => moved += if done.user_data() == 1 { read } else { 0 },
                        Err(_) => failed = Some(done.result()),
                    }
                }
            }
            if let Some(failed) = failed {
                return Err(format!("an entry has failed: {failed}"));
            }
        }
        Ok(moved)
    }

    fn settings(&self) -> String {
        format!("SINGLE_ISSUER, four linked entries a file, {DEPTH} chains by one io_uring_enter")
    }
}

impl std::fmt::Debug for Linked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Linked").field("files", &self.files.paths.len()).finish_non_exhaustive()
    }
}
