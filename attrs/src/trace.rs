//! TRACE: a word of the application's own that comes back as it is.

use syslet_abi::{AttributeId, Status};

use crate::attribute::{Attribute, CallFacts, Needs, Observed, Plan, Token};
use crate::payload::known_part;
use crate::value::{put_words, word};

/// The TRACE attribute. It is asked with 8 bytes, which mean nothing to the engine.
#[derive(Clone, Copy, Debug)]
pub struct Trace;

/// What TRACE is asked with, and what it returns.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct TraceValue {
    /// The application's word.
    pub id: u64,
}

impl TraceValue {
    /// Size of payload and value in bytes: one 64-bit number.
    pub const BYTES: usize = 8;

    /// Reads a payload or a returned value. A longer one, of a later version, is accepted; a shorter one is none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<TraceValue> {
        Some(TraceValue { id: word(value, 0)? })
    }

    /// The payload that asks for it.
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
        Ok(Plan { return_bytes_max: TraceValue::BYTES, may_help: true, needs: Needs::TRACE })
    }

    fn after(
        &self,
        payload: &[u8],
        _token: Token,
        _observed: &Observed,
        value: &mut [u8],
    ) -> (Status, usize) {
        let Some(trace) = TraceValue::parse(payload) else { return (Status::UNAVAILABLE, 0) };
        put_words(value, 0, &[trace.id]);
        (Status::HANDLED, TraceValue::BYTES)
    }
}
