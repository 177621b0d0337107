//! AFFINITY: the CPUs that the call may run on.

use syslet_abi::{AttributeId, Status};

use crate::acting;
use crate::action::Action;
use crate::attribute::{Attribute, CallFacts, Needs, Observed, Plan, Token};
use crate::cpu_mask::read;
use crate::field::u64_at;

/// The AFFINITY attribute. It is asked with [`CpuMask::payload`](crate::CpuMask::payload), and answers with the number of CPUs that the thread
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
