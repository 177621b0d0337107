//! Plain calls into memory that ends where a page begins that nobody may touch.
#![allow(unsafe_code, reason = "makes plain calls with addresses, some of them short of what the call wants")]

use std::num::NonZeroUsize;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr::NonNull;

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, mprotect, munmap};

const PAGE: usize = 4096;
/// Bytes before the page that cannot be touched.
pub(super) const ROOM: usize = PAGE;

/// Memory in front of a page that cannot be touched.
pub(super) struct Guarded(NonNull<u8>);

impl Guarded {
    pub(super) fn new() -> Guarded {
        let len = NonZeroUsize::new(ROOM + PAGE).expect("not zero");
        // SAFETY: a new mapping, wherever the kernel puts it.
        let base = unsafe {
            mmap_anonymous(None, len, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_PRIVATE)
        };
        let base = base.expect("there is memory").cast::<u8>();
        // SAFETY: its last page lies inside the mapping.
        let guard = unsafe { base.add(ROOM) };
        // SAFETY: nobody has been told of that page.
        unsafe { mprotect(guard.cast(), PAGE, ProtFlags::PROT_NONE) }.expect("a page of our own");
        Guarded(base)
    }

    /// The address of the last `len` bytes.
    pub(super) fn last(&self, len: usize) -> u64 {
        self.0.as_ptr().expose_provenance() as u64 + (ROOM - len) as u64
    }

    /// All of it.
    pub(super) fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the mapping is this value's own, and no call is under way.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_ptr(), ROOM) }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: all of the mapping, of which nobody else knows.
        unsafe { munmap(self.0.cast(), ROOM + PAGE) }.expect("it was mapped");
    }
}

/// Makes the call; gives its result, or an error number below zero.
pub(super) fn call(nr: i64, args: [u64; 5]) -> i64 {
    let [a, b, c, d, e] = args;
    // SAFETY: the tests pass numbers, and addresses of a `Guarded` or of words of their own.
    let result = unsafe { libc::syscall(nr, a, b, c, d, e) };
    if result >= 0 { result } else { -i64::from(std::io::Error::last_os_error().raw_os_error().unwrap_or(0)) }
}

fn word(number: i32) -> u64 {
    i64::from(number).cast_unsigned()
}

/// getsockopt; gives the result and the length that it left.
pub(super) fn get(fd: &OwnedFd, option: [i32; 2], at: u64, len: u32) -> (i64, u32) {
    let mut len = len;
    let len_at = (&raw mut len).expose_provenance() as u64;
    let result =
        call(libc::SYS_getsockopt, [word(fd.as_raw_fd()), word(option[0]), word(option[1]), at, len_at]);
    (result, len)
}

/// setsockopt.
pub(super) fn set(fd: &OwnedFd, option: [i32; 2], at: u64, len: u32) -> i64 {
    call(libc::SYS_setsockopt, [word(fd.as_raw_fd()), word(option[0]), word(option[1]), at, len.into()])
}

/// ioctl, or another call of a descriptor, a command and an argument.
pub(super) fn control(nr: i64, fd: i32, command: u32, arg: u64) -> i64 {
    call(nr, [word(fd), command.into(), arg, 0, 0])
}

/// A descriptor that a call has made.
pub(super) fn adopt(result: i64) -> Option<OwnedFd> {
    let fd = i32::try_from(result).ok().filter(|fd| *fd >= 0)?;
    // SAFETY: the call has just made it, and nobody else knows it.
    Some(unsafe { OwnedFd::from_raw_fd(fd) })
}
