//! SCHED: the scheduling policy of the thread, for this call.

use syslet_abi::AttributeId;

use crate::acting::Acts;
use crate::action::Action;
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

impl Acts for Sched {
    const ID: AttributeId = AttributeId::SCHED;
    const NAME: &'static str = "sched";
    const ANSWERS: bool = true;

    fn read(payload: &[u8]) -> Option<Action> {
        read(payload).map(Action::SetScheduling)
    }
}
