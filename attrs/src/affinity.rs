//! AFFINITY: the CPUs that the call may run on.

use syslet_abi::AttributeId;

use crate::acting::Acts;
use crate::action::Action;
use crate::cpu_mask::read;
use crate::field::u64_at;

/// The AFFINITY attribute. It is asked with [`CpuMask::payload`](crate::CpuMask::payload), and answers with the number of CPUs that the thread
/// could run on: those of the mask that the process may use, as a 64-bit number.
#[derive(Clone, Copy, Debug)]
pub struct Affinity;

impl Affinity {
    /// Reads a returned value.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<u64> {
        u64_at(value, 0)
    }
}

impl Acts for Affinity {
    const ID: AttributeId = AttributeId::AFFINITY;
    const NAME: &'static str = "affinity";
    const ANSWERS: bool = true;

    fn read(payload: &[u8]) -> Option<Action> {
        read(payload).map(Action::SetAffinity)
    }
}
