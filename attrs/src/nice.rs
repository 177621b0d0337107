//! NICE: the nice value of the thread, for this call.

use syslet_abi::AttributeId;

use crate::acting::Acts;
use crate::action::Action;
use crate::field::u32_at;
use crate::payload::known_part;

/// The NICE attribute. It is asked with a signed 32-bit number, from −20 (first) to 19 (last), and answers with the value
/// in force, as a signed 64-bit number.
#[derive(Clone, Copy, Debug)]
pub struct Nice;

impl Nice {
    /// What to ask with.
    #[must_use]
    pub const fn payload(nice: i32) -> [u8; 4] {
        nice.to_ne_bytes()
    }

    /// Reads a returned value.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<i64> {
        crate::field::u64_at(value, 0).map(u64::cast_signed)
    }
}

fn read(payload: &[u8]) -> Option<i32> {
    let nice = u32_at(known_part(payload, 4).ok()?, 0)?.cast_signed();
    (-20..=19).contains(&nice).then_some(nice)
}

impl Acts for Nice {
    const ID: AttributeId = AttributeId::NICE;
    const NAME: &'static str = "nice";
    const ANSWERS: bool = true;

    fn read(payload: &[u8]) -> Option<Action> {
        read(payload).map(Action::SetNice)
    }
}
