//! AFFINITY: the CPUs that the call may run on.

use syslet_abi::{AttributeId, Status};

use crate::acting;
use crate::action::Action;
use crate::attribute::{Attribute, CallFacts, Needs, Observed, Plan, Token};
use crate::field::u64_at;
use crate::payload::known_part;

/// The AFFINITY attribute. It is asked with [`CpuMask::payload`], and answers with the number of CPUs that the thread
/// could run on: those of the mask that the process may use, as a 64-bit number.
#[derive(Clone, Copy, Debug)]
pub struct Affinity;

impl Affinity {
    /// Reads a returned value.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<u64> {
        u64_at(value, 0)
    }
}

/// CPUs 0 to 1023, one bit each.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CpuMask(pub [u64; CpuMask::WORDS]);

impl CpuMask {
    const WORDS: usize = 16;

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

fn read(payload: &[u8]) -> Option<CpuMask> {
    let known = payload.len().min(8 * CpuMask::WORDS);
    let (words, []) = known_part(payload, known).ok()?.as_chunks() else { return None };
    let mut mask = CpuMask::default();
    for (to, word) in mask.0.iter_mut().zip(words) {
        *to = u64::from_ne_bytes(*word);
    }
    (mask != CpuMask::default()).then_some(mask)
}

impl Attribute for Affinity {
    fn id(&self) -> AttributeId {
        AttributeId::AFFINITY
    }

    fn name(&self) -> &'static str {
        "affinity"
    }

    fn check(&self, payload: &[u8], _call: &CallFacts) -> Result<Plan, Status> {
        read(payload).ok_or(Status::INVALID)?;
        Ok(acting::plan(Needs::OWN_THREAD, 8))
    }

    fn action(&self, payload: &[u8]) -> Option<Action> {
        read(payload).map(Action::SetAffinity)
    }

    fn after(
        &self,
        _payload: &[u8],
        token: Token,
        _observed: &Observed,
        value: &mut [u8],
    ) -> (Status, usize) {
        acting::answer(token, value)
    }
}
