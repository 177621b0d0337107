//! Priorities for storage, as IOPRIO is asked for them.

use crate::field::{pair, u32_at};
use crate::payload::known_part;

/// A class of storage priority, as the kernel numbers them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IoClass(pub u32);

impl IoClass {
    /// What follows from the nice value.
    pub const NONE: IoClass = IoClass(0);
    /// Before everybody.
    pub const REAL_TIME: IoClass = IoClass(1);
    /// The usual one.
    pub const BEST_EFFORT: IoClass = IoClass(2);
    /// When nobody else wants the device.
    pub const IDLE: IoClass = IoClass(3);

    /// All classes, with their names in lower case.
    pub const NAMED: [(&'static str, IoClass); 4] = [
        ("none", IoClass::NONE),
        ("real_time", IoClass::REAL_TIME),
        ("best_effort", IoClass::BEST_EFFORT),
        ("idle", IoClass::IDLE),
    ];
}

/// A class, and the level in it: 0 (first) to 7, and 0 where the class has none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IoPriority {
    /// The class.
    pub class: IoClass,
    /// The level.
    pub level: u32,
}

impl IoPriority {
    pub(crate) const CLASS_SHIFT: u32 = 13;
    pub(crate) const LEVELS: u32 = 7;

    /// What to ask with: two 32-bit numbers.
    #[must_use]
    pub fn payload(self) -> [u8; 8] {
        pair(self.class.0, self.level)
    }

    /// As the kernel writes it.
    #[must_use]
    pub const fn word(self) -> u32 {
        self.class.0 << IoPriority::CLASS_SHIFT | self.level
    }
}

pub(crate) fn read(payload: &[u8]) -> Option<IoPriority> {
    let payload = known_part(payload, 8).ok()?;
    let (class, level) = (IoClass(u32_at(payload, 0)?), u32_at(payload, 4)?);
    let is_known = IoClass::NAMED.iter().any(|(_, known)| *known == class);
    let has_levels = matches!(class, IoClass::REAL_TIME | IoClass::BEST_EFFORT);
    let fits = level == 0 || has_levels && level <= IoPriority::LEVELS;
    (is_known && fits).then_some(IoPriority { class, level })
}
