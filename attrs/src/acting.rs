//! What the attributes have in common that change the thread of their call.

use syslet_abi::Status;

use crate::attribute::{Needs, Plan, Token};

/// The plan of an attribute that acts and answers with so many bytes.
pub(crate) const fn plan(needs: Needs, return_bytes_max: usize) -> Plan {
    Plan { return_bytes_max, may_help: false, needs }
}

/// What was in force, as a 64-bit number.
pub(crate) fn answer(token: Token, value: &mut [u8]) -> (Status, usize) {
    value[..8].copy_from_slice(&token.0.to_ne_bytes());
    (Status::HANDLED, 8)
}
