//! PRIORITY: where in the queue the call stands.

use syslet_abi::{AttributeId, Status};

use crate::attribute::{Attribute, CallFacts, Needs, Observed, Plan, Token};
use crate::field::{u32_at, u64_at};
use crate::payload::known_part;
use crate::value::put_words;

/// The PRIORITY attribute. It is asked with a signed 32-bit number.
#[derive(Clone, Copy, Debug)]
pub struct Priority;

/// What PRIORITY returns.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PriorityValue {
    /// Nanoseconds from the acceptance of the call to its start.
    pub waited_ns: u64,
    /// What waiting had made of the priority when the call began.
    pub level: i64,
}

impl Priority {
    /// The highest priority, which goes first; the lowest is as far below zero.
    pub const MAX: i32 = 1000;
    /// A call gains one level each time it has waited for so many nanoseconds.
    pub const STEP_NS: u64 = 1_000_000;

    /// What to ask with: higher goes sooner, 0 is what a call has that does not ask.
    #[must_use]
    pub const fn payload(priority: i32) -> [u8; 4] {
        priority.to_ne_bytes()
    }

    /// Reads a payload; nothing when it is wrong.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<i32> {
        let priority = u32_at(known_part(payload, 4).ok()?, 0)?.cast_signed();
        (-Priority::MAX..=Priority::MAX).contains(&priority).then_some(priority)
    }
}

impl PriorityValue {
    /// Size of the value in bytes: two 64-bit numbers.
    pub const BYTES: usize = 16;

    /// What comes of a call of that priority that waited so long.
    #[must_use]
    pub fn of(priority: i32, waited_ns: u64) -> PriorityValue {
        let gained = i64::try_from(waited_ns / Priority::STEP_NS).unwrap_or(i64::MAX);
        PriorityValue { waited_ns, level: i64::from(priority).saturating_add(gained) }
    }

    /// Reads a returned value. A longer one, of a later version, is accepted; a shorter one is none.
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
        Ok(Plan { return_bytes_max: PriorityValue::BYTES, may_help: true, needs: Needs::CLOCK })
    }

    fn after(&self, payload: &[u8], _token: Token, seen: &Observed, value: &mut [u8]) -> (Status, usize) {
        let Some(priority) = Priority::parse(payload) else { return (Status::UNAVAILABLE, 0) };
        let of = PriorityValue::of(priority, seen.started_ns.saturating_sub(seen.queued_ns));
        put_words(value, 0, &[of.waited_ns, of.level.cast_unsigned()]);
        (Status::HANDLED, PriorityValue::BYTES)
    }
}
