//! Memory whose address a call is given: buffers of the script, and what the table does not describe.

use std::sync::atomic::{AtomicU64, Ordering};

/// Calls that write more than was thought write into this much room behind the memory.
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
        // Nobody writes the zeros: memory that no call touches is none of the machine's.
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
