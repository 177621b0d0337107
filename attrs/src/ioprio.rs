//! IOPRIO: the priority of the thread for storage, for this call.

use syslet_abi::{AttributeId, Status};

use crate::acting;
use crate::action::Action;
use crate::attribute::{Attribute, CallFacts, Needs, Observed, Plan, Token};
use crate::field::{pair, u32_at, u64_at};
use crate::payload::known_part;

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
    const CLASS_SHIFT: u32 = 13;
    const LEVELS: u32 = 7;

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

fn read(payload: &[u8]) -> Option<IoPriority> {
    let payload = known_part(payload, 8).ok()?;
    let (class, level) = (IoClass(u32_at(payload, 0)?), u32_at(payload, 4)?);
    let is_known = IoClass::NAMED.iter().any(|(_, known)| *known == class);
    let has_levels = matches!(class, IoClass::REAL_TIME | IoClass::BEST_EFFORT);
    let fits = level == 0 || has_levels && level <= IoPriority::LEVELS;
    (is_known && fits).then_some(IoPriority { class, level })
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
