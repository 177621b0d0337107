//! IOPRIO: the priority of the thread for storage, for this call.

use syslet_abi::{AttributeId, Status};

use crate::acting;
use crate::action::Action;
use crate::attribute::{Attribute, CallFacts, Needs, Observed, Plan, Token};
use crate::field::u64_at;
use crate::io_priority::{IoClass, IoPriority, read};

/// The IOPRIO attribute. It is asked with [`IoPriority::payload`], and answers with the priority in force as the kernel
/// writes it (class in bits 13 to 15, level below), as a 64-bit number.
#[derive(Clone, Copy, Debug)]
pub struct Ioprio;

impl Ioprio {
    /// Reads a returned value.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<IoPriority> {
        let word = u32::try_from(u64_at(value, 0)?).ok()?;
        Some(IoPriority { class: IoClass(word >> IoPriority::CLASS_SHIFT), level: word & IoPriority::LEVELS })
    }
}

impl Attribute for Ioprio {
    fn id(&self) -> AttributeId {
        AttributeId::IOPRIO
    }

    fn name(&self) -> &'static str {
        "ioprio"
    }

    fn check(&self, payload: &[u8], _call: &CallFacts) -> Result<Plan, Status> {
        read(payload).ok_or(Status::INVALID)?;
        Ok(acting::plan(Needs::OWN_THREAD, 8))
    }

    fn action(&self, payload: &[u8]) -> Option<Action> {
        read(payload).map(Action::SetIoPriority)
    }

    fn after(
        &self,
        _payload: &[u8],
        token: Token,
        _observed: &Observed,
        value: &mut [u8],
    ) -> (Status, usize) {
        acting::answer(token, value)
    }
}
