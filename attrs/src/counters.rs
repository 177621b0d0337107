//! COUNTERS: the counts of the kernel's performance counters during the call. The registry holds it.

use syslet_abi::{AttributeId, Status};

use crate::attribute::{Attribute, Plan, Token};
use crate::bytes::{known_part, put_u32s, put_u64s, u32_at, u64_at};
use crate::needs::Needs;
use crate::observed::{CallFacts, Counted, Observed};

/// The COUNTERS attribute. It has no payload, and a [`CountersValue`].
#[derive(Clone, Copy, Debug)]
pub struct Counters;

/// The value of COUNTERS, summed over all attempts at the call. A bit is missing in `valid` where the hardware lacks
/// the counter, the permissions forbid it, or it was shared with other users and did not count all the time.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CountersValue(pub Counted);

impl CountersValue {
    /// Size of the value in bytes: two 32-bit numbers and four 64-bit ones.
    pub const BYTES: usize = 40;
    /// Bit 0: time on the processor in nanoseconds, by the counter's own account.
    pub const TASK_CLOCK: u32 = 1;
    /// Bit 1: how often the thread left the processor.
    pub const CONTEXT_SWITCHES: u32 = 1 << 1;
    /// Bit 2: instructions retired.
    pub const INSTRUCTIONS: u32 = 1 << 2;
    /// Bit 3: cycles of the processor.
    pub const CYCLES: u32 = 1 << 3;
    /// The names of the counters, by bit.
    pub const NAMES: [&str; Counted::COUNTERS] =
        ["task_clock_ns", "context_switches", "instructions", "cycles"];

    /// Reads a returned value. A longer value, of a later version, is accepted; a shorter one is none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<CountersValue> {
        let (valid, user_only) = (u32_at(value, 0)?, u32_at(value, 4)?);
        let counts = [u64_at(value, 8)?, u64_at(value, 16)?, u64_at(value, 24)?, u64_at(value, 32)?];
        Some(CountersValue(Counted { valid, user_only, counts }))
    }
}

impl Attribute for Counters {
    fn id(&self) -> AttributeId {
        AttributeId::COUNTERS
    }

    fn name(&self) -> &'static str {
        "counters"
    }

    fn check(&self, payload: &[u8], _call: &CallFacts) -> Result<Plan, Status> {
        known_part(payload, 0)?;
        Ok(Plan { return_bytes_max: CountersValue::BYTES, may_run_inline: true, needs: Needs::COUNTERS })
    }

    fn after(
        &self,
        _payload: &[u8],
        _token: Token,
        observed: &Observed,
        value: &mut [u8],
    ) -> (Status, usize) {
        let Some(Counted { valid: valid @ 1.., user_only, counts }) = observed.counted else {
            return (Status::UNAVAILABLE, 0);
        };
        put_u32s(value, 0, &[valid, user_only]);
        put_u64s(value, 8, &counts);
        (Status::HANDLED, CountersValue::BYTES)
    }
}
