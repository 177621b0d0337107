//! CPUs, as AFFINITY is asked for them.

use crate::payload::known_part;

/// CPUs 0 to 1023, one bit each.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CpuMask(pub [u64; CpuMask::WORDS]);

impl CpuMask {
    pub(crate) const WORDS: usize = 16;

    /// These CPUs; those from 1024 on are left out.
    #[must_use]
    pub fn of(cpus: impl IntoIterator<Item = usize>) -> CpuMask {
        let mut mask = CpuMask::default();
        for cpu in cpus {
            if let Some(word) = mask.0.get_mut(cpu / 64) {
                *word |= 1 << (cpu % 64);
            }
        }
        mask
    }

    /// What to ask with: 64-bit words, up to the last that has a bit.
    #[must_use]
    pub fn payload(&self) -> Vec<u8> {
        let words = self.0.iter().rposition(|&word| word != 0).map_or(1, |last| last + 1);
        self.0[..words].iter().flat_map(|word| word.to_ne_bytes()).collect()
    }
}

pub(crate) fn read(payload: &[u8]) -> Option<CpuMask> {
    let known = payload.len().min(8 * CpuMask::WORDS);
    let (words, []) = known_part(payload, known).ok()?.as_chunks() else { return None };
    let mut mask = CpuMask::default();
    for (to, word) in mask.0.iter_mut().zip(words) {
        *to = u64::from_ne_bytes(*word);
    }
    (mask != CpuMask::default()).then_some(mask)
}
