//! IO: the bytes of storage with which the kernel charged the call. The registry holds it.

use syslet_abi::{AttributeId, Status};

use crate::attribute::{Attribute, Plan, Token};
use crate::bytes::{known_part, put_u64s, u64_at};
use crate::needs::Needs;
use crate::observed::{CallFacts, Observed};

/// The IO attribute. It has no payload, and an [`IoValue`].
#[derive(Clone, Copy, Debug)]
pub struct Io;

/// The value of IO, summed over all attempts at the call. The kernel counts in units of 512 bytes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct IoValue {
    /// Bytes that the call asked of storage, read-ahead included.
    pub read_bytes: u64,
    /// Bytes of files that the call made dirty, or wrote past the cache. Dirty bytes are written later, if at all.
    pub written_bytes: u64,
}

impl IoValue {
    /// Size of the value in bytes: two 64-bit numbers.
    pub const BYTES: usize = 16;

    /// Reads a returned value. A longer value, of a later version, is accepted; a shorter one is none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<IoValue> {
        Some(IoValue { read_bytes: u64_at(value, 0)?, written_bytes: u64_at(value, 8)? })
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
        Ok(Plan { return_bytes_max: IoValue::BYTES, may_run_inline: true, needs: Needs::RESOURCES })
    }

    fn after(
        &self,
        _payload: &[u8],
        _token: Token,
        observed: &Observed,
        value: &mut [u8],
    ) -> (Status, usize) {
        put_u64s(value, 0, &[observed.spent.read_bytes, observed.spent.written_bytes]);
        (Status::HANDLED, IoValue::BYTES)
    }
}
