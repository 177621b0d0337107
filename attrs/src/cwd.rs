//! CWD: the working directory of the call.

use syslet_abi::AttributeId;

use crate::acting::Acts;
use crate::action::Action;
use crate::field::u32_at;
use crate::payload::known_part;

/// The CWD attribute. It is asked with a 32-bit descriptor of a directory, which must be open until the call has begun.
#[derive(Clone, Copy, Debug)]
pub struct Cwd;

impl Cwd {
    /// What to ask with.
    #[must_use]
    pub const fn payload(fd: i32) -> [u8; 4] {
        fd.to_ne_bytes()
    }
}

fn read(payload: &[u8]) -> Option<i32> {
    let fd = u32_at(known_part(payload, 4).ok()?, 0)?.cast_signed();
    (fd >= 0).then_some(fd)
}

impl Acts for Cwd {
    const ID: AttributeId = AttributeId::CWD;
    const NAME: &'static str = "cwd";
    const ANSWERS: bool = false;

    fn read(payload: &[u8]) -> Option<Action> {
        read(payload).map(Action::ChangeDirectory)
    }
}
