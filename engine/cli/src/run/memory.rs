//! Memory that is passed by its address: buffers of the script, and memory that the table does not describe. `resolve` and
//! `submit` hold it.

use std::sync::atomic::{AtomicU64, Ordering};

/// Room behind the memory for calls that write more than the script gives them.
const ROOM_BYTES: usize = 4096;

/// Zeroed memory that stays where it is. The kernel may write it at any time, so it consists of atomics.
#[derive(Debug)]
pub(crate) struct Block {
    words: Box<[AtomicU64]>,
    bytes: usize,
}

impl Block {
    /// Nothing when there is no memory.
    pub(crate) fn zeroed(bytes: usize) -> Option<Block> {
        // The zeros are the kernel's: pages that no call touches are not resident.
        let words = bytemuck::try_zeroed_slice_box((bytes + ROOM_BYTES).div_ceil(8)).ok()?;
        Some(Block { words, bytes })
    }

    /// Memory that begins with `bytes`.
    pub(crate) fn holding(bytes: &[u8]) -> Option<Block> {
        let block = Block::zeroed(bytes.len())?;
        for (word, chunk) in block.words.iter().zip(bytes.chunks(8)) {
            let mut whole = [0; 8];
            whole[..chunk.len()].copy_from_slice(chunk);
            word.store(u64::from_ne_bytes(whole), Ordering::Relaxed);
        }
        Some(block)
    }

    pub(crate) fn address(&self) -> u64 {
        self.words.as_ptr().expose_provenance() as u64
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes
    }

    /// The `len` bytes from `at`, if they lie inside.
    pub(crate) fn read(&self, at: usize, len: usize) -> Option<Vec<u8>> {
        let end = at.checked_add(len).filter(|&end| end <= self.bytes)?;
        let words = &self.words[at / 8..end.div_ceil(8)];
        let bytes: Vec<u8> =
            words.iter().flat_map(|word| word.load(Ordering::Relaxed).to_ne_bytes()).collect();
        Some(bytes[at % 8..at % 8 + len].to_vec())
    }
}
