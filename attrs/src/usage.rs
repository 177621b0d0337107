//! USAGE: the processor time, page faults and switches of the call. The registry holds it.

use syslet_abi::{AttributeId, Status};

use crate::attribute::{Attribute, Plan, Token};
use crate::bytes::{known_part, put_u64s, u64_at};
use crate::needs::Needs;
use crate::observed::{CallFacts, Observed};

/// The USAGE attribute. It has no payload, and a [`UsageValue`].
#[derive(Clone, Copy, Debug)]
pub struct Usage;

/// The value of USAGE, summed over all attempts at the call.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct UsageValue {
    /// Time on the processor, in nanoseconds. It is not sampled.
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
    /// Bits; see [`UsageValue::SAMPLED`].
    pub flags: u64,
}

impl UsageValue {
    /// Size of the value in bytes: eight 64-bit numbers.
    pub const BYTES: usize = 64;
    /// The flag that the split of the time is sampled: `user_ns` and `system_ns` need not add up to `cpu_ns`, and are
    /// mostly zero for a short call.
    pub const SAMPLED: u64 = 1;

    /// Reads a returned value. A longer value, of a later version, is accepted; a shorter one is none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<UsageValue> {
        Some(UsageValue {
            cpu_ns: u64_at(value, 0)?,
            user_ns: u64_at(value, 8)?,
            system_ns: u64_at(value, 16)?,
            minor_faults: u64_at(value, 24)?,
            major_faults: u64_at(value, 32)?,
            voluntary_switches: u64_at(value, 40)?,
            involuntary_switches: u64_at(value, 48)?,
            flags: u64_at(value, 56)?,
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
        Ok(Plan { return_bytes_max: UsageValue::BYTES, may_run_inline: true, needs })
    }

    fn after(
        &self,
        _payload: &[u8],
        _token: Token,
        observed: &Observed,
        value: &mut [u8],
    ) -> (Status, usize) {
        let spent = &observed.spent;
        let numbers = [
            spent.cpu_ns,
            spent.user_ns,
            spent.system_ns,
            spent.minor_faults,
            spent.major_faults,
            spent.voluntary_switches,
            spent.involuntary_switches,
            UsageValue::SAMPLED,
        ];
        put_u64s(value, 0, &numbers);
        (Status::HANDLED, UsageValue::BYTES)
    }
}
