//! IOPRIO: the priority of the thread for storage, for this call. The registry holds it; [`IoPriority`] is its payload.

use syslet_abi::AttributeId;

use crate::action::{Action, IoClass, IoPriority};
use crate::attribute::ChangesThread;
use crate::bytes::{known_part, u32_at, u32_pair, u64_at};

/// The IOPRIO attribute. Its payload is an [`IoPriority::payload`]. Its value is the [`IoPriority::word`] in force,
/// as a 64-bit number.
#[derive(Clone, Copy, Debug)]
pub struct Ioprio;

impl Ioprio {
    /// Reads a returned value. A longer value, of a later version, is accepted; a shorter one is none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<IoPriority> {
        let word = u32::try_from(u64_at(value, 0)?).ok()?;
        let level = word & IoPriority::LEVEL_MAX;
        Some(IoPriority { class: IoClass(word >> IoPriority::CLASS_SHIFT), level })
    }
}

impl IoPriority {
    /// Size of the payload in bytes: two 32-bit numbers.
    const BYTES: usize = 8;

    /// The payload of IOPRIO: class and level.
    #[must_use]
    pub fn payload(self) -> [u8; 8] {
        u32_pair(self.class.0, self.level)
    }

    /// Reads a payload: a class that has a name, and a level that the class has.
    fn parse(payload: &[u8]) -> Option<IoPriority> {
        let payload = known_part(payload, IoPriority::BYTES).ok()?;
        let (class, level) = (IoClass(u32_at(payload, 0)?), u32_at(payload, 4)?);
        let is_known = IoClass::NAMED.iter().any(|(_, known)| *known == class);
        let has_levels = matches!(class, IoClass::REAL_TIME | IoClass::BEST_EFFORT);
        let fits = level == 0 || has_levels && level <= IoPriority::LEVEL_MAX;
        (is_known && fits).then_some(IoPriority { class, level })
    }
}

impl ChangesThread for Ioprio {
    const ID: AttributeId = AttributeId::IOPRIO;
    const NAME: &'static str = "ioprio";
    const ANSWERS: bool = true;

    fn read(payload: &[u8]) -> Option<Action> {
        IoPriority::parse(payload).map(Action::SetIoPriority)
    }
}
