//! LANE: a named limit. At most so many of the calls that name it are made at once.

use syslet_abi::{AttributeId, Status};

use crate::attribute::{Attribute, CallFacts, Needs, Observed, Plan, Token};
use crate::field::{u32_at, u64_at};
use crate::payload::known_part;

impl Needs {
    /// A place in a lane. The engine writes the [`LaneValue`] over the payload of the record that it keeps, as soon as
    /// the call has its place: there `after` finds it.
    pub const LANE: Needs = Needs(1 << 17);
}

/// The LANE attribute.
#[derive(Clone, Copy, Debug)]
pub struct Lane;

/// What LANE is asked with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LaneAsk {
    /// Which lane: the name that its calls have agreed on.
    pub id: u64,
    /// The call begins when fewer than so many are in the lane; at least 1.
    pub limit: u32,
}

/// What LANE returns.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LaneValue {
    /// Nanoseconds from the acceptance of the call to its place in the lane.
    pub waited_ns: u64,
    /// How many were in the lane then, this call among them.
    pub running: u32,
}

impl LaneAsk {
    /// Size of the payload in bytes: the name, the limit, and four zeros.
    pub const BYTES: usize = 16;

    /// The payload.
    #[must_use]
    pub fn payload(self) -> [u8; LaneAsk::BYTES] {
        sixteen(self.id, self.limit)
    }

    /// Reads a payload; nothing when it is wrong.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<LaneAsk> {
        let known = known_part(payload, LaneAsk::BYTES).ok()?;
        let ask = LaneAsk { id: u64_at(known, 0)?, limit: u32_at(known, 8)? };
        (ask.limit > 0 && u32_at(known, 12)? == 0).then_some(ask)
    }
}

impl LaneValue {
    /// Size of the value in bytes, which is the payload's.
    pub const BYTES: usize = LaneAsk::BYTES;

    /// The value: a time, a number, and four zeros.
    #[must_use]
    pub fn bytes(self) -> [u8; LaneValue::BYTES] {
        sixteen(self.waited_ns, self.running)
    }

    /// Reads a returned value. A longer one, of a later version, is accepted; a shorter one is none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<LaneValue> {
        value.get(..LaneValue::BYTES)?;
        Some(LaneValue { waited_ns: u64_at(value, 0)?, running: u32_at(value, 8)? })
    }
}

fn sixteen(first: u64, second: u32) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&first.to_ne_bytes());
    bytes[8..12].copy_from_slice(&second.to_ne_bytes());
    bytes
}

impl Attribute for Lane {
    fn id(&self) -> AttributeId {
        AttributeId::LANE
    }

    fn name(&self) -> &'static str {
        "lane"
    }

    fn check(&self, payload: &[u8], _call: &CallFacts) -> Result<Plan, Status> {
        LaneAsk::parse(payload).ok_or(Status::INVALID)?;
        // A place must never be with a submitter, who may not come back to make the call.
        let needs = Needs::CLOCK.with(Needs::LANE);
        Ok(Plan { return_bytes_max: LaneValue::BYTES, may_help: false, needs })
    }

    fn after(&self, payload: &[u8], _token: Token, _seen: &Observed, value: &mut [u8]) -> (Status, usize) {
        let Some(of) = LaneValue::parse(payload) else { return (Status::UNAVAILABLE, 0) };
        value[..LaneValue::BYTES].copy_from_slice(&of.bytes());
        (Status::HANDLED, LaneValue::BYTES)
    }
}
