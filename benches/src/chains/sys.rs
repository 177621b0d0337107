//! Plain calls.
#![allow(unsafe_code, reason = "makes plain calls, for comparison")]

use std::ffi::CStr;
use std::mem::MaybeUninit;

fn checked(result: isize) -> Result<usize, String> {
    usize::try_from(result).map_err(|_| std::io::Error::last_os_error().to_string())
}

/// Opens a file.
pub(super) fn open(path: &CStr, flags: i32) -> Result<i32, String> {
    // SAFETY: the path ends with a NUL.
    let fd = unsafe { libc::openat(libc::AT_FDCWD, path.as_ptr(), flags) };
    if fd < 0 { Err(std::io::Error::last_os_error().to_string()) } else { Ok(fd) }
}

/// Asks for the size of an open file.
pub(super) fn size(fd: i32) -> Result<u64, String> {
    let mut about = MaybeUninit::<libc::statx>::zeroed();
    // SAFETY: the kernel writes one structure into the room for one.
    let asked =
        unsafe { libc::statx(fd, c"".as_ptr(), libc::AT_EMPTY_PATH, libc::STATX_SIZE, about.as_mut_ptr()) };
    checked(asked.try_into().unwrap_or(-1))?;
    // SAFETY: zeros are one, and the kernel has written over them.
    Ok(unsafe { about.assume_init() }.stx_size)
}

pub(super) fn read(fd: i32, into: &mut [u8]) -> Result<usize, String> {
    // SAFETY: the kernel writes no further than the slice reaches.
    checked(unsafe { libc::read(fd, into.as_mut_ptr().cast(), into.len()) })
}

pub(super) fn write(fd: i32, from: &[u8]) -> Result<usize, String> {
    // SAFETY: the kernel reads no further than the slice reaches.
    checked(unsafe { libc::write(fd, from.as_ptr().cast(), from.len()) })
}

/// Moves the file's own offset to its begin.
pub(super) fn rewind(fd: i32) -> Result<(), String> {
    // SAFETY: no memory.
    checked(unsafe { libc::lseek(fd, 0, libc::SEEK_SET) }.try_into().unwrap_or(-1)).map(drop)
}

pub(super) fn flock(fd: i32, operation: i32) -> Result<(), String> {
    // SAFETY: no memory.
    checked(unsafe { libc::flock(fd, operation) }.try_into().unwrap_or(-1)).map(drop)
}

/// Closes a file that its caller has opened.
pub(super) fn close(fd: i32) -> Result<(), String> {
    // SAFETY: nobody else has it.
    checked(unsafe { libc::close(fd) }.try_into().unwrap_or(-1)).map(drop)
}
