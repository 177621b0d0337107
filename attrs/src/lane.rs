//! LANE: a named limit on how many of the calls that name it are made at once. The registry holds it; the engine also
//! reads its payload to count the lane's calls, and writes its value.

use syslet_abi::{AttributeId, Status};

use crate::attribute::{Attribute, Plan, Token};
use crate::bytes::{known_part, u32_at, u64_and_u32, u64_at};
use crate::needs::Needs;
use crate::observed::{CallFacts, Observed};

/// The LANE attribute. Its payload is a [`LaneAsk`], its value a [`LaneValue`].
#[derive(Clone, Copy, Debug)]
pub struct Lane;

/// The payload of LANE.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LaneAsk {
    /// The name of the lane: any number that its calls have agreed on.
    pub id: u64,
    /// The call begins when fewer than so many are in the lane; at least 1.
    pub limit: u32,
}

/// The value of LANE.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LaneValue {
    /// Nanoseconds from the acceptance of the call to its place in the lane.
    pub waited_ns: u64,
    /// The number of calls in the lane then, this call among them.
    pub running: u32,
}

impl LaneAsk {
    /// Size of the payload in bytes: a 64-bit name, a 32-bit limit and four zeros.
    pub const BYTES: usize = 16;

    /// The payload.
    #[must_use]
    pub fn payload(self) -> [u8; LaneAsk::BYTES] {
        u64_and_u32(self.id, self.limit)
    }

    /// Reads a payload; none when it is INVALID.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<LaneAsk> {
        let known = known_part(payload, LaneAsk::BYTES).ok()?;
        let ask = LaneAsk { id: u64_at(known, 0)?, limit: u32_at(known, 8)? };
        (ask.limit > 0 && u32_at(known, 12)? == 0).then_some(ask)
    }
}

impl LaneValue {
    /// Size of the value in bytes, the same as the payload's, over which the engine writes it.
    pub const BYTES: usize = LaneAsk::BYTES;

    /// The value as bytes: a 64-bit time, a 32-bit number and four zeros.
    #[must_use]
    pub fn bytes(self) -> [u8; LaneValue::BYTES] {
        u64_and_u32(self.waited_ns, self.running)
    }

    /// Reads a returned value. A longer value, of a later version, is accepted; a shorter one is none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<LaneValue> {
        value.get(..LaneValue::BYTES)?;
        Some(LaneValue { waited_ns: u64_at(value, 0)?, running: u32_at(value, 8)? })
    }
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
        // A place is a worker's: a submitter need not come back to make the call, and would hold the place until it does. The
        // engine makes an exception where the submitter makes the call at once.
        let needs = Needs::CLOCK.with(Needs::LANE);
        Ok(Plan { return_bytes_max: LaneValue::BYTES, may_run_inline: false, needs })
    }

    fn after(&self, payload: &[u8], _token: Token, _seen: &Observed, value: &mut [u8]) -> (Status, usize) {
        let Some(of) = LaneValue::parse(payload) else { return (Status::UNAVAILABLE, 0) };
        value[..LaneValue::BYTES].copy_from_slice(&of.bytes());
        (Status::HANDLED, LaneValue::BYTES)
    }
}
