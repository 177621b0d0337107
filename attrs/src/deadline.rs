//! DEADLINE: the call is stopped when its time is up, and its value says how late it was. The registry holds it; the
//! engine also reads its payload to set the timer, and writes its value for a call that it removes.

use syslet_abi::{AttributeId, Errno, RawResult, Status};

use crate::attribute::{Attribute, Plan, Token};
use crate::bytes::{known_part, u32_at, u64_and_u32, u64_at};
use crate::needs::Needs;
use crate::observed::{CallFacts, Observed};

/// The error of a call that its deadline has stopped; the same number on every architecture.
const ETIME: Errno = Errno(62);

/// The DEADLINE attribute. Its payload is a [`DeadlineAsked`], its value a [`DeadlineValue`].
#[derive(Clone, Copy, Debug)]
pub struct Deadline;

/// The payload of DEADLINE.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DeadlineAsked {
    /// So many nanoseconds after the submission is accepted.
    After(u64),
    /// At that instant, in nanoseconds of CLOCK_MONOTONIC.
    At(u64),
}

/// The value of DEADLINE.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DeadlineValue {
    /// Nanoseconds from the deadline to the end of the call, negative when the call ended before.
    pub late_ns: i64,
    /// The effect of the deadline on the call.
    pub outcome: DeadlineOutcome,
}

/// The effect of a deadline on its call.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct DeadlineOutcome(pub u32);

/// The number and its name.
impl core::fmt::Debug for DeadlineOutcome {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "DeadlineOutcome({} {})", self.0, self.name())
    }
}

impl DeadlineOutcome {
    /// None: the call ended before.
    pub const MET: DeadlineOutcome = DeadlineOutcome(0);
    /// The deadline stopped the call, or kept it from beginning.
    pub const STOPPED: DeadlineOutcome = DeadlineOutcome(1);
    /// The deadline passed, and the call ended later with a result of its own, which may be a part of its bytes.
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
    /// Size of the payload in bytes: a 64-bit time, a 32-bit number (0 after, 1 at) and four zeros.
    pub const BYTES: usize = 16;

    /// The payload.
    #[must_use]
    pub fn emit(self) -> [u8; DeadlineAsked::BYTES] {
        match self {
            DeadlineAsked::After(time) => u64_and_u32(time, 0),
            DeadlineAsked::At(instant) => u64_and_u32(instant, 1),
        }
    }

    /// Reads a payload.
    ///
    /// # Errors
    /// INVALID when the payload is shorter, has an unknown number or reserved bytes that are not zero, or is longer
    /// with a byte that is not zero behind its fields.
    pub fn parse(payload: &[u8]) -> Result<DeadlineAsked, Status> {
        let known = known_part(payload, DeadlineAsked::BYTES)?;
        match (u64_at(known, 0), u32_at(known, 8), u32_at(known, 12)) {
            (Some(time), Some(0), Some(0)) => Ok(DeadlineAsked::After(time)),
            (Some(instant), Some(1), Some(0)) => Ok(DeadlineAsked::At(instant)),
            _ => Err(Status::INVALID),
        }
    }

    /// The instant of the deadline, for a submission accepted at `queued_ns`; both in nanoseconds of CLOCK_MONOTONIC.
    #[must_use]
    pub fn instant(self, queued_ns: u64) -> u64 {
        match self {
            DeadlineAsked::After(time) => queued_ns.saturating_add(time),
            DeadlineAsked::At(instant) => instant,
        }
    }
}

impl DeadlineValue {
    /// Size of the value in bytes: a signed 64-bit time, a 32-bit number and four zeros.
    pub const BYTES: usize = 16;

    /// Reads a returned value. A longer value, of a later version, is accepted; a shorter one is none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<DeadlineValue> {
        value.get(..DeadlineValue::BYTES)?;
        let late_ns = u64_at(value, 0)?.cast_signed();
        Some(DeadlineValue { late_ns, outcome: DeadlineOutcome(u32_at(value, 8)?) })
    }

    /// The value for a call that ended at `ended_ns` with this result; both instants in nanoseconds of CLOCK_MONOTONIC.
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

    /// Writes the value to the start of `value`.
    ///
    /// # Panics
    /// When `value` is shorter than [`DeadlineValue::BYTES`].
    pub fn emit(self, value: &mut [u8]) {
        let bytes = u64_and_u32(self.late_ns.cast_unsigned(), self.outcome.0);
        value[..DeadlineValue::BYTES].copy_from_slice(&bytes);
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
        let needs = Needs::CLOCK.with(Needs::DEADLINE);
        Ok(Plan { return_bytes_max: DeadlineValue::BYTES, may_run_inline: true, needs })
    }

    fn after(&self, payload: &[u8], _token: Token, seen: &Observed, value: &mut [u8]) -> (Status, usize) {
        let Ok(asked) = DeadlineAsked::parse(payload) else { return (Status::UNAVAILABLE, 0) };
        DeadlineValue::of(asked.instant(seen.queued_ns), seen.finished_ns, seen.result).emit(value);
        (Status::HANDLED, DeadlineValue::BYTES)
    }
}
