//! PRIORITY: the place of the call in the queue. The registry holds it; the engine also reads its payload to order the
//! queue.

use syslet_abi::{AttributeId, Status};

use crate::attribute::{Attribute, Plan, Token};
use crate::bytes::{known_part, put_u64s, u32_at, u64_at};
use crate::needs::Needs;
use crate::observed::{CallFacts, Observed};

/// The PRIORITY attribute. Its payload is a signed 32-bit number from −[`Priority::MAX`] to [`Priority::MAX`], its
/// value a [`PriorityValue`].
#[derive(Clone, Copy, Debug)]
pub struct Priority;

/// The value of PRIORITY.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PriorityValue {
    /// Nanoseconds from the acceptance of the call to its start.
    pub waited_ns: u64,
    /// The priority when the call started: the one asked, and 1 more for each [`Priority::STEP_NS`] of waiting.
    pub level: i64,
}

impl Priority {
    /// The highest priority, which goes first; the lowest is as far below zero.
    pub const MAX: i32 = 1000;
    /// The time in which a waiting call gains one level, in nanoseconds.
    pub const STEP_NS: u64 = 1_000_000;

    /// The payload. A higher number goes sooner; a call without the attribute has 0.
    #[must_use]
    pub const fn payload(priority: i32) -> [u8; 4] {
        priority.to_ne_bytes()
    }

    /// Reads a payload; none when it is INVALID.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<i32> {
        let priority = u32_at(known_part(payload, 4).ok()?, 0)?.cast_signed();
        (-Priority::MAX..=Priority::MAX).contains(&priority).then_some(priority)
    }
}

impl PriorityValue {
    /// Size of the value in bytes: two 64-bit numbers.
    pub const BYTES: usize = 16;

    /// The value for a call of that priority that waited so long, in nanoseconds.
    #[must_use]
    pub fn of(priority: i32, waited_ns: u64) -> PriorityValue {
        let gained = i64::try_from(waited_ns / Priority::STEP_NS).unwrap_or(i64::MAX);
        PriorityValue { waited_ns, level: i64::from(priority).saturating_add(gained) }
    }

    /// Reads a returned value. A longer value, of a later version, is accepted; a shorter one is none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<PriorityValue> {
        Some(PriorityValue { waited_ns: u64_at(value, 0)?, level: u64_at(value, 8)?.cast_signed() })
    }
}

impl Attribute for Priority {
    fn id(&self) -> AttributeId {
        AttributeId::PRIORITY
    }

    fn name(&self) -> &'static str {
        "priority"
    }

    fn check(&self, payload: &[u8], _call: &CallFacts) -> Result<Plan, Status> {
        Priority::parse(payload).ok_or(Status::INVALID)?;
        Ok(Plan { return_bytes_max: PriorityValue::BYTES, may_run_inline: true, needs: Needs::CLOCK })
    }

    fn after(&self, payload: &[u8], _token: Token, seen: &Observed, value: &mut [u8]) -> (Status, usize) {
        let Some(priority) = Priority::parse(payload) else { return (Status::UNAVAILABLE, 0) };
        let of = PriorityValue::of(priority, seen.started_ns.saturating_sub(seen.queued_ns));
        put_u64s(value, 0, &[of.waited_ns, of.level.cast_unsigned()]);
        (Status::HANDLED, PriorityValue::BYTES)
    }
}
