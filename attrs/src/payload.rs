//! How payloads grow: a later version adds fields at the end, an earlier engine accepts them while they are zero.

use syslet_abi::Status;

/// The first `known` bytes of a payload.
///
/// # Errors
/// INVALID, when the payload is shorter, or longer with anything but zeros in the part not known.
pub fn known_part(payload: &[u8], known: usize) -> Result<&[u8], Status> {
    match payload.split_at_checked(known) {
        Some((head, tail)) if tail.iter().all(|&byte| byte == 0) => Ok(head),
        _ => Err(Status::INVALID),
    }
}
