//! Asks the running kernel which operations its io_uring has. The ring that answers is the smallest, and is closed.
#![allow(unsafe_code, reason = "no safe library has io_uring_setup and io_uring_register")]

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// IORING_REGISTER_PROBE.
const REGISTER_PROBE: libc::c_long = 8;
/// The most operations that can be asked about at once.
const OPERATIONS_MAX: usize = 256;
/// IO_URING_OP_SUPPORTED.
const SUPPORTED: u16 = 1;
/// `struct io_uring_params`, in words.
const PARAMS_WORDS: usize = 15;

/// `struct io_uring_probe_op`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Operation {
    code: u8,
    reserved: u8,
    flags: u16,
    reserved_too: u32,
}

/// `struct io_uring_probe` with room for the answer.
#[repr(C)]
struct Probe {
    last: u8,
    count: u8,
    reserved: [u16; 7],
    operations: [Operation; OPERATIONS_MAX],
}

/// The numbers of the operations; an errno where io_uring is switched off, forbidden or missing.
pub(super) fn supported() -> Result<Vec<u8>, i32> {
    let ring = ring()?;
    let none = Operation { code: 0, reserved: 0, flags: 0, reserved_too: 0 };
    let mut probe = Probe { last: 0, count: 0, reserved: [0; 7], operations: [none; OPERATIONS_MAX] };
    // SAFETY: the kernel writes a header and at most so many operations, for which there is room.
    let result = unsafe {
        libc::syscall(
            libc::SYS_io_uring_register,
            ring.as_raw_fd(),
            REGISTER_PROBE,
            &raw mut probe,
            OPERATIONS_MAX,
        )
    };
    if result < 0 {
        return Err(last_errno());
    }
    let answered = probe.operations.iter().take(usize::from(probe.count));
    Ok(answered
        .filter(|operation| operation.flags & SUPPORTED != 0)
        .map(|operation| operation.code)
        .collect())
}

fn ring() -> Result<OwnedFd, i32> {
    let mut params = [0_u64; PARAMS_WORDS];
    // SAFETY: the kernel reads and writes 120 bytes of parameters.
    let result = unsafe { libc::syscall(libc::SYS_io_uring_setup, 1, params.as_mut_ptr()) };
    let fd = libc::c_int::try_from(result).ok().filter(|fd| *fd >= 0).ok_or_else(last_errno)?;
    // SAFETY: the call has just made it, so this is its only owner.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn last_errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::ENOSYS)
}
