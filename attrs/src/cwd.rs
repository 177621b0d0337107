//! CWD: the working directory of the call.

use syslet_abi::{AttributeId, Status};

use crate::acting;
use crate::action::Action;
use crate::attribute::{Attribute, CallFacts, Needs, Observed, Plan, Token};
use crate::field::u32_at;
use crate::payload::known_part;

/// The CWD attribute. It is asked with a 32-bit descriptor of a directory, which must be open until the call has begun.
#[derive(Clone, Copy, Debug)]
pub struct Cwd;

impl Cwd {
    /// What to ask with.
    #[must_use]
    pub const fn payload(fd: i32) -> [u8; 4] {
        fd.to_ne_bytes()
    }
}

fn read(payload: &[u8]) -> Option<i32> {
    let fd = u32_at(known_part(payload, 4).ok()?, 0)?.cast_signed();
    (fd >= 0).then_some(fd)
}

impl Attribute for Cwd {
    fn id(&self) -> AttributeId {
        AttributeId::CWD
    }

    fn name(&self) -> &'static str {
        "cwd"
    }

    fn check(&self, payload: &[u8], _call: &CallFacts) -> Result<Plan, Status> {
        read(payload).ok_or(Status::INVALID)?;
        Ok(acting::plan(Needs::OWN_THREAD.with(Needs::OWN_FS), 0))
    }

    fn action(&self, payload: &[u8]) -> Option<Action> {
        read(payload).map(Action::ChangeDirectory)
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
