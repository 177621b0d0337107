//! CHECKSUM: CRC-32C of the bytes that the call transferred, compared with what was expected.

use syslet_abi::{AttributeId, Status};

use crate::attribute::{Attribute, CallFacts, Nature, Needs, Observed, Plan, Token};
use crate::payload::known_part;
use crate::transferred::Transferred;
use crate::value::{half, put_halves, put_words, word};

/// The CHECKSUM attribute. It is asked with nothing, or with a [`ChecksumAsk`].
#[derive(Clone, Copy, Debug)]
pub struct Checksum;

/// What CHECKSUM may be asked with.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ChecksumAsk {
    /// What the checksum is to be, if anything.
    pub expected: Option<u32>,
}

/// What CHECKSUM returns.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ChecksumValue(pub Transferred);

impl ChecksumAsk {
    /// Size of the payload in bytes: two 32-bit numbers, flags and what is expected.
    pub const BYTES: usize = 8;
    /// The flag: a checksum is expected.
    const EXPECTED: u32 = 1;

    /// The payload that asks for it.
    #[must_use]
    pub fn payload(self) -> [u8; ChecksumAsk::BYTES] {
        let mut payload = [0; ChecksumAsk::BYTES];
        if let Some(expected) = self.expected {
            put_halves(&mut payload, 0, &[ChecksumAsk::EXPECTED, expected]);
        }
        payload
    }

    fn parse(payload: &[u8]) -> Result<ChecksumAsk, Status> {
        if payload.is_empty() {
            return Ok(ChecksumAsk::default());
        }
        let known = known_part(payload, ChecksumAsk::BYTES)?;
        match (half(known, 0), half(known, 4)) {
            (Some(0), Some(0)) => Ok(ChecksumAsk { expected: None }),
            (Some(ChecksumAsk::EXPECTED), expected) => Ok(ChecksumAsk { expected }),
            _ => Err(Status::INVALID),
        }
    }
}

impl ChecksumValue {
    /// Size of the value in bytes: a 64-bit number, a 32-bit number and 32 bits of zeros.
    pub const BYTES: usize = 16;

    /// Reads a returned value. A longer one, of a later version, is accepted; a shorter one is none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<ChecksumValue> {
        let (bytes, crc32c, _reserved) = (word(value, 0)?, half(value, 8)?, half(value, 12)?);
        Some(ChecksumValue(Transferred { bytes, crc32c }))
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
        Ok(Plan { return_bytes_max: ChecksumValue::BYTES, may_help: true, needs: Needs::BYTES })
    }

    fn after(&self, payload: &[u8], _token: Token, observed: &Observed, value: &mut [u8]) -> (Status, usize) {
        let (Some(transferred), Ok(ask)) = (observed.transferred, ChecksumAsk::parse(payload)) else {
            return (Status::UNAVAILABLE, 0);
        };
        put_words(value, 0, &[transferred.bytes]);
        put_halves(value, 8, &[transferred.crc32c, 0]);
        let is_as_expected = ask.expected.is_none_or(|expected| expected == transferred.crc32c);
        (if is_as_expected { Status::HANDLED } else { Status::MISMATCH }, ChecksumValue::BYTES)
    }
}
