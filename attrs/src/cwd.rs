//! CWD: the working directory of the call. The registry holds it.

use syslet_abi::AttributeId;

use crate::action::Action;
use crate::attribute::ChangesThread;
use crate::bytes::{known_part, u32_at};

/// The CWD attribute. Its payload is the descriptor of a directory, a signed 32-bit number that is not negative. The
/// descriptor must stay open until the call has begun. The attribute has no value.
#[derive(Clone, Copy, Debug)]
pub struct Cwd;

impl Cwd {
    /// The payload.
    #[must_use]
    pub const fn payload(fd: i32) -> [u8; 4] {
        fd.to_ne_bytes()
    }
}

impl ChangesThread for Cwd {
    const ID: AttributeId = AttributeId::CWD;
    const NAME: &'static str = "cwd";
    const ANSWERS: bool = false;

    fn read(payload: &[u8]) -> Option<Action> {
        let fd = u32_at(known_part(payload, 4).ok()?, 0)?.cast_signed();
        (fd >= 0).then_some(Action::ChangeDirectory(fd))
    }
}
