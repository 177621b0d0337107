//! CHECKSUM: the CRC-32C of the bytes that the call moved, compared with an expected one. The registry holds it.

use syslet_abi::{AttributeId, Status};

use crate::attribute::{Attribute, Plan, Token};
use crate::bytes::{known_part, put_u32s, u32_at, u64_and_u32, u64_at};
use crate::needs::Needs;
use crate::observed::{CallFacts, Nature, Observed, Transferred};

/// The CHECKSUM attribute, for calls that move bytes. Its payload is empty or a [`ChecksumAsk`], its value a
/// [`ChecksumValue`].
#[derive(Clone, Copy, Debug)]
pub struct Checksum;

/// The payload of CHECKSUM. An empty payload means the same as no expectation.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ChecksumAsk {
    /// The CRC-32C that is expected, if any. A call with another one gets MISMATCH.
    pub expected: Option<u32>,
}

/// The value of CHECKSUM.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ChecksumValue(pub Transferred);

impl ChecksumAsk {
    /// Size of the payload in bytes: two 32-bit numbers, flags and the expected checksum.
    pub const BYTES: usize = 8;
    /// The flag that a checksum is expected.
    const EXPECTED: u32 = 1;

    /// The payload.
    #[must_use]
    pub fn payload(self) -> [u8; ChecksumAsk::BYTES] {
        let mut payload = [0; ChecksumAsk::BYTES];
        if let Some(expected) = self.expected {
            put_u32s(&mut payload, 0, &[ChecksumAsk::EXPECTED, expected]);
        }
        payload
    }

    fn parse(payload: &[u8]) -> Result<ChecksumAsk, Status> {
        if payload.is_empty() {
            return Ok(ChecksumAsk::default());
        }
        let known = known_part(payload, ChecksumAsk::BYTES)?;
        match (u32_at(known, 0), u32_at(known, 4)) {
            (Some(0), Some(0)) => Ok(ChecksumAsk { expected: None }),
            (Some(ChecksumAsk::EXPECTED), expected) => Ok(ChecksumAsk { expected }),
            _ => Err(Status::INVALID),
        }
    }
}

impl ChecksumValue {
    /// Size of the value in bytes: a 64-bit number, a 32-bit number and four zeros.
    pub const BYTES: usize = 16;

    /// Reads a returned value. A longer value, of a later version, is accepted; a shorter one is none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<ChecksumValue> {
        value.get(..ChecksumValue::BYTES)?;
        Some(ChecksumValue(Transferred { bytes: u64_at(value, 0)?, crc32c: u32_at(value, 8)? }))
    }
}

impl Attribute for Checksum {
    fn id(&self) -> AttributeId {
        AttributeId::CHECKSUM
    }

    fn name(&self) -> &'static str {
        "checksum"
    }

    fn check(&self, payload: &[u8], call: &CallFacts) -> Result<Plan, Status> {
        ChecksumAsk::parse(payload)?;
        if !call.nature.intersects(Nature::TRANSFERS) {
            return Err(Status::INAPPLICABLE);
        }
        Ok(Plan { return_bytes_max: ChecksumValue::BYTES, may_run_inline: true, needs: Needs::BYTES })
    }

    fn after(&self, payload: &[u8], _token: Token, observed: &Observed, value: &mut [u8]) -> (Status, usize) {
        let (Some(transferred), Ok(ask)) = (observed.transferred, ChecksumAsk::parse(payload)) else {
            return (Status::UNAVAILABLE, 0);
        };
        value[..ChecksumValue::BYTES].copy_from_slice(&u64_and_u32(transferred.bytes, transferred.crc32c));
        let is_as_expected = ask.expected.is_none_or(|expected| expected == transferred.crc32c);
        (if is_as_expected { Status::HANDLED } else { Status::MISMATCH }, ChecksumValue::BYTES)
    }
}
