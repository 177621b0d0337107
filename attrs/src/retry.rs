//! RETRY: the call is made again until it is done. The registry holds it; the engine also reads its payload to make the
//! attempts, and gives its value as the token.

use syslet_abi::{AttributeId, Status};

use crate::attribute::{Attribute, Plan, Token};
use crate::bytes::{known_part, u32_at, u32_pair, u64_at};
use crate::needs::Needs;
use crate::observed::{CallFacts, Observed};

/// The RETRY attribute, for single calls. Its payload is a [`RetryAsk`], its value a [`RetryValue`].
#[derive(Clone, Copy, Debug)]
pub struct Retry;

syslet_abi::flags! {
    /// Reasons to make a call again, one bit each.
    pub struct RetryOn(pub u32) {
        /// No reason.
        NONE;
        /// A signal interrupted it (EINTR).
        INTERRUPTED = 1;
        /// It would have had to wait (EAGAIN). It is made again after a pause.
        AGAIN = 1 << 1;
        /// It moved a part of its bytes. It is made again for the rest.
        SHORT = 1 << 2;
    }
}

impl RetryOn {
    /// All reasons, with their names in lower case.
    pub const NAMED: [(&'static str, RetryOn); 3] =
        [("eintr", RetryOn::INTERRUPTED), ("eagain", RetryOn::AGAIN), ("short", RetryOn::SHORT)];
}

/// The payload of RETRY. Both limits count from the last attempt that moved bytes, or else from the first attempt.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RetryAsk {
    /// The reasons to make the call again; at least one.
    pub on: RetryOn,
    /// The most attempts; 0 stands for [`RetryAsk::ATTEMPTS`].
    pub attempts: u32,
    /// The time after which no attempt begins, in nanoseconds; 0 stands for [`RetryAsk::TIME_NS`].
    pub time_ns: u64,
    /// The pause after EAGAIN in nanoseconds, doubled each time up to [`RetryAsk::PAUSE_MAX_NS`]; 0 stands for
    /// [`RetryAsk::PAUSE_NS`].
    pub pause_ns: u64,
}

impl RetryAsk {
    /// The most attempts, unless asked otherwise.
    pub const ATTEMPTS: u32 = 100;
    /// The time for attempts, unless asked otherwise: 10 s in nanoseconds.
    pub const TIME_NS: u64 = 10_000_000_000;
    /// The first pause, unless asked otherwise: 1 ms in nanoseconds.
    pub const PAUSE_NS: u64 = 1_000_000;
    /// The longest pause: 100 ms in nanoseconds.
    pub const PAUSE_MAX_NS: u64 = 100_000_000;
    /// Size of the payload in bytes: two 32-bit numbers and two 64-bit ones.
    pub const BYTES: usize = 24;

    /// The payload.
    #[must_use]
    pub fn payload(self) -> [u8; RetryAsk::BYTES] {
        let mut bytes = [0; RetryAsk::BYTES];
        bytes[0..4].copy_from_slice(&self.on.0.to_ne_bytes());
        bytes[4..8].copy_from_slice(&self.attempts.to_ne_bytes());
        bytes[8..16].copy_from_slice(&self.time_ns.to_ne_bytes());
        bytes[16..24].copy_from_slice(&self.pause_ns.to_ne_bytes());
        bytes
    }

    /// Reads a payload, and puts the usual number in the place of each 0.
    ///
    /// # Errors
    /// INVALID when the payload is shorter, has no reason or an unknown one, or is longer with a byte that is not zero
    /// behind its fields.
    pub fn parse(payload: &[u8]) -> Result<RetryAsk, Status> {
        let known = known_part(payload, RetryAsk::BYTES)?;
        let short = |at| u32_at(known, at).ok_or(Status::INVALID);
        let long = |at| u64_at(known, at).ok_or(Status::INVALID);
        let on = RetryOn(short(0)?);
        if on.is_empty() || !on.unknown().is_empty() {
            return Err(Status::INVALID);
        }
        let or = |asked: u64, usual: u64| if asked == 0 { usual } else { asked };
        Ok(RetryAsk {
            on,
            attempts: if short(4)? == 0 { RetryAsk::ATTEMPTS } else { short(4)? },
            time_ns: or(long(8)?, RetryAsk::TIME_NS),
            pause_ns: or(long(16)?, RetryAsk::PAUSE_NS).min(RetryAsk::PAUSE_MAX_NS),
        })
    }
}

/// The reason why a call was not made once more.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
pub struct RetryEnd(pub u32);

/// The number and its name.
impl core::fmt::Debug for RetryEnd {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "RetryEnd({} {})", self.0, self.name())
    }
}

impl RetryEnd {
    /// The last attempt gave the result.
    pub const DONE: RetryEnd = RetryEnd(1);
    /// The file ended before all was read.
    pub const END: RetryEnd = RetryEnd(2);
    /// No attempts were left.
    pub const ATTEMPTS: RetryEnd = RetryEnd(3);
    /// No time was left.
    pub const TIME: RetryEnd = RetryEnd(4);
    /// The call was cancelled, or its deadline passed.
    pub const STOPPED: RetryEnd = RetryEnd(5);
    /// The call is not made again for this error; its row in the table of calls has the reason.
    pub const NOT_AGAIN: RetryEnd = RetryEnd(6);
    /// An attempt failed after an earlier one had moved a part.
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

/// The value of RETRY.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RetryValue {
    /// How often the kernel was asked for the call.
    pub attempts: u32,
    /// Why it was not asked once more.
    pub ended: RetryEnd,
}

impl RetryValue {
    /// Size of the value in bytes: two 32-bit numbers.
    pub const BYTES: usize = 8;

    /// Reads a returned value. A longer value, of a later version, is accepted; a shorter one is none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<RetryValue> {
        Some(RetryValue { attempts: u32_at(value, 0)?, ended: RetryEnd(u32_at(value, 4)?) })
    }

    /// The token with which the engine gives the value to `after`.
    #[must_use]
    pub fn token(self) -> Token {
        Token(u64::from_ne_bytes(u32_pair(self.attempts, self.ended.0)))
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
            // A program is not made again. Each of its calls can ask for RETRY.
            return Err(Status::INAPPLICABLE);
        }
        Ok(Plan { return_bytes_max: RetryValue::BYTES, may_run_inline: false, needs: Needs::RETRY })
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
