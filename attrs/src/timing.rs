//! TIMING: when the call was queued, when it started, when it finished.

use syslet_abi::{AttributeId, Status};

use crate::attribute::{Attribute, CallFacts, Needs, Observed, Plan, Token};
use crate::payload::known_part;

/// The TIMING attribute. It is asked with no payload.
#[derive(Clone, Copy, Debug)]
pub struct Timing;

/// What TIMING returns: nanoseconds of CLOCK_MONOTONIC.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TimingValue {
    /// When the submission was accepted.
    pub queued_ns: u64,
    /// Just before the kernel was entered.
    pub started_ns: u64,
    /// Just after it was left.
    pub finished_ns: u64,
}

impl TimingValue {
    /// Size of the value in bytes: three 64-bit numbers.
    pub const BYTES: usize = 24;

    /// Reads a returned value. A longer one, of a later version, is accepted; a shorter one is none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<TimingValue> {
        let word = |at: usize| value.get(at..at + 8)?.try_into().ok().map(u64::from_ne_bytes);
        Some(TimingValue { queued_ns: word(0)?, started_ns: word(8)?, finished_ns: word(16)? })
    }

    fn emit(self, value: &mut [u8]) {
        value[0..8].copy_from_slice(&self.queued_ns.to_ne_bytes());
        value[8..16].copy_from_slice(&self.started_ns.to_ne_bytes());
        value[16..24].copy_from_slice(&self.finished_ns.to_ne_bytes());
    }
}

impl Attribute for Timing {
    fn id(&self) -> AttributeId {
        AttributeId::TIMING
    }

    fn name(&self) -> &'static str {
        "timing"
    }

    fn check(&self, payload: &[u8], _call: &CallFacts) -> Result<Plan, Status> {
        known_part(payload, 0)?;
        Ok(Plan { return_bytes_max: TimingValue::BYTES, may_help: true, needs: Needs::CLOCK })
    }

    fn after(
        &self,
        _payload: &[u8],
        _token: Token,
        observed: &Observed,
        value: &mut [u8],
    ) -> (Status, usize) {
        let Observed { queued_ns, started_ns, finished_ns, .. } = *observed;
        TimingValue { queued_ns, started_ns, finished_ns }.emit(value);
        (Status::HANDLED, TimingValue::BYTES)
    }
}
