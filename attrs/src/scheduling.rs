//! Scheduling policies, as SCHED is asked for them.

use crate::field::{pair, u32_at};
use crate::payload::known_part;

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

    pub(crate) const fn is_real_time(self) -> bool {
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

pub(crate) fn read(payload: &[u8]) -> Option<Scheduling> {
    let payload = known_part(payload, 8).ok()?;
    let (policy, priority) = (Policy(u32_at(payload, 0)?), u32_at(payload, 4)?);
    let is_known = Policy::NAMED.iter().any(|(_, known)| *known == policy);
    let fits = if policy.is_real_time() { (1..=99).contains(&priority) } else { priority == 0 };
    (is_known && fits).then_some(Scheduling { policy, priority })
}
