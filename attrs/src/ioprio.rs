//! IOPRIO: the priority of the thread for storage, for this call.

use syslet_abi::AttributeId;

use crate::acting::Acts;
use crate::action::Action;
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

impl Acts for Ioprio {
    const ID: AttributeId = AttributeId::IOPRIO;
    const NAME: &'static str = "ioprio";
    const ANSWERS: bool = true;

    fn read(payload: &[u8]) -> Option<Action> {
        read(payload).map(Action::SetIoPriority)
    }
}
