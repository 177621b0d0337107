//! What a thread asks the kernel about itself and has no safe form. Each answers with the kernel's error.
#![allow(unsafe_code, reason = "calls that no safe library has")]

use std::ffi::{CStr, c_int, c_long};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// What two threads may share, as kcmp numbers it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Shared {
    /// The table of descriptors.
    Files = 2,
    /// Root, working directory and umask.
    Fs = 3,
}

/// Whether two threads of this process share it.
pub(crate) fn shares(one: i32, other: i32, what: Shared) -> io::Result<bool> {
    // SAFETY: takes no addresses.
    check(unsafe { libc::syscall(libc::SYS_kcmp, one, other, what as c_int, 0, 0) }).map(|order| order == 0)
}

/// The securebits of the calling thread.
pub(crate) fn securebits() -> io::Result<c_long> {
    // SAFETY: takes no arguments and touches no memory.
    check(unsafe { libc::prctl(libc::PR_GET_SECUREBITS) }.into())
}

/// The calling thread's mode of seccomp; 0 where the kernel has none.
pub(crate) fn seccomp_mode() -> io::Result<c_long> {
    // SAFETY: takes no arguments and touches no memory. Under strict mode it kills, as anything else would.
    match check(unsafe { libc::prctl(libc::PR_GET_SECCOMP) }.into()) {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => Ok(0),
        mode => mode,
    }
}

/// The calling thread's capabilities: effective, permitted, inheritable, low words and then high words.
pub(crate) fn capabilities() -> io::Result<[u32; 6]> {
    const VERSION_3: u32 = 0x2008_0522;
    let (mut header, mut sets) = ([VERSION_3, 0], [0_u32; 6]);
    // SAFETY: the kernel reads and writes both, as long as version 3 says.
    check(unsafe { libc::syscall(libc::SYS_capget, header.as_mut_ptr(), sets.as_mut_ptr()) })?;
    Ok(sets)
}

/// The ids that the calling thread's accesses to files are checked with: user and group.
pub(crate) fn fs_ids() -> [u32; 2] {
    const NO_ID: libc::uid_t = libc::uid_t::MAX;
    // SAFETY: takes no address; this id is none, so it only tells the one in force.
    let user = unsafe { libc::setfsuid(NO_ID) };
    // SAFETY: the same.
    let group = unsafe { libc::setfsgid(NO_ID) };
    [user.cast_unsigned(), group.cast_unsigned()]
}

/// The calling thread's supplementary groups, in the place of those that stand there.
pub(crate) fn groups(groups: &mut Vec<libc::gid_t>) -> io::Result<()> {
    const FEW: usize = 64;
    loop {
        let room = c_int::try_from(groups.capacity().max(FEW)).unwrap_or(c_int::MAX);
        groups.resize(groups.capacity().max(FEW), 0);
        // SAFETY: there is room for so many.
        match check(unsafe { libc::getgroups(room, groups.as_mut_ptr()) }.into()) {
            Ok(count) => {
                groups.truncate(usize::try_from(count).unwrap_or(0));
                return Ok(());
            }
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => groups.reserve(2 * groups.len()),
            Err(error) => return Err(error),
        }
    }
}

/// Where a link leads that stands in this directory: what is written there, at most `text` bytes.
pub(crate) fn read_link<'a>(at: BorrowedFd<'_>, name: &CStr, text: &'a mut [u8]) -> io::Result<&'a [u8]> {
    // SAFETY: the name outlives the call, and the kernel writes no more than there is room for.
    let len = check(unsafe {
        libc::readlinkat(at.as_raw_fd(), name.as_ptr(), text.as_mut_ptr().cast(), text.len()) as c_long
    })?;
    Ok(&text[..usize::try_from(len).unwrap_or(0).min(text.len())])
}

/// A directory that a path leads to: its mount, device and number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Place([u64; 3]);

/// The directory at a path, from this directory or from the calling thread's own.
pub(crate) fn place(at: Option<BorrowedFd<'_>>, path: &CStr) -> io::Result<Place> {
    let at = at.map_or(libc::AT_FDCWD, |at| at.as_raw_fd());
    // SAFETY: zeroes are a valid statx.
    let mut found: libc::statx = unsafe { std::mem::zeroed() };
    // An empty path is the directory itself, which need not be searched for that.
    let flags = libc::AT_STATX_DONT_SYNC | libc::AT_EMPTY_PATH;
    let mask = libc::STATX_INO | libc::STATX_MNT_ID;
    // SAFETY: the path outlives the call, and the kernel writes one statx.
    check(unsafe { libc::statx(at, path.as_ptr(), flags, mask, &raw mut found) }.into())?;
    let device = u64::from(found.stx_dev_major) << 32 | u64::from(found.stx_dev_minor);
    Ok(Place([found.stx_mnt_id, device, found.stx_ino]))
}

/// Root and working directory of the calling thread.
pub(crate) fn places() -> io::Result<[Place; 2]> {
    Ok([place(None, c"/")?, place(None, c"")?])
}

fn check(result: c_long) -> io::Result<c_long> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
