//! Gives each call that carries a signal set a copy of the set without the internal signals. [`attempt`](super::attempt) asks it for
//! every call. Three signals are internal: the C library's two, and the one by which the engine interrupts workers. A mask that blocks
//! the C library's makes the application's next setuid wait for the call; a call that waits for them takes them from the library
//! (ENGINE-33).
//!
//! The kernel is asked whether the set can be read, so a bad address is an error of the call and no fault here.
#![allow(unsafe_code, reason = "reads the set that a call's arguments name")]

#[cfg(test)]
#[cfg(not(syslet_loom))]
mod tests;

use std::ffi::c_long;
use std::ptr;

use syslet_syscalls::{Narrowed, RawArgs, row};

use crate::nonblocking::is_readable;
use crate::sys::interrupt::internal;

/// Libc has no name for this call.
const IO_PGETEVENTS: c_long = if cfg!(target_arch = "x86_64") { 333 } else { 292 };
#[cfg(target_arch = "x86_64")]
const SIGNALFD: c_long = libc::SYS_signalfd;
/// aarch64 has no such call, and no call has that number.
#[cfg(not(target_arch = "x86_64"))]
const SIGNALFD: c_long = -1;

/// Where io_uring_enter has the address of a set, or of a structure of so many bytes if its flags say so.
const ENTER_ARG: usize = 4;
const ENTER_EXT_ARG: u64 = 1 << 3;
const ENTER_ARG_BYTES: u64 = 24;
/// The argument is an offset in memory that was registered before.
const ENTER_EXT_ARG_REG: u64 = 1 << 6;

/// Bytes of a signal set; the kernel refuses every other size.
const SET_BYTES: u64 = size_of::<u64>() as u64;
/// The part of a word that is a 32-bit size.
const LOW: u64 = u32::MAX as u64;

/// Where a call has its set.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    /// The address is one argument, the size another.
    Arguments { set: usize, size: usize },
    /// The argument is the address of words: first the address of the set, then its size.
    Packed(usize),
    /// io_uring_enter: as its flags say.
    Uring,
    /// rt_sigaction: the fourth word of a structure.
    Action,
}

impl Place {
    fn of(nr: u32) -> Option<Place> {
        let arguments = |set, size| Some(Place::Arguments { set, size });
        match c_long::from(nr) {
            libc::SYS_rt_sigsuspend => arguments(0, 1),
            libc::SYS_rt_sigtimedwait => arguments(0, 3),
            libc::SYS_rt_sigprocmask => arguments(1, 3),
            SIGNALFD | libc::SYS_signalfd4 => arguments(1, 2),
            libc::SYS_ppoll => arguments(3, 4),
            libc::SYS_epoll_pwait | libc::SYS_epoll_pwait2 => arguments(4, 5),
            libc::SYS_pselect6 | IO_PGETEVENTS => Some(Place::Packed(5)),
            libc::SYS_io_uring_enter => Some(Place::Uring),
            libc::SYS_rt_sigaction => Some(Place::Action),
            _ => None,
        }
    }
}

/// Numbers below which all calls that carry sets have theirs.
const NUMBERS: usize = 512;

/// A bit for each call that carries a set: every call looks here first.
static CARRIERS: [u64; NUMBERS / 64] = carriers();

#[allow(clippy::cast_possible_truncation, reason = "call numbers are small")]
const fn carriers() -> [u64; NUMBERS / 64] {
    let numbers = [
        libc::SYS_rt_sigsuspend,
        libc::SYS_rt_sigtimedwait,
        libc::SYS_rt_sigprocmask,
        SIGNALFD,
        libc::SYS_signalfd4,
        libc::SYS_ppoll,
        libc::SYS_epoll_pwait,
        libc::SYS_epoll_pwait2,
        libc::SYS_pselect6,
        IO_PGETEVENTS,
        libc::SYS_io_uring_enter,
        libc::SYS_rt_sigaction,
    ];
    let (mut bits, mut at) = ([0; NUMBERS / 64], 0);
    while at < numbers.len() {
        if numbers[at] >= 0 {
            let number = numbers[at].unsigned_abs() as usize;
            bits[number / 64] |= 1 << (number % 64);
        }
        at += 1;
    }
    bits
}

/// Whether the call carries a set.
#[inline(always)]
pub(crate) fn carries(nr: u32) -> bool {
    CARRIERS.get(nr as usize / 64).is_some_and(|word| word >> (nr % 64) & 1 != 0)
}

/// The arguments of a call, and its set without the internal signals.
#[derive(Debug)]
pub(crate) struct Cleared {
    args: RawArgs,
    /// The argument that is replaced, and the copy whose address replaces it.
    by: (usize, Copied),
    set: u64,
    /// The structure that the set is in, or whose first word is its address.
    words: [u64; 4],
}

/// The part of a call that is copied.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Copied {
    /// The set.
    Set,
    /// The set, and words of which the first is its address.
    Packed,
    /// Words of which one is the set.
    Whole,
}

/// The arguments with which the call is to be made. `None` leaves the call as it is: it carries no set, or one that the kernel is going to
/// refuse.
///
/// # Safety
/// Memory that the arguments name stays mapped, and no other thread writes it, until this returns. An argument may name memory that
/// is not mapped.
pub(crate) unsafe fn cleared(nr: u32, args: &RawArgs) -> Option<Cleared> {
    let place = Place::of(nr)?;
    let seen = row(nr)?.narrow(args);
    let mut words = [0; 4];
    let ([address, size], by) = match place.here(seen)? {
        Place::Arguments { set, size } => ([seen.get(set), seen.get(size)], (set, Copied::Set)),
        Place::Packed(at) => {
            // SAFETY: the caller promises that mapped memory which the arguments name stays, and is not written.
            words[..2].copy_from_slice(&unsafe { read::<2>(seen.get(at)) }?);
            ([words[0], words[1]], (at, Copied::Packed))
        }
        Place::Uring => {
            // SAFETY: the caller promises that mapped memory which the arguments name stays, and is not written.
            words[..3].copy_from_slice(&unsafe { read::<3>(seen.get(ENTER_ARG)) }?);
            ([words[0], words[1] & LOW], (ENTER_ARG, Copied::Packed))
        }
        Place::Action => {
            // SAFETY: the caller promises that mapped memory which the arguments name stays, and is not written.
            words = unsafe { read(seen.get(1)) }?;
            words[3] &= !internal();
            ([seen.get(1), seen.get(3)], (1, Copied::Whole))
        }
    };
    if size != SET_BYTES {
        return None;
    }
    // SAFETY: the caller promises that mapped memory which the arguments name stays, and is not written.
    let [set] = unsafe { read(address) }?;
    Some(Cleared { args: *args, by, set: set & !internal(), words })
}

impl Place {
    /// The place in a call with these arguments.
    fn here(self, seen: Narrowed<'_>) -> Option<Place> {
        if self != Place::Uring {
            return Some(self);
        }
        let flags = seen.get(3);
        match (flags & ENTER_EXT_ARG_REG != 0, flags & ENTER_EXT_ARG != 0) {
            (true, _) => None,
            (false, false) => Some(Place::Arguments { set: ENTER_ARG, size: ENTER_ARG + 1 }),
            (false, true) => (seen.get(ENTER_ARG + 1) == ENTER_ARG_BYTES).then_some(self),
        }
    }
}

impl Cleared {
    /// The arguments. They point into `self`, which must stay where it is, and unused, until the call is over.
    pub(crate) fn args(&mut self) -> RawArgs {
        let (at, copied) = self.by;
        if copied == Copied::Packed {
            self.words[0] = address(&self.set);
        }
        let place = if copied == Copied::Set { address(&self.set) } else { address(&self.words) };
        self.args.with(at, place)
    }
}

fn address<T>(of: &T) -> u64 {
    ptr::from_ref(of).expose_provenance() as u64
}

/// `N` words from an address that may be anything.
///
/// # Safety
/// As for [`cleared`].
unsafe fn read<const N: usize>(at: u64) -> Option<[u64; N]> {
    let last = at.checked_add(8 * (N as u64 - 1))?;
    // Most calls that could bring a set bring none.
    if at == 0 || !is_readable(at) || !is_readable(last) {
        return None;
    }
    let words: *const [u64; N] = ptr::with_exposed_provenance(usize::try_from(at).ok()?);
    // SAFETY: they are shorter than a page, and the kernel has just said that both ends can be read; the caller says that
    // they stay.
    Some(unsafe { words.read_unaligned() })
}
