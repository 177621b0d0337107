//! TIMING: the instants at which the call was queued, started and finished. The registry holds it.

use syslet_abi::{AttributeId, Status};

use crate::attribute::{Attribute, Plan, Token};
use crate::bytes::{known_part, put_u64s, u64_at};
use crate::needs::Needs;
use crate::observed::{CallFacts, Observed};

/// The TIMING attribute. It has no payload, and a [`TimingValue`].
#[derive(Clone, Copy, Debug)]
pub struct Timing;

/// The value of TIMING: three instants, in nanoseconds of CLOCK_MONOTONIC.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TimingValue {
    /// When the submission was accepted.
    pub queued_ns: u64,
    /// Just before the kernel was entered.
    pub started_ns: u64,
    /// Just after the kernel was left.
    pub finished_ns: u64,
}

impl TimingValue {
    /// Size of the value in bytes: three 64-bit numbers.
    pub const BYTES: usize = 24;

    /// The value as three words, in the order of the fields.
    #[must_use]
    pub const fn words(self) -> [u64; 3] {
        [self.queued_ns, self.started_ns, self.finished_ns]
    }

    /// Reads a returned value. A longer value, of a later version, is accepted; a shorter one is none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<TimingValue> {
        Some(TimingValue {
            queued_ns: u64_at(value, 0)?,
            started_ns: u64_at(value, 8)?,
            finished_ns: u64_at(value, 16)?,
        })
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
        Ok(Plan { return_bytes_max: TimingValue::BYTES, may_run_inline: true, needs: Needs::CLOCK })
    }

    fn after(
        &self,
        _payload: &[u8],
        _token: Token,
        observed: &Observed,
        value: &mut [u8],
    ) -> (Status, usize) {
        let &Observed { queued_ns, started_ns, finished_ns, .. } = observed;
        put_u64s(value, 0, &TimingValue { queued_ns, started_ns, finished_ns }.words());
        (Status::HANDLED, TimingValue::BYTES)
    }
}
