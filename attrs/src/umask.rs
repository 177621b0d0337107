//! UMASK: the permission bits that files made by the call do not get. The registry holds it.

use syslet_abi::AttributeId;

use crate::action::Action;
use crate::attribute::ChangesThread;
use crate::bytes::{known_part, u32_at};

/// The UMASK attribute. Its payload is a 32-bit mask, at most `0o777`. It has no value.
#[derive(Clone, Copy, Debug)]
pub struct Umask;

impl Umask {
    /// The payload.
    #[must_use]
    pub const fn payload(mask: u32) -> [u8; 4] {
        mask.to_ne_bytes()
    }
}

impl ChangesThread for Umask {
    const ID: AttributeId = AttributeId::UMASK;
    const NAME: &'static str = "umask";
    const ANSWERS: bool = false;

    fn read(payload: &[u8]) -> Option<Action> {
        let mask = u32_at(known_part(payload, 4).ok()?, 0).filter(|&mask| mask <= 0o777);
        mask.map(Action::SetUmask)
    }
}
