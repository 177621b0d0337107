//! UMASK: which permissions the files that the call makes do not get.

use syslet_abi::AttributeId;

use crate::acting::Acts;
use crate::action::Action;
use crate::field::u32_at;
use crate::payload::known_part;

/// The UMASK attribute. It is asked with a 32-bit mask, at most `0o777`.
#[derive(Clone, Copy, Debug)]
pub struct Umask;

impl Umask {
    /// What to ask with.
    #[must_use]
    pub const fn payload(mask: u32) -> [u8; 4] {
        mask.to_ne_bytes()
    }
}

fn read(payload: &[u8]) -> Option<u32> {
    u32_at(known_part(payload, 4).ok()?, 0).filter(|&mask| mask <= 0o777)
}

impl Acts for Umask {
    const ID: AttributeId = AttributeId::UMASK;
    const NAME: &'static str = "umask";
    const ANSWERS: bool = false;

    fn read(payload: &[u8]) -> Option<Action> {
        read(payload).map(Action::SetUmask)
    }
}
