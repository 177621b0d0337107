//! COUNTERS: what the kernel's performance counters counted during the call.

use syslet_abi::{AttributeId, Status};

use crate::attribute::{Attribute, CallFacts, Needs, Observed, Plan, Token};
use crate::counted::Counted;
use crate::payload::known_part;
use crate::value::{half, put_halves, put_words, word};

/// The COUNTERS attribute. It is asked with no payload.
#[derive(Clone, Copy, Debug)]
pub struct Counters;

/// What COUNTERS returns, summed over all attempts at the call. Where a bit of `valid` is missing, the machine, the
/// permissions or the other users of the counters did not let that one count.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CountersValue(pub Counted);

impl CountersValue {
    /// Size of the value in bytes: two 32-bit numbers and four 64-bit ones.
    pub const BYTES: usize = 40;
    /// Bit 0: time on the processor in nanoseconds, as the counters see it.
    pub const TASK_CLOCK: u32 = 1;
    /// Bit 1: how often the thread left the processor.
    pub const CONTEXT_SWITCHES: u32 = 2;
    /// Bit 2: instructions retired.
    pub const INSTRUCTIONS: u32 = 4;
    /// Bit 3: cycles of the processor.
    pub const CYCLES: u32 = 8;
    /// The counters' names, by bit.
    pub const NAMES: [&str; Counted::COUNTERS] =
        ["task_clock_ns", "context_switches", "instructions", "cycles"];

    /// Reads a returned value. A longer one, of a later version, is accepted; a shorter one is none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<CountersValue> {
        let (valid, user_only) = (half(value, 0)?, half(value, 4)?);
        let counts = [word(value, 8)?, word(value, 16)?, word(value, 24)?, word(value, 32)?];
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
        Ok(Plan { return_bytes_max: CountersValue::BYTES, may_help: true, needs: Needs::COUNTERS })
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
        put_halves(value, 0, &[valid, user_only]);
        put_words(value, 8, &counts);
        (Status::HANDLED, CountersValue::BYTES)
    }
}
