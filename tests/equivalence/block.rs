//! Memory that a call is given by address inside of other memory, and what the call has changed in it.

/// Short blocks lie in one page always: some calls count pages.
const ALIGNMENT: usize = 64;

/// Bytes at a fixed address.
pub(crate) struct Block {
    memory: Box<[u8]>,
    skipped: usize,
    before: Vec<u8>,
}

impl Block {
    pub(crate) fn new(bytes: &[u8]) -> Block {
        let mut memory = vec![0; bytes.len() + ALIGNMENT].into_boxed_slice();
        let start = memory.as_mut_ptr().expose_provenance();
        let skipped = start.next_multiple_of(ALIGNMENT) - start;
        memory[skipped..skipped + bytes.len()].copy_from_slice(bytes);
        Block { memory, skipped, before: bytes.to_vec() }
    }

    pub(crate) fn address(&mut self) -> u64 {
        (self.memory.as_mut_ptr().expose_provenance() + self.skipped) as u64
    }

    fn now(&self) -> &[u8] {
        &self.memory[self.skipped..self.skipped + self.before.len()]
    }

    /// Remembers the bytes as they are.
    pub(crate) fn snapshot(&mut self) {
        self.before = self.now().to_vec();
    }

    /// Bytes that are not as remembered, and where.
    pub(crate) fn changed(&self) -> Vec<(usize, u8)> {
        let pairs = self.now().iter().zip(&self.before).enumerate();
        pairs.filter(|(_, (now, before))| now != before).map(|(at, (now, _))| (at, *now)).collect()
    }
}
