//! TRACE: a number of the application's that marks the call in the trace and comes back as it is. The registry holds
//! it.

use syslet_abi::{AttributeId, Status};

use crate::attribute::{Attribute, Plan, Token};
use crate::bytes::{known_part, put_u64s, u64_at};
use crate::needs::Needs;
use crate::observed::{CallFacts, Observed};

/// The TRACE attribute. Its payload and its value are a [`TraceValue`].
#[derive(Clone, Copy, Debug)]
pub struct Trace;

/// The payload and the value of TRACE.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct TraceValue {
    /// The application's number, which means nothing to the engine.
    pub id: u64,
}

impl TraceValue {
    /// Size of payload and value in bytes: one 64-bit number.
    pub const BYTES: usize = 8;

    /// Reads a payload or a returned value. A longer one, of a later version, is accepted; a shorter one is none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<TraceValue> {
        Some(TraceValue { id: u64_at(value, 0)? })
    }

    /// The payload.
    #[must_use]
    pub fn payload(self) -> [u8; TraceValue::BYTES] {
        self.id.to_ne_bytes()
    }
}

impl Attribute for Trace {
    fn id(&self) -> AttributeId {
        AttributeId::TRACE
    }

    fn name(&self) -> &'static str {
        "trace"
    }

    fn check(&self, payload: &[u8], _call: &CallFacts) -> Result<Plan, Status> {
        known_part(payload, TraceValue::BYTES)?;
        Ok(Plan { return_bytes_max: TraceValue::BYTES, may_run_inline: true, needs: Needs::TRACE })
    }

    fn after(
        &self,
        payload: &[u8],
        _token: Token,
        _observed: &Observed,
        value: &mut [u8],
    ) -> (Status, usize) {
        let Some(trace) = TraceValue::parse(payload) else { return (Status::UNAVAILABLE, 0) };
        put_u64s(value, 0, &[trace.id]);
        (Status::HANDLED, TraceValue::BYTES)
    }
}
