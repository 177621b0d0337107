//! CACHE: whether the data that the call asked for was in memory, and how that is known. The registry holds it.

use syslet_abi::{AttributeId, Status};

use crate::attribute::{Attribute, Plan, Token};
use crate::bytes::{known_part, put_u64s, u32_at};
use crate::needs::Needs;
use crate::observed::{CallFacts, Evidence, Nature, Observed};

/// The CACHE attribute, for calls that may read storage or act on mappings. It has no payload, and a [`CacheValue`].
#[derive(Clone, Copy, Debug)]
pub struct Cache;

/// The value of CACHE.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CacheValue {
    /// Whether the data was in memory.
    pub verdict: Verdict,
    /// How that is known.
    pub evidence: Evidence,
}

impl CacheValue {
    /// Size of the value in bytes: two 32-bit numbers.
    pub const BYTES: usize = 8;

    /// The value that follows from the evidence.
    #[must_use]
    pub fn of(evidence: Evidence) -> CacheValue {
        CacheValue { verdict: Verdict::of(evidence), evidence }
    }

    /// The value as one word.
    #[must_use]
    pub fn word(self) -> u64 {
        u64::from(self.verdict.0) | u64::from(self.evidence.0) << 32
    }

    /// Reads a returned value. A longer value, of a later version, is accepted; a shorter one is none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<CacheValue> {
        Some(CacheValue { verdict: Verdict(u32_at(value, 0)?), evidence: Evidence(u32_at(value, 4)?) })
    }
}

/// Whether the data that a call asked for was in memory.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Verdict(pub u32);

/// The number and its name.
impl core::fmt::Debug for Verdict {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Verdict({} {})", self.0, self.name())
    }
}

impl Verdict {
    /// All of it was.
    pub const HIT: Verdict = Verdict(1);
    /// A part of it was not, or nothing of it was.
    pub const MISS: Verdict = Verdict(2);
    /// The evidence does not tell.
    pub const UNKNOWN: Verdict = Verdict(3);

    /// The verdict that follows from the evidence.
    #[must_use]
    pub fn of(evidence: Evidence) -> Verdict {
        let has = |bits| evidence.contains(bits);
        let waited_for_input = has(Evidence::BLOCK_INPUT.with(Evidence::SLEPT));
        if has(Evidence::NONBLOCKING_SUCCEEDED) {
            Verdict::HIT
        } else if has(Evidence::NONBLOCKING_REFUSED.with(Evidence::STORAGE))
            || waited_for_input
            || has(Evidence::MAJOR_FAULTS)
        {
            Verdict::MISS
        } else if evidence.0 == Evidence::WATCHED.0 {
            Verdict::HIT
        } else {
            Verdict::UNKNOWN
        }
    }

    /// The name, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::HIT => "hit",
            Verdict::MISS => "miss",
            _ => "unknown",
        }
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
        Ok(Plan { return_bytes_max: CacheValue::BYTES, may_run_inline: true, needs: Needs::CACHE })
    }

    fn after(
        &self,
        _payload: &[u8],
        _token: Token,
        observed: &Observed,
        value: &mut [u8],
    ) -> (Status, usize) {
        // The buffer of a `read` may fault as well, which says nothing about the file.
        let acts_on_mappings = observed.call.nature.intersects(Nature::ACTS_ON_MAPPINGS);
        let evidence = observed
            .evidence
            .with_if(Evidence::BLOCK_INPUT, observed.spent.read_bytes > 0)
            .with_if(Evidence::MAJOR_FAULTS, acts_on_mappings && observed.spent.major_faults > 0)
            .with_if(Evidence::SLEPT, observed.spent.voluntary_switches > 0);
        put_u64s(value, 0, &[CacheValue::of(evidence).word()]);
        (Status::HANDLED, CacheValue::BYTES)
    }
}
