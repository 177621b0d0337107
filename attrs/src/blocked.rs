//! BLOCKED: whether the call slept, and how long it was off the processor. The registry holds it.

use syslet_abi::{AttributeId, Status};

use crate::attribute::{Attribute, Plan, Token};
use crate::bytes::{known_part, put_u64s, u64_at};
use crate::needs::Needs;
use crate::observed::{CallFacts, Observed};

/// The BLOCKED attribute. It has no payload, and a [`BlockedValue`].
#[derive(Clone, Copy, Debug)]
pub struct Blocked;

/// The value of BLOCKED, summed over all attempts at the call.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct BlockedValue {
    /// How often the thread gave up the processor to wait. A call with zero has not slept.
    pub sleeps: u64,
    /// Time between entering the kernel and leaving it in which the thread was not on a processor, in nanoseconds.
    pub off_cpu_ns: u64,
}

impl BlockedValue {
    /// Size of the value in bytes: two 64-bit numbers.
    pub const BYTES: usize = 16;

    /// Reads a returned value. A longer value, of a later version, is accepted; a shorter one is none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<BlockedValue> {
        Some(BlockedValue { sleeps: u64_at(value, 0)?, off_cpu_ns: u64_at(value, 8)? })
    }
}

impl Attribute for Blocked {
    fn id(&self) -> AttributeId {
        AttributeId::BLOCKED
    }

    fn name(&self) -> &'static str {
        "blocked"
    }

    fn check(&self, payload: &[u8], _call: &CallFacts) -> Result<Plan, Status> {
        known_part(payload, 0)?;
        let needs = Needs::CPU.with(Needs::RESOURCES).with(Needs::WALL);
        Ok(Plan { return_bytes_max: BlockedValue::BYTES, may_run_inline: true, needs })
    }

    fn after(
        &self,
        _payload: &[u8],
        _token: Token,
        observed: &Observed,
        value: &mut [u8],
    ) -> (Status, usize) {
        let spent = &observed.spent;
        // Two clocks differ a little: a call that never left the processor may have the shorter wall time.
        put_u64s(value, 0, &[spent.voluntary_switches, spent.wall_ns.saturating_sub(spent.cpu_ns)]);
        (Status::HANDLED, BlockedValue::BYTES)
    }
}
