//! UMASK: which permissions the files that the call makes do not get.

use syslet_abi::{AttributeId, Status};

use crate::acting;
use crate::action::Action;
use crate::attribute::{Attribute, CallFacts, Needs, Observed, Plan, Token};
use crate::field::u32_at;
use crate::payload::known_part;

/// The UMASK attribute. It is asked with a 32-bit mask, at most `0o777`.
#[derive(Clone, Copy, Debug)]
pub struct Umask;

impl Umask {
    /// What to ask with.
    #[must_use]
    pub const fn payload(mask: u32) -> [u8; 4] {
        mask.to_ne_bytes()
    }
}

fn read(payload: &[u8]) -> Option<u32> {
    u32_at(known_part(payload, 4).ok()?, 0).filter(|&mask| mask <= 0o777)
}

impl Attribute for Umask {
    fn id(&self) -> AttributeId {
        AttributeId::UMASK
    }

    fn name(&self) -> &'static str {
        "umask"
    }

    fn check(&self, payload: &[u8], _call: &CallFacts) -> Result<Plan, Status> {
        read(payload).ok_or(Status::INVALID)?;
        Ok(acting::plan(Needs::OWN_THREAD.with(Needs::OWN_FS), 0))
    }

    fn action(&self, payload: &[u8]) -> Option<Action> {
        read(payload).map(Action::SetUmask)
    }

    fn after(
        &self,
        _payload: &[u8],
        _token: Token,
        _observed: &Observed,
        _value: &mut [u8],
    ) -> (Status, usize) {
        (Status::HANDLED, 0)
    }
}
