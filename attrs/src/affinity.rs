//! AFFINITY: the CPUs on which the call may run. The registry holds it; [`CpuMask`] is its payload.

use syslet_abi::AttributeId;

use crate::action::{Action, CpuMask};
use crate::attribute::ChangesThread;
use crate::bytes::{known_part, u64_at};

/// The AFFINITY attribute. Its payload is a [`CpuMask::payload`]. Its value is the number of CPUs on which the thread
/// may run, as a 64-bit number: the CPUs of the mask that exist and that the process may use.
#[derive(Clone, Copy, Debug)]
pub struct Affinity;

impl Affinity {
    /// Reads a returned value. A longer value, of a later version, is accepted; a shorter one is none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<u64> {
        u64_at(value, 0)
    }
}

impl CpuMask {
    /// The payload of AFFINITY: the words of the mask up to the last that is not zero, at least one.
    #[must_use]
    pub fn payload(&self) -> Vec<u8> {
        let words = self.0.iter().rposition(|&word| word != 0).map_or(1, |last| last + 1);
        self.0[..words].iter().flat_map(|word| word.to_ne_bytes()).collect()
    }

    /// Reads a payload: whole words, at least one bit, and none behind CPU 1023.
    fn parse(payload: &[u8]) -> Option<CpuMask> {
        let known = payload.len().min(8 * CpuMask::WORDS);
        let (words, []) = known_part(payload, known).ok()?.as_chunks() else { return None };
        let mut mask = CpuMask::default();
        for (to, word) in mask.0.iter_mut().zip(words) {
            *to = u64::from_ne_bytes(*word);
        }
        (mask != CpuMask::default()).then_some(mask)
    }
}

impl ChangesThread for Affinity {
    const ID: AttributeId = AttributeId::AFFINITY;
    const NAME: &'static str = "affinity";
    const ANSWERS: bool = true;

    fn read(payload: &[u8]) -> Option<Action> {
        CpuMask::parse(payload).map(Action::SetAffinity)
    }
}
