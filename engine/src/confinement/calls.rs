//! The calls by which a thread asks the kernel about itself, for the comparison: those without a safe form, and the answers of
//! a thread that has no /proc. `submitter`, `reference` and `proc` call them.
#![allow(unsafe_code, reason = "calls that no safe library has")]

use std::ffi::{CStr, c_int, c_long};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::sys::prctl;
use nix::unistd::{getresgid, getresuid};

/// The answers of these calls. Two threads with equal answers may do the same, except for facts that no call tells: a second
/// filter, the bounding and ambient sets, namespaces, a label, the umask.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Answers {
    /// Real, effective and saved user ids, then group ids.
    ids: [u32; 6],
    fs_ids: [u32; 2],
    groups: Vec<libc::gid_t>,
    capabilities: [u32; 6],
    no_new_privs: bool,
    seccomp: i64,
}

/// The last answers of a thread, and memory for the next.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    last: Answers,
    next: Answers,
}

impl Answers {
    /// Asks for the calling thread. The memory of earlier answers is used again.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn ask(&mut self) -> io::Result<()> {
        let (users, groups) = (getresuid()?, getresgid()?);
        let users = [users.real, users.effective, users.saved].map(nix::unistd::Uid::as_raw);
        let [a, b, c] = [groups.real, groups.effective, groups.saved].map(nix::unistd::Gid::as_raw);
        let [d, e, f] = users;
        self.ids = [a, b, c, d, e, f];
        self.fs_ids = fs_ids();
        supplementary_groups(&mut self.groups)?;
        self.capabilities = capabilities()?;
        self.no_new_privs = prctl::get_no_new_privs()?;
        self.seccomp = seccomp_mode()?;
        Ok(())
    }
}

impl Remembered {
    /// Asks for the calling thread, and remembers these answers from now on.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn ask(&mut self) -> io::Result<&Answers> {
        self.last.ask()?;
        Ok(&self.last)
    }

    /// Whether the calling thread has the answers that are remembered.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn are_still(&mut self) -> io::Result<bool> {
        self.next.ask()?;
        Ok(self.next == self.last)
    }
}

/// A table that two threads may share, by the number that kcmp has for it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Shared {
    /// The table of descriptors.
    Files = 2,
    /// Root, working directory and umask.
    Fs = 3,
}

/// Whether two threads of this process share the table.
pub(super) fn shares(one: i32, other: i32, table: Shared) -> io::Result<bool> {
    // SAFETY: takes no addresses.
    check(unsafe { libc::syscall(libc::SYS_kcmp, one, other, table as c_int, 0, 0) }).map(|order| order == 0)
}

/// The securebits of the calling thread.
pub(super) fn securebits() -> io::Result<c_long> {
    // SAFETY: takes no arguments and touches no memory.
    check(unsafe { libc::prctl(libc::PR_GET_SECUREBITS) }.into())
}

/// The calling thread's mode of seccomp; 0 where the kernel has none.
fn seccomp_mode() -> io::Result<c_long> {
    // SAFETY: takes no arguments and touches no memory. Under strict mode it kills, as nearly every call does.
    match check(unsafe { libc::prctl(libc::PR_GET_SECCOMP) }.into()) {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => Ok(0),
        mode => mode,
    }
}

/// The calling thread's capabilities: effective, permitted and inheritable, first the low words and then the high ones.
fn capabilities() -> io::Result<[u32; 6]> {
    const VERSION_3: u32 = 0x2008_0522;
    let (mut header, mut sets) = ([VERSION_3, 0], [0_u32; 6]);
    // SAFETY: the kernel reads the header and writes both arrays, which have the lengths of version 3.
    check(unsafe { libc::syscall(libc::SYS_capget, header.as_mut_ptr(), sets.as_mut_ptr()) })?;
    Ok(sets)
}

/// The user and group ids that the kernel checks the calling thread's file accesses with.
fn fs_ids() -> [u32; 2] {
    const NO_ID: libc::uid_t = libc::uid_t::MAX;
    // SAFETY: takes no address. The kernel has no such id, so the call changes nothing and returns the one in force.
    let user = unsafe { libc::setfsuid(NO_ID) };
    // SAFETY: as for the user.
    let group = unsafe { libc::setfsgid(NO_ID) };
    [user.cast_unsigned(), group.cast_unsigned()]
}

/// Puts the calling thread's supplementary groups in the place of the vector's.
fn supplementary_groups(groups: &mut Vec<libc::gid_t>) -> io::Result<()> {
    const FEW: usize = 64;
    loop {
        let room = c_int::try_from(groups.capacity().max(FEW)).unwrap_or(c_int::MAX);
        groups.resize(groups.capacity().max(FEW), 0);
        // SAFETY: the vector has `room` elements, which the kernel may write.
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

/// The target of a link in this directory, cut to the length of `text`.
pub(super) fn read_link<'a>(at: BorrowedFd<'_>, name: &CStr, text: &'a mut [u8]) -> io::Result<&'a [u8]> {
    // SAFETY: the name outlives the call, and the kernel writes at most `text.len()` bytes.
    let len = check(unsafe {
        libc::readlinkat(at.as_raw_fd(), name.as_ptr(), text.as_mut_ptr().cast(), text.len()) as c_long
    })?;
    Ok(&text[..usize::try_from(len).unwrap_or(0).min(text.len())])
}

/// The identity of a directory: mount, device and inode number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Place([u64; 3]);

/// The directory at a path, from this directory or from the calling thread's own.
pub(super) fn place(at: Option<BorrowedFd<'_>>, path: &CStr) -> io::Result<Place> {
    let at = at.map_or(libc::AT_FDCWD, |at| at.as_raw_fd());
    // SAFETY: zeroes are a valid statx.
    let mut found: libc::statx = unsafe { std::mem::zeroed() };
    // An empty path names the directory itself, and asks for no right to search it.
    let flags = libc::AT_STATX_DONT_SYNC | libc::AT_EMPTY_PATH;
    let mask = libc::STATX_INO | libc::STATX_MNT_ID;
    // SAFETY: the path outlives the call, and the kernel writes one statx.
    check(unsafe { libc::statx(at, path.as_ptr(), flags, mask, &raw mut found) }.into())?;
    let device = u64::from(found.stx_dev_major) << 32 | u64::from(found.stx_dev_minor);
    Ok(Place([found.stx_mnt_id, device, found.stx_ino]))
}

/// Root and working directory of the calling thread.
pub(super) fn places() -> io::Result<[Place; 2]> {
    Ok([place(None, c"/")?, place(None, c"")?])
}

fn check(result: c_long) -> io::Result<c_long> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
