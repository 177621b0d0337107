//! DEADLINE: the call is stopped when its time is up, and says how late it was.

use syslet_abi::{AttributeId, Errno, RawResult, Status};

use crate::attribute::{Attribute, CallFacts, Needs, Observed, Plan, Token};
use crate::payload::known_part;

/// What a call ends with that its deadline has stopped; the same number on every architecture.
const ETIME: Errno = Errno(62);

/// The DEADLINE attribute.
#[derive(Clone, Copy, Debug)]
pub struct Deadline;

/// What DEADLINE is asked with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DeadlineAsked {
    /// So many nanoseconds after the submission is accepted.
    After(u64),
    /// At that instant, in nanoseconds of CLOCK_MONOTONIC.
    At(u64),
}

/// What DEADLINE returns.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DeadlineValue {
    /// Nanoseconds between the deadline and the end of the call, negative when it ended before.
    pub late_ns: i64,
    /// What the deadline did.
    pub outcome: DeadlineOutcome,
}

/// What a deadline did.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct DeadlineOutcome(pub u32);

/// The number and its name.
impl core::fmt::Debug for DeadlineOutcome {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "DeadlineOutcome({} {})", self.0, self.name())
    }
}

impl DeadlineOutcome {
    /// Nothing: the call was over before.
    pub const MET: DeadlineOutcome = DeadlineOutcome(0);
    /// It stopped the call, or kept it from beginning.
    pub const STOPPED: DeadlineOutcome = DeadlineOutcome(1);
    /// It passed, and the call ended by itself, later, or had moved a part of its bytes when it was stopped.
    pub const MISSED: DeadlineOutcome = DeadlineOutcome(2);

    /// The name, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            DeadlineOutcome::MET => "met",
            DeadlineOutcome::STOPPED => "stopped",
            DeadlineOutcome::MISSED => "missed",
            _ => "unknown",
        }
    }
}

impl DeadlineAsked {
    /// Size of the payload in bytes: a time, what it counts from, and four zeros.
    pub const BYTES: usize = 16;

    /// The payload.
    #[must_use]
    pub fn emit(self) -> [u8; DeadlineAsked::BYTES] {
        let (time, from) = match self {
            DeadlineAsked::After(time) => (time, 0_u32),
            DeadlineAsked::At(time) => (time, 1),
        };
        let mut payload = [0; DeadlineAsked::BYTES];
        payload[..8].copy_from_slice(&time.to_ne_bytes());
        payload[8..12].copy_from_slice(&from.to_ne_bytes());
        payload
    }

    /// Reads a payload.
    ///
    /// # Errors
    /// INVALID, when it is shorter, asks for what there is not, or is longer with anything but zeros behind.
    pub fn parse(payload: &[u8]) -> Result<DeadlineAsked, Status> {
        let known = known_part(payload, DeadlineAsked::BYTES)?;
        let time = u64::from_ne_bytes(known[..8].try_into().map_err(|_| Status::INVALID)?);
        let word =
            |at: usize| known[at..at + 4].try_into().map(u32::from_ne_bytes).map_err(|_| Status::INVALID);
        match (word(8)?, word(12)?) {
            (0, 0) => Ok(DeadlineAsked::After(time)),
            (1, 0) => Ok(DeadlineAsked::At(time)),
            _ => Err(Status::INVALID),
        }
    }

    /// The instant, for a submission accepted at that one; both in nanoseconds of CLOCK_MONOTONIC.
    #[must_use]
    pub fn instant(self, queued_ns: u64) -> u64 {
        match self {
            DeadlineAsked::After(time) => queued_ns.saturating_add(time),
            DeadlineAsked::At(instant) => instant,
        }
    }
}

impl DeadlineValue {
    /// Size of the value in bytes: a time, a number, and four zeros.
    pub const BYTES: usize = 16;

    /// Reads a returned value. A longer one, of a later version, is accepted; a shorter one is none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<DeadlineValue> {
        let late_ns = i64::from_ne_bytes(value.get(..8)?.try_into().ok()?);
        let outcome = u32::from_ne_bytes(value.get(8..12)?.try_into().ok()?);
        value.get(..DeadlineValue::BYTES)?;
        Some(DeadlineValue { late_ns, outcome: DeadlineOutcome(outcome) })
    }

    /// What comes of a call that ended at that instant, with this result.
    #[must_use]
    pub fn of(deadline_ns: u64, ended_ns: u64, result: RawResult) -> DeadlineValue {
        let late_ns = i64::try_from(i128::from(ended_ns) - i128::from(deadline_ns)).unwrap_or(i64::MIN);
        let was_stopped = result == RawResult::error(ETIME) && late_ns >= 0;
        let outcome = match (late_ns < 0, was_stopped) {
            (true, _) => DeadlineOutcome::MET,
            (false, true) => DeadlineOutcome::STOPPED,
            (false, false) => DeadlineOutcome::MISSED,
        };
        DeadlineValue { late_ns, outcome }
    }

    /// Writes the value to the start of `value`, which has that many bytes at least.
    pub fn emit(self, value: &mut [u8]) {
        value[..8].copy_from_slice(&self.late_ns.to_ne_bytes());
        value[8..12].copy_from_slice(&self.outcome.0.to_ne_bytes());
        value[12..16].fill(0);
    }
}

impl Attribute for Deadline {
    fn id(&self) -> AttributeId {
        AttributeId::DEADLINE
    }

    fn name(&self) -> &'static str {
        "deadline"
    }

    fn check(&self, payload: &[u8], _call: &CallFacts) -> Result<Plan, Status> {
        DeadlineAsked::parse(payload)?;
        Ok(Plan {
            return_bytes_max: DeadlineValue::BYTES,
            may_help: true,
            needs: Needs::CLOCK.with(Needs::DEADLINE),
        })
    }

    fn after(&self, payload: &[u8], _token: Token, seen: &Observed, value: &mut [u8]) -> (Status, usize) {
        let Ok(asked) = DeadlineAsked::parse(payload) else { return (Status::UNAVAILABLE, 0) };
        DeadlineValue::of(asked.instant(seen.queued_ns), seen.finished_ns, seen.result).emit(value);
        (Status::HANDLED, DeadlineValue::BYTES)
    }
}
