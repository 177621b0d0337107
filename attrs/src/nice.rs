//! NICE: the nice value of the thread for this call. The registry holds it.

use syslet_abi::AttributeId;

use crate::action::Action;
use crate::attribute::ChangesThread;
use crate::bytes::{known_part, u32_at, u64_at};

/// The NICE attribute. Its payload is a signed 32-bit number, from −20 (first) to 19 (last). Its value is the nice
/// value in force, as a signed 64-bit number.
#[derive(Clone, Copy, Debug)]
pub struct Nice;

impl Nice {
    /// The payload.
    #[must_use]
    pub const fn payload(nice: i32) -> [u8; 4] {
        nice.to_ne_bytes()
    }

    /// Reads a returned value. A longer value, of a later version, is accepted; a shorter one is none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<i64> {
        u64_at(value, 0).map(u64::cast_signed)
    }
}

impl ChangesThread for Nice {
    const ID: AttributeId = AttributeId::NICE;
    const NAME: &'static str = "nice";
    const ANSWERS: bool = true;

    fn read(payload: &[u8]) -> Option<Action> {
        let nice = u32_at(known_part(payload, 4).ok()?, 0)?.cast_signed();
        (-20..=19).contains(&nice).then_some(Action::SetNice(nice))
    }
}
