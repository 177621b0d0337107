//! CACHE: whether what the call asked for was in memory, and how that is known.

use syslet_abi::{AttributeId, Status};

use crate::attribute::{Attribute, CallFacts, Nature, Needs, Observed, Plan, Token};
use crate::evidence::{Evidence, Verdict};
use crate::payload::known_part;
use crate::value::{half, put_halves};

/// The CACHE attribute. It is asked with no payload, of calls that may read storage.
#[derive(Clone, Copy, Debug)]
pub struct Cache;

/// What CACHE returns.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CacheValue {
    /// Whether it was in memory.
    pub verdict: Verdict,
    /// How that is known.
    pub evidence: Evidence,
}

impl CacheValue {
    /// Size of the value in bytes: two 32-bit numbers.
    pub const BYTES: usize = 8;

    /// Reads a returned value. A longer one, of a later version, is accepted; a shorter one is none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<CacheValue> {
        Some(CacheValue { verdict: Verdict(half(value, 0)?), evidence: Evidence(half(value, 4)?) })
    }
}

impl Attribute for Cache {
    fn id(&self) -> AttributeId {
        AttributeId::CACHE
    }

    fn name(&self) -> &'static str {
        "cache"
    }

    fn check(&self, payload: &[u8], call: &CallFacts) -> Result<Plan, Status> {
        known_part(payload, 0)?;
        if !call.nature.intersects(Nature::READS_STORAGE.with(Nature::ACTS_ON_MAPPINGS)) {
            return Err(Status::INAPPLICABLE);
        }
        Ok(Plan { return_bytes_max: CacheValue::BYTES, may_help: true, needs: Needs::CACHE })
    }

    fn after(
        &self,
        _payload: &[u8],
        _token: Token,
        observed: &Observed,
        value: &mut [u8],
    ) -> (Status, usize) {
        let acts_on_mappings = observed.call.nature.intersects(Nature::ACTS_ON_MAPPINGS);
        let evidence = observed
            .evidence
            .with_if(Evidence::BLOCK_INPUT, observed.spent.read_bytes > 0)
            .with_if(Evidence::MAJOR_FAULTS, acts_on_mappings && observed.spent.major_faults > 0)
            .with_if(Evidence::SLEPT, observed.spent.voluntary_switches > 0);
        put_halves(value, 0, &[Verdict::of(evidence).0, evidence.0]);
        (Status::HANDLED, CacheValue::BYTES)
    }
}
