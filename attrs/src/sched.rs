//! SCHED: the scheduling policy of the thread, for this call.

use syslet_abi::{AttributeId, Status};

use crate::acting;
use crate::action::Action;
use crate::attribute::{Attribute, CallFacts, Needs, Observed, Plan, Token};
use crate::field::u64_at;
use crate::scheduling::{Policy, read};

/// The SCHED attribute. It is asked with [`Scheduling::payload`](crate::Scheduling::payload), and answers with the policy in force, as a 64-bit
/// number.
#[derive(Clone, Copy, Debug)]
pub struct Sched;

impl Sched {
    /// Reads a returned value.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Policy> {
        u64_at(value, 0).and_then(|policy| u32::try_from(policy).ok()).map(Policy)
    }
}

impl Attribute for Sched {
    fn id(&self) -> AttributeId {
        AttributeId::SCHED
    }

    fn name(&self) -> &'static str {
        "sched"
    }

    fn check(&self, payload: &[u8], _call: &CallFacts) -> Result<Plan, Status> {
        read(payload).ok_or(Status::INVALID)?;
        Ok(acting::plan(Needs::OWN_THREAD, 8))
    }

    fn action(&self, payload: &[u8]) -> Option<Action> {
        read(payload).map(Action::SetScheduling)
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
