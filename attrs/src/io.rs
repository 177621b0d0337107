//! IO: how many bytes of storage the kernel charged for the call.

use syslet_abi::{AttributeId, Status};

use crate::attribute::{Attribute, CallFacts, Needs, Observed, Plan, Token};
use crate::payload::known_part;
use crate::value::{put_words, word};

/// The IO attribute. It is asked with no payload.
#[derive(Clone, Copy, Debug)]
pub struct Io;

/// What IO returns, summed over all attempts at the call.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct IoValue {
    /// Bytes that the call asked of storage, read-ahead included.
    pub read_bytes: u64,
    /// Bytes of files that the call made dirty, or wrote past the cache. What is dirty is written later, if at all.
    pub written_bytes: u64,
}

impl IoValue {
    /// Size of the value in bytes: two 64-bit numbers.
    pub const BYTES: usize = 16;

    /// Reads a returned value. A longer one, of a later version, is accepted; a shorter one is none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<IoValue> {
        Some(IoValue { read_bytes: word(value, 0)?, written_bytes: word(value, 8)? })
    }
}

impl Attribute for Io {
    fn id(&self) -> AttributeId {
        AttributeId::IO
    }

    fn name(&self) -> &'static str {
        "io"
    }

    fn check(&self, payload: &[u8], _call: &CallFacts) -> Result<Plan, Status> {
        known_part(payload, 0)?;
        Ok(Plan { return_bytes_max: IoValue::BYTES, may_help: true, needs: Needs::RESOURCES })
    }

    fn after(
        &self,
        _payload: &[u8],
        _token: Token,
        observed: &Observed,
        value: &mut [u8],
    ) -> (Status, usize) {
        put_words(value, 0, &[observed.spent.read_bytes, observed.spent.written_bytes]);
        (Status::HANDLED, IoValue::BYTES)
    }
}
