//! USAGE: what the call cost in processor time, faults and switches.

use syslet_abi::{AttributeId, Status};

use crate::attribute::{Attribute, CallFacts, Needs, Observed, Plan, Token};
use crate::payload::known_part;
use crate::value::{put_words, word};

/// The USAGE attribute. It is asked with no payload.
#[derive(Clone, Copy, Debug)]
pub struct Usage;

/// What USAGE returns, summed over all attempts at the call.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct UsageValue {
    /// Time on the processor, in nanoseconds, as the scheduler knows it.
    pub cpu_ns: u64,
    /// The part in user mode, in nanoseconds.
    pub user_ns: u64,
    /// The part in the kernel, in nanoseconds.
    pub system_ns: u64,
    /// Page faults that needed no storage.
    pub minor_faults: u64,
    /// Page faults that waited for storage.
    pub major_faults: u64,
    /// How often the thread gave up the processor to wait.
    pub voluntary_switches: u64,
    /// How often the processor was taken from it.
    pub involuntary_switches: u64,
    /// See [`UsageValue::SAMPLED`].
    pub flags: u64,
}

impl UsageValue {
    /// Size of the value in bytes: eight 64-bit numbers.
    pub const BYTES: usize = 64;
    /// How the time splits into user and system time is sampled: the two need not add up to `cpu_ns`, and a short
    /// call's are mostly zero.
    pub const SAMPLED: u64 = 1;

    /// Reads a returned value. A longer one, of a later version, is accepted; a shorter one is none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<UsageValue> {
        Some(UsageValue {
            cpu_ns: word(value, 0)?,
            user_ns: word(value, 8)?,
            system_ns: word(value, 16)?,
            minor_faults: word(value, 24)?,
            major_faults: word(value, 32)?,
            voluntary_switches: word(value, 40)?,
            involuntary_switches: word(value, 48)?,
            flags: word(value, 56)?,
        })
    }
}

impl Attribute for Usage {
    fn id(&self) -> AttributeId {
        AttributeId::USAGE
    }

    fn name(&self) -> &'static str {
        "usage"
    }

    fn check(&self, payload: &[u8], _call: &CallFacts) -> Result<Plan, Status> {
        known_part(payload, 0)?;
        let needs = Needs::CPU.with(Needs::RESOURCES);
        Ok(Plan { return_bytes_max: UsageValue::BYTES, may_help: true, needs })
    }

    fn after(
        &self,
        _payload: &[u8],
        _token: Token,
        observed: &Observed,
        value: &mut [u8],
    ) -> (Status, usize) {
        let spent = &observed.spent;
        let words = [
            spent.cpu_ns,
            spent.user_ns,
            spent.system_ns,
            spent.minor_faults,
            spent.major_faults,
            spent.voluntary_switches,
            spent.involuntary_switches,
            UsageValue::SAMPLED,
        ];
        put_words(value, 0, &words);
        (Status::HANDLED, UsageValue::BYTES)
    }
}
