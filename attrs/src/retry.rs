//! RETRY: the call is made again until it is done.

use syslet_abi::{AttributeId, Status};

use crate::attribute::{Attribute, CallFacts, Needs, Observed, Plan, Token};
use crate::field::{u32_at, u64_at};
use crate::payload::known_part;

impl Needs {
    /// The call is made again as RETRY asks; how often, and why it ended, comes to `after` as the token.
    pub const RETRY: Needs = Needs(1 << 22);
}

/// The RETRY attribute.
#[derive(Clone, Copy, Debug)]
pub struct Retry;

/// What a call is made again for, one bit each.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RetryOn(pub u32);

impl RetryOn {
    /// A signal has interrupted it (EINTR).
    pub const INTERRUPTED: RetryOn = RetryOn(1);
    /// It would have had to wait (EAGAIN): after a pause.
    pub const AGAIN: RetryOn = RetryOn(2);
    /// It has moved a part of its bytes: for the rest.
    pub const SHORT: RetryOn = RetryOn(4);

    /// All of them, with their names in lower case.
    pub const NAMED: [(&'static str, RetryOn); 3] =
        [("eintr", RetryOn::INTERRUPTED), ("eagain", RetryOn::AGAIN), ("short", RetryOn::SHORT)];

    const ALL: u32 = RetryOn::INTERRUPTED.0 | RetryOn::AGAIN.0 | RetryOn::SHORT.0;

    /// Both.
    #[must_use]
    pub const fn with(self, other: RetryOn) -> RetryOn {
        RetryOn(self.0 | other.0)
    }

    /// Whether all of `other` is among them.
    #[must_use]
    pub const fn contains(self, other: RetryOn) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What RETRY is asked with. Both limits count from the last attempt that moved something, or the first of all.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RetryAsk {
    /// What to make the call again for.
    pub on: RetryOn,
    /// At most so many attempts; 0 for [`RetryAsk::ATTEMPTS`].
    pub attempts: u32,
    /// No further attempt after so many nanoseconds; 0 for [`RetryAsk::TIME_NS`].
    pub time_ns: u64,
    /// Nanoseconds before the call is made again after EAGAIN, doubled each time up to [`RetryAsk::PAUSE_MAX_NS`]; 0 for
    /// [`RetryAsk::PAUSE_NS`].
    pub pause_ns: u64,
}

impl RetryAsk {
    /// Attempts, if nothing else is asked for.
    pub const ATTEMPTS: u32 = 100;
    /// Time, if nothing else is asked for.
    pub const TIME_NS: u64 = 10_000_000_000;
    /// First pause, if nothing else is asked for.
    pub const PAUSE_NS: u64 = 1_000_000;
    /// No pause grows beyond this.
    pub const PAUSE_MAX_NS: u64 = 100_000_000;
    /// Size of the payload: two 32-bit numbers and two 64-bit ones.
    pub const BYTES: usize = 24;

    /// What to ask with.
    #[must_use]
    pub fn payload(self) -> [u8; RetryAsk::BYTES] {
        let mut bytes = [0; RetryAsk::BYTES];
        bytes[0..4].copy_from_slice(&self.on.0.to_ne_bytes());
        bytes[4..8].copy_from_slice(&self.attempts.to_ne_bytes());
        bytes[8..16].copy_from_slice(&self.time_ns.to_ne_bytes());
        bytes[16..24].copy_from_slice(&self.pause_ns.to_ne_bytes());
        bytes
    }

    /// Reads a payload, and puts in what was left to the engine.
    ///
    /// # Errors
    /// INVALID for another length, unknown bits, and none.
    pub fn parse(payload: &[u8]) -> Result<RetryAsk, Status> {
        let known = known_part(payload, RetryAsk::BYTES)?;
        let half = |at| u32_at(known, at).ok_or(Status::INVALID);
        let word = |at| u64_at(known, at).ok_or(Status::INVALID);
        let on = RetryOn(half(0)?);
        if on.0 == 0 || on.0 & !RetryOn::ALL != 0 {
            return Err(Status::INVALID);
        }
        let or = |asked: u64, usual: u64| if asked == 0 { usual } else { asked };
        Ok(RetryAsk {
            on,
            attempts: if half(4)? == 0 { RetryAsk::ATTEMPTS } else { half(4)? },
            time_ns: or(word(8)?, RetryAsk::TIME_NS),
            pause_ns: or(word(16)?, RetryAsk::PAUSE_NS).min(RetryAsk::PAUSE_MAX_NS),
        })
    }
}

/// Why a call was not made once more.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
pub struct RetryEnd(pub u32);

/// The number and its name.
impl core::fmt::Debug for RetryEnd {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "RetryEnd({} {})", self.0, self.name())
    }
}

impl RetryEnd {
    /// The last attempt was the answer.
    pub const DONE: RetryEnd = RetryEnd(1);
    /// The file ended before all was read.
    pub const END: RetryEnd = RetryEnd(2);
    /// That were all attempts.
    pub const ATTEMPTS: RetryEnd = RetryEnd(3);
    /// That was all the time.
    pub const TIME: RetryEnd = RetryEnd(4);
    /// The call was cancelled, or its deadline passed.
    pub const STOPPED: RetryEnd = RetryEnd(5);
    /// This call is not to be made again for that: the table says why.
    pub const NOT_AGAIN: RetryEnd = RetryEnd(6);
    /// After a part had been moved, the next attempt failed.
    pub const FAILED: RetryEnd = RetryEnd(7);

    /// The name, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            RetryEnd::DONE => "done",
            RetryEnd::END => "end of file",
            RetryEnd::ATTEMPTS => "attempts used up",
            RetryEnd::TIME => "time used up",
            RetryEnd::STOPPED => "stopped",
            RetryEnd::NOT_AGAIN => "not to be made again",
            RetryEnd::FAILED => "failed after a part",
            _ => "unknown",
        }
    }
}

/// What RETRY returns.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RetryValue {
    /// How often the kernel was asked.
    pub attempts: u32,
    /// Why not once more.
    pub ended: RetryEnd,
}

impl RetryValue {
    /// Size of the value: two 32-bit numbers.
    pub const BYTES: usize = 8;

    /// Reads a returned value. A longer one, of a later version, is accepted; a shorter one is none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<RetryValue> {
        Some(RetryValue { attempts: u32_at(value, 0)?, ended: RetryEnd(u32_at(value, 4)?) })
    }

    /// As the engine tells the attribute.
    #[must_use]
    pub fn token(self) -> Token {
        Token(u64::from_ne_bytes(crate::field::pair(self.attempts, self.ended.0)))
    }
}

impl Attribute for Retry {
    fn id(&self) -> AttributeId {
        AttributeId::RETRY
    }

    fn name(&self) -> &'static str {
        "retry"
    }

    fn check(&self, payload: &[u8], call: &CallFacts) -> Result<Plan, Status> {
        RetryAsk::parse(payload)?;
        if call.atoms_bytes_max.is_some() {
            // A program is not made again: its calls are, one by one.
            return Err(Status::INAPPLICABLE);
        }
        Ok(Plan { return_bytes_max: RetryValue::BYTES, may_help: false, needs: Needs::RETRY })
    }

    fn after(
        &self,
        _payload: &[u8],
        token: Token,
        _observed: &Observed,
        value: &mut [u8],
    ) -> (Status, usize) {
        value[..RetryValue::BYTES].copy_from_slice(&token.0.to_ne_bytes());
        (Status::HANDLED, RetryValue::BYTES)
    }
}
