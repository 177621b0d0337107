//! SCHED: the scheduling policy of the thread for this call. The registry holds it; [`Scheduling`] is its payload.

use syslet_abi::AttributeId;

use crate::action::{Action, Policy, Scheduling};
use crate::attribute::ChangesThread;
use crate::bytes::{known_part, u32_at, u32_pair, u64_at};

/// The SCHED attribute. Its payload is a [`Scheduling::payload`]. Its value is the policy in force, as a 64-bit number.
#[derive(Clone, Copy, Debug)]
pub struct Sched;

impl Sched {
    /// Reads a returned value. A longer value, of a later version, is accepted; a shorter one is none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Policy> {
        u64_at(value, 0).and_then(|policy| u32::try_from(policy).ok()).map(Policy)
    }
}

impl Scheduling {
    /// Size of the payload in bytes: two 32-bit numbers.
    const BYTES: usize = 8;

    /// The payload of SCHED: policy and priority.
    #[must_use]
    pub fn payload(self) -> [u8; 8] {
        u32_pair(self.policy.0, self.priority)
    }

    /// Reads a payload: a policy that has a name, and a priority in the range of that policy.
    fn parse(payload: &[u8]) -> Option<Scheduling> {
        let payload = known_part(payload, Scheduling::BYTES).ok()?;
        let (policy, priority) = (Policy(u32_at(payload, 0)?), u32_at(payload, 4)?);
        let is_known = Policy::NAMED.iter().any(|(_, known)| *known == policy);
        let is_real_time = matches!(policy, Policy::FIFO | Policy::RR);
        let fits = if is_real_time { (1..=99).contains(&priority) } else { priority == 0 };
        (is_known && fits).then_some(Scheduling { policy, priority })
    }
}

impl ChangesThread for Sched {
    const ID: AttributeId = AttributeId::SCHED;
    const NAME: &'static str = "sched";
    const ANSWERS: bool = true;

    fn read(payload: &[u8]) -> Option<Action> {
        Scheduling::parse(payload).map(Action::SetScheduling)
    }
}
