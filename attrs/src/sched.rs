//! SCHED: the scheduling policy of the thread, for this call.

use syslet_abi::{AttributeId, Status};

use crate::acting;
use crate::action::Action;
use crate::attribute::{Attribute, CallFacts, Needs, Observed, Plan, Token};
use crate::field::{pair, u32_at, u64_at};
use crate::payload::known_part;

/// The SCHED attribute. It is asked with [`Scheduling::payload`], and answers with the policy in force, as a 64-bit
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

/// A scheduling policy, as the kernel numbers them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Policy(pub u32);

impl Policy {
    /// The usual one.
    pub const OTHER: Policy = Policy(0);
    /// Real time, until it sleeps.
    pub const FIFO: Policy = Policy(1);
    /// Real time, in turn with others of the same priority.
    pub const RR: Policy = Policy(2);
    /// The usual one, taken for somebody who computes.
    pub const BATCH: Policy = Policy(3);
    /// Behind everybody.
    pub const IDLE: Policy = Policy(5);

    /// All that can be asked for, with their names in lower case.
    pub const NAMED: [(&'static str, Policy); 5] = [
        ("other", Policy::OTHER),
        ("fifo", Policy::FIFO),
        ("rr", Policy::RR),
        ("batch", Policy::BATCH),
        ("idle", Policy::IDLE),
    ];

    const fn is_real_time(self) -> bool {
        matches!(self, Policy::FIFO | Policy::RR)
    }
}

/// A policy and the priority that belongs to it: 1 to 99 in real time, else 0.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Scheduling {
    /// The policy.
    pub policy: Policy,
    /// The priority.
    pub priority: u32,
}

impl Scheduling {
    /// What to ask with: two 32-bit numbers.
    #[must_use]
    pub fn payload(self) -> [u8; 8] {
        pair(self.policy.0, self.priority)
    }
}

fn read(payload: &[u8]) -> Option<Scheduling> {
    let payload = known_part(payload, 8).ok()?;
    let (policy, priority) = (Policy(u32_at(payload, 0)?), u32_at(payload, 4)?);
    let is_known = Policy::NAMED.iter().any(|(_, known)| *known == policy);
    let fits = if policy.is_real_time() { (1..=99).contains(&priority) } else { priority == 0 };
    (is_known && fits).then_some(Scheduling { policy, priority })
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
